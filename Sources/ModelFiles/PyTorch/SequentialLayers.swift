import PerceptronFiles
import PerceptronLayers
import Tensor

/// Dense layers made from the modules of a Sequential, one after the other.
struct SequentialLayers<Scalar: BLASScalar> {
  private struct Layer {
    var linear: LinearParameters<Scalar>
    var normalization = Normalization.none
    var norm: NormParameters<Scalar>?
    /// nil until the activation is added.
    var activation: Activation?
    var dropout = 0.0
  }

  /// x ↦ factors ∘ x + offsets, which applies before the next module.
  private typealias Scaling = (factors: [Scalar], offsets: [Scalar])

  private let path: String
  /// The last layer may still get more: a normalisation, then an activation, then dropout.
  private var layers: [Layer] = []
  private var scaling: Scaling?
  /// The number of outputs of the last module; nil before the first module with a size.
  private(set) var width: Int?

  private let byteCount: Int
  /// The number of weights in the identity layers that were added for modules that fit into no other layer.
  private var identityWeights = 0

  /// - Parameters:
  ///   - path: The file, for messages.
  ///   - byteCount: The file's length.
  init(path: String, byteCount: Int) {
    self.path = path
    self.byteCount = byteCount
  }

  /// W (s ∘ x + t) + b = (W diag s) x + (W t + b).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  mutating func add(_ linear: LinearParameters<Scalar>) {
    var linear = linear
    if let (factors, offsets) = scaling {
      linear.weights.takeOverInputs({ factors[$0] }, { offsets[$0] }, bias: &linear.bias)
      scaling = nil
    }
    width = linear.bias.count
    layers.append(Layer(linear: linear))
  }

  mutating func add(_ norm: NormParameters<Scalar>, _ normalization: Normalization) throws(FileError) {
    if let last = layers.last, last.normalization == .none, last.activation == nil, scaling == nil {
      layers[layers.count - 1].normalization = normalization
      layers[layers.count - 1].norm = norm
    } else if normalization == .batch {
      let (factors, offsets) = Self.scaling(norm)
      if let before = scaling {
        scaling = (
          zip(before.factors, factors).map { $0 * $1 },
          offsets.indices.map { factors[$0] * before.offsets[$0] + offsets[$0] }
        )
      } else {
        scaling = (factors, offsets)
      }
    } else {
      try addIdentity(norm.scale.count)
      layers[layers.count - 1].normalization = .layer
      layers[layers.count - 1].norm = norm
    }
    width = norm.scale.count
  }

  mutating func add(_ activation: Activation) throws(FileError) {
    guard activation != .identity else { return }
    guard let width else {
      throw .otherModules(
        path: path, problem: "the first module with a size is after an activation, \(activation.rawValue)")
    }
    if layers.isEmpty || layers.last?.activation != nil || scaling != nil { try addIdentity(width) }
    let last = layers.count - 1
    layers[last].activation = activation
    // No layer supports batch normalisation before softmax.
    if activation == .softmax, layers[last].normalization == .batch, let norm = layers[last].norm {
      let (factors, offsets) = Self.scaling(norm)
      layers[last].linear.weights.takeOverOutputs { factors[$0] }
      for output in 0..<width {
        layers[last].linear.bias[output] = layers[last].linear.bias[output] * factors[output] + offsets[output]
      }
      (layers[last].normalization, layers[last].norm) = (.none, nil)
    }
  }

  /// Sets the dropout of the previous layer, for further training.
  mutating func dropout(_ probability: Double) {
    if !layers.isEmpty { layers[layers.count - 1].dropout = probability }
  }

  /// Makes the network of all layers.
  mutating func network() throws(FileError) -> Network<Scalar> {
    if scaling != nil { try addIdentity(width!) }
    guard !layers.isEmpty else { throw .otherModules(path: path, problem: "no module with a size is listed") }
    guard layers.count <= mostLayers else {
      throw .otherModules(path: path, problem: "\(layers.count) layers are listed, expected at most \(mostLayers)")
    }
    var network = Network<Scalar>(
      layers.enumerated().map { index, layer in
        let activation = layer.activation ?? .identity
        return Dense(
          layer.linear.weights.columns, layer.linear.weights.rows, activation, normalization: layer.normalization,
          dropout: index == layers.count - 1 || activation == .softmax ? 0 : layer.dropout)
      })
    for (index, layer) in layers.enumerated() {
      network[layer: index, .weights] = layer.linear.weights
      network[layer: index, .bias] = Matrix(layer.linear.bias)
      guard let norm = layer.norm else { continue }
      network[layer: index, .scale] = Matrix(norm.scale)
      network[layer: index, .shift] = Matrix(norm.shift)
      if let (mean, variance) = norm.statistics {
        network[layer: index, .runningMean] = Matrix(mean)
        network[layer: index, .runningVariance] = Matrix(variance)
      }
    }
    return network
  }

  /// Adds a layer whose outputs are its inputs, with a pending scaling if there is one.
  private mutating func addIdentity(_ units: Int) throws(FileError) {
    // The weights of this layer are not in the file, so the file's size limits them.
    let most = max(1 << 20, byteCount / 4) - identityWeights
    guard units <= most / units else {
      throw .otherModules(
        path: path,
        problem: "a layer-norm, activation or last batch-norm of \(units) units does not follow its linear module,"
          + " which is possible for up to 1024, and fewer where others do neither")
    }
    identityWeights += units * units
    var weights = Matrix<Scalar>(rows: units, columns: units)
    for unit in 0..<units { weights[unit, unit] = scaling?.factors[unit] ?? 1 }
    layers.append(
      Layer(
        linear: LinearParameters(
          weights: weights, bias: scaling?.offsets ?? Array(repeating: 0, count: units))))
    scaling = nil
  }

  /// γ (x − μ) / √(σ² + ε) + β as a factor and an offset.
  private static func scaling(_ norm: NormParameters<Scalar>) -> Scaling {
    let (mean, variance) = norm.statistics!
    let factors = variance.indices.map { unit in
      Double(norm.scale[unit]) / (Double(variance[unit]) + Normalization.epsilon).squareRoot()
    }
    let offsets = factors.indices.map { Scalar(Double(norm.shift[$0]) - Double(mean[$0]) * factors[$0]) }
    return (factors.map { Scalar($0) }, offsets)
  }
}
