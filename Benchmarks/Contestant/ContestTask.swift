import FoundationEssentials
import Perceptron

/// The task of all contestants: a network with its initial parameters, the data, and the order of the samples.
package struct ContestTask {
  /// The content of `workload.json`.
  package struct Workload: Decodable {
    package enum Precision: String, Decodable { case float, double }

    package let sizes: [Int]
    package let batch: Int
    package let activation: String
    package let output: String
    package let loss: String
    package let optimizer: String
    package let learningRate: Double
    package let samples: Int
    package let precision: Precision
    /// The bins of each input, evenly spaced from −2.5 to 2.5; 0 if inputs are not encoded.
    package let bins: Int
  }

  package let workload: Workload
  private let directory: URL

  package init(directory: String) throws {
    self.directory = URL(filePath: directory)
    workload = try JSONDecoder().decode(
      Workload.self, from: Data(contentsOf: self.directory.appending(path: "workload.json")))
  }

  /// The encoding of the inputs in bins; nil for none.
  private var embedding: Embedding? {
    let (inputs, bins) = (workload.sizes[0], workload.bins)
    guard bins > 0 else { return nil }
    let edges = (0...bins).map { 5 * Double($0) / Double(bins) - 2.5 }
    return Embedding(
      inputs, numbers: Array(0..<inputs), encoding: .pieces(edges: Array(repeating: edges, count: inputs)))
  }

  package func network<Scalar: BLASScalar>(_: Scalar.Type) throws -> Network<Scalar> {
    guard let hidden = Activation(rawValue: workload.activation), let output = Activation(rawValue: workload.output)
    else { throw ContestError("unknown activation \(workload.activation) or \(workload.output)") }
    let sizes = [embedding?.outputSize ?? workload.sizes[0]] + workload.sizes.dropFirst()
    var network = Network<Scalar>(.chain(sizes, hidden: hidden, output: output), embedding: embedding)
    for (index, layer) in network.layers.enumerated() {
      network[layer: index, .weights] = try matrix("weights\(index + 1).f32", layer.outputSize, layer.inputSize)
      network[layer: index, .bias] = try matrix("bias\(index + 1).f32", layer.outputSize, 1)
    }
    return network
  }

  package var loss: Loss {
    get throws {
      switch workload.loss {
      case "meanSquaredError": return .meanSquaredError
      case "binaryCrossEntropy": return .binaryCrossEntropy
      case "crossEntropy": return .crossEntropy
      default: throw ContestError("unknown loss \(workload.loss)")
      }
    }
  }

  package func matrix<Scalar: BLASScalar>(_ name: String, _ rows: Int, _ columns: Int) throws -> Matrix<Scalar> {
    var matrix = Matrix<Scalar>(rows: rows, columns: columns)
    let file = try content(name, bytes: 4 * rows * columns)
    matrix.withMutableSpan { elements in
      file.withUnsafeBytes { bytes in
        for (index, value) in bytes.bindMemory(to: Float.self).enumerated() { elements[index] = Scalar(value) }
      }
    }
    return matrix
  }

  package func numbers<Number: BitwiseCopyable>(_ name: String, of: Number.Type, _ count: Int) throws -> [Number] {
    try content(name, bytes: 4 * count).withUnsafeBytes { Array($0.bindMemory(to: Number.self)) }
  }

  /// The bytes of a file. The file is mapped, so that its bytes do not count twice as memory in use.
  private func content(_ name: String, bytes: Int) throws -> Data {
    let data = try Data(contentsOf: directory.appending(path: name), options: .alwaysMapped)
    guard data.count == bytes else { throw ContestError("\(name) holds \(data.count) bytes, not \(bytes)") }
    return data
  }
}
