import PerceptronDatasets
import PerceptronLayers
import Tensor

/// A network from a file of another library, and what the file says about its inputs and outputs.
package struct ImportedNetwork<Scalar: BLASScalar> {
  /// The network that takes scaled inputs.
  package var network: Network<Scalar>
  /// How the inputs are scaled before the network. It stays in double precision, because inputs may be far from 0
  /// compared with their spread.
  package var inputScaling: Scaling
  /// The values that replace missing inputs; nil if a missing input is refused.
  var missing: [Double]?
  /// The names of the inputs; nil if the file has none.
  var columnNames: [String]?
  /// The height and the width of the images that the inputs are; nil if they are no images.
  var imageShape: [Int]?
  /// The names of the classes, if the file has them.
  var classes: [String]?
  /// The classes of each output, below ½ and from ½ on, if the file has them.
  var labels: [[String]]?
  /// The share of the answer that is the same for all classes, after the network; see ``separateUniformShare()``.
  private(set) var uniformShare = 0.0

  /// A network whose file says nothing about its inputs and outputs.
  package init(_ network: Network<Scalar>) {
    self.network = network
    inputScaling = .unscaled(network.inputSize)
  }
}

// MARK: - What the file says, or the default

extension ImportedNetwork {
  /// The columns of numbers that are the inputs.
  ///
  /// - Parameter names: Their names; nil for those of the file, or 1, 2, ….
  package func columns(named names: [String]? = nil) -> [InputColumn] {
    zip(names ?? columnNames ?? numbers(1...network.inputSize), 0...).map { name, input in
      .number(name: name, mean: missing?[input])
    }
  }

  /// Where the features come from.
  package var inputs: Preparation.Inputs { imageShape.map { .pixels(shape: $0) } ?? .columns(columns()) }

  /// What the network is for, by the activation of its outputs.
  package var task: Preparation.Task {
    switch network.outputActivation {
    // Softmax of a single output is always 1, so there is no choice of class.
    case .softmax where network.outputSize > 1, .sigmoid: .classification
    default: .regression
    }
  }

  /// What the outputs mean. Their columns follow the inputs if these are the columns 1, 2, …; otherwise they are called
  /// `target`.
  package func outputs(for task: Preparation.Task, after inputs: Preparation.Inputs) -> Preparation.Outputs {
    let count = network.outputSize
    func targets(_ count: Int) -> [String] {
      let size = network.inputSize
      if case .columns(let columns) = inputs, columns.map(\.name) == numbers(1...size) {
        return numbers(size + 1...size + count)
      }
      return count == 1 ? ["target"] : (1...count).map { "target \($0)" }
    }
    switch (task, network.outputActivation) {
    case (.regression, _): return .values(columns: targets(count), scaling: .unscaled(count))
    case (.classification, .softmax):
      let known = classes.flatMap { $0.count == count && Set($0).count == count ? $0 : nil }
      let column: String? = if case .pixels = inputs { nil } else { targets(1)[0] }
      return .classes(known ?? numbers(0...count - 1), column: column)
    case (.classification, _):
      let known = labels.flatMap { $0.count == count && $0.allSatisfy { Set($0).count == 2 } ? $0 : nil }
      return .labels(columns: targets(count), classes: known ?? Array(repeating: ["0", "1"], count: count))
    }
  }

  private func numbers(_ range: ClosedRange<Int>) -> [String] { range.map { "\($0)" } }
}

extension TrainedModel {
  /// Makes the model of an imported network. It records the path as its origin.
  ///
  /// - Precondition: Traps if the inputs or the outputs do not fit the network.
  package init(
    _ imported: ImportedNetwork<Scalar>, inputs: Preparation.Inputs, outputs: Preparation.Outputs, path: String
  ) {
    let loss: Loss =
      switch outputs {
      case .classes: .crossEntropy
      case .labels: .binaryCrossEntropy
      case .values, .quantiles: .meanSquaredError
      }
    self.init(
      network: imported.network, loss: loss,
      preparation: Preparation(inputs: inputs, inputScaling: imported.inputScaling, outputs: outputs),
      training: ["imported from": path.split(separator: "/").last.map(String.init) ?? path],
      uniformShare: imported.uniformShare)
  }
}

// MARK: - The uniform share

extension ImportedNetwork {
  /// If the last layer only mixes probabilities, a ↦ (1 − ε) a + ε u, the model does so in its place, and the network
  /// ends in the probabilities.
  package mutating func separateUniformShare() {
    let others = Array(network.layers.dropLast())
    guard network.embedding == nil, let last = network.layers.last,
      last == Dense(last.outputSize, last.outputSize, .identity), let activation = others.last?.activation,
      activation == .sigmoid || activation == .softmax && last.outputSize > 1
    else { return }
    var rest = Network<Scalar>(others)
    let (weights, bias) = (network[layer: others.count, .weights], network[layer: others.count, .bias])
    let kept = Double(weights[0, 0])
    let added = (1 - kept) * rest.uniformOutput
    guard 0 < kept, kept < 1, bias.elements.allSatisfy({ abs(Double($0) - added) < 1e-6 }),
      weights.elements.enumerated().allSatisfy({ index, weight in
        Double(weight) == (index % (weights.rows + 1) == 0 ? kept : 0)
      })
    else { return }
    for (index, layer) in others.enumerated() {
      for parameter in layer.parameters { rest[layer: index, parameter] = network[layer: index, parameter] }
    }
    (network, uniformShare) = (rest, 1 - kept)
  }
}
