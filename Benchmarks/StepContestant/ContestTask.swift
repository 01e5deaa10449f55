import Foundation
import NaiveLoops
import Perceptron
import StepBenchmark

/// What all contestants are given: a network with its first parameters, data, and the order of the samples.
struct ContestTask {
  /// The content of `workload.json`.
  struct Workload: Decodable {
    enum Precision: String, Decodable { case float, double }

    let sizes: [Int]
    let batch: Int
    let activation: String
    let output: String
    let loss: String
    let optimizer: String
    let learningRate: Double
    let samples: Int
    let precision: Precision
  }

  let workload: Workload
  private let directory: URL

  init(directory: URL) throws {
    self.directory = directory
    workload = try JSONDecoder().decode(
      Workload.self, from: Data(contentsOf: directory.appendingPathComponent("workload.json")))
  }

  /// A function that takes the next step and returns the loss before it.
  func steps<Scalar: BLASScalar>(of: Scalar.Type, _ team: Team) throws -> () throws -> Double {
    let rate = workload.learningRate
    var trainer = Trainer(
      try network(Scalar.self), loss: try loss,
      optimizer: workload.optimizer == "adam" ? .adam(learningRate: rate) : .sgd(learningRate: rate),
      batchSize: workload.batch, generator: Philox(seed: 1), team: team)
    let samples = Samples<Scalar>(
      features: try matrix("features.f32", workload.sizes.first!, workload.samples),
      targets: try matrix("targets.f32", workload.sizes.last!, workload.samples))
    let order = try numbers("order.i32", of: Int32.self, workload.samples).map(Int.init)
    var position = 0
    return {
      let batch = order[position..<position + workload.batch]
      position = (position + workload.batch) % workload.samples
      return try trainer.takeStep(on: samples, batch: batch, next: order[position..<position + workload.batch])
    }
  }

  /// The same by naive loops, in `Float`.
  func naiveSteps() throws -> () throws -> Double {
    var network = NaiveNetwork(try network(Float.self))
    let loss = NaiveNetwork<Float>.Loss(try loss)
    let (inputSize, outputSize) = (workload.sizes.first!, workload.sizes.last!)
    let features = try numbers("features.f32", of: Float.self, inputSize * workload.samples)
    let targets = try numbers("targets.f32", of: Float.self, outputSize * workload.samples)
    let order = try numbers("order.i32", of: Int32.self, workload.samples).map(Int.init)
    var position = 0
    return {
      let batch = order[position..<position + workload.batch]
      position = (position + workload.batch) % workload.samples
      let value = network.backPropagate(
        loss, inputs: batch.flatMap { features[$0 * inputSize..<($0 + 1) * inputSize] },
        targets: batch.flatMap { targets[$0 * outputSize..<($0 + 1) * outputSize] }, batch: workload.batch)
      workload.optimizer == "adam"
        ? network.descendByAdam(rate: Float(workload.learningRate))
        : network.descend(rate: Float(workload.learningRate))
      return value
    }
  }

  private func network<Scalar: BLASScalar>(_: Scalar.Type) throws -> Network<Scalar> {
    guard let hidden = Activation(rawValue: workload.activation), let output = Activation(rawValue: workload.output)
    else { throw ContestError("unknown activation \(workload.activation) or \(workload.output)") }
    var network = Network<Scalar>(.chain(workload.sizes, hidden: hidden, output: output))
    for (index, layer) in network.layers.enumerated() {
      network.setWeights(
        try matrix("weights\(index + 1).f32", layer.outputSize, layer.inputSize), ofLayer: index)
      network.setBias(try matrix("bias\(index + 1).f32", layer.outputSize, 1), ofLayer: index)
    }
    return network
  }

  private var loss: Loss {
    get throws {
      switch workload.loss {
      case "meanSquaredError": return .meanSquaredError
      case "binaryCrossEntropy": return .binaryCrossEntropy
      case "crossEntropy": return .crossEntropy
      default: throw ContestError("unknown loss \(workload.loss)")
      }
    }
  }

  private func matrix<Scalar: BLASScalar>(_ name: String, _ rows: Int, _ columns: Int) throws -> Matrix<Scalar> {
    var matrix = Matrix<Scalar>(rows: rows, columns: columns)
    let file = try content(name, bytes: 4 * rows * columns)
    matrix.withMutableSpan { elements in
      file.withUnsafeBytes { bytes in
        for (index, value) in bytes.bindMemory(to: Float.self).enumerated() { elements[index] = Scalar(value) }
      }
    }
    return matrix
  }

  private func numbers<Number: BitwiseCopyable>(_ name: String, of: Number.Type, _ count: Int) throws -> [Number] {
    try content(name, bytes: 4 * count).withUnsafeBytes { Array($0.bindMemory(to: Number.self)) }
  }

  /// The bytes of a file, mapped, so that they do not count twice as memory in use.
  private func content(_ name: String, bytes: Int) throws -> Data {
    let data = try Data(contentsOf: directory.appendingPathComponent(name), options: .alwaysMapped)
    guard data.count == bytes else { throw ContestError("\(name) holds \(data.count) bytes, not \(bytes)") }
    return data
  }
}
