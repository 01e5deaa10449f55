import Tensor

/// A multi-layer perceptron: a chain of layers and their parameters.
///
/// All parameters are one contiguous vector, the layers' ranges one after the other, so that an update, a norm or a checkpoint is one pass.
public struct Network<Scalar: BLASScalar>: Sendable {
  let chain: LayerChain

  /// All weights and biases, parameterCount × 1; see ``Dense`` for the order within a layer.
  ///
  /// - Precondition: Traps where they are replaced by a matrix of another shape.
  public var parameters: Matrix<Scalar> {
    get { storage }
    // Not an observer, which would copy all of them for every change.
    _modify {
      defer { checkParameters() }
      yield &storage
    }
  }

  private var storage: Matrix<Scalar>

  /// Makes a network whose parameters are all 0.
  ///
  /// - Precondition: Traps where there is no layer, or a layer's inputs are not as many as the outputs before it.
  public init(_ layers: [Dense]) {
    chain = LayerChain(layers)
    storage = Matrix(rows: chain.parameterCount, columns: 1)
  }

  /// Makes a network with random parameters.
  public init(_ layers: [Dense], initializer: Initializer, using generator: inout Philox) {
    self.init(layers)
    for layer in layers.indices {
      setWeights(initializer.weights(layers[layer], using: &generator), ofLayer: layer)
      setBias(initializer.bias(layers[layer], using: &generator), ofLayer: layer)
    }
  }

  private func checkParameters() {
    if storage.rows != parameterCount || storage.columns != 1 {
      fail("cannot give \(self) \(storage.shape) parameters: \(parameterCount)×1 are needed")
    }
  }

  public var layers: [Dense] { chain.layers }

  public var inputSize: Int { layers[0].inputSize }
  public var outputSize: Int { layers[layers.count - 1].outputSize }
  public var outputActivation: Activation { layers[layers.count - 1].activation }
  public var parameterCount: Int { chain.parameterCount }
}

extension Network: CustomStringConvertible {
  public var description: String { "Network(" + layers.map(\.description).joined(separator: ", ") + ")" }
}

extension [Dense] {
  /// The layers of a perceptron: `chain([784, 512, 10], hidden: .relu, output: .softmax)`.
  ///
  /// - Precondition: Traps with fewer than two sizes.
  public static func chain(_ sizes: [Int], hidden: Activation, output: Activation) -> [Dense] {
    guard sizes.count >= 2 else {
      fail("cannot make layers from \(sizes.count) sizes: an input and an output size are needed")
    }
    return (1..<sizes.count).map { Dense(sizes[$0 - 1], sizes[$0], $0 == sizes.count - 1 ? output : hidden) }
  }
}

// MARK: - Parameters by layer

extension Network {
  /// A layer's weights, outputSize × inputSize; shares the parameters' storage.
  public func weights(ofLayer layer: Int) -> Matrix<Scalar> {
    let dense = layers[layer]
    return range(chain.offsets[layer], dense.weightCount).reshaped(rows: dense.outputSize, columns: dense.inputSize)
  }

  /// A layer's bias, outputSize × 1; shares the parameters' storage.
  public func bias(ofLayer layer: Int) -> Matrix<Scalar> {
    range(chain.offsets[layer] + layers[layer].weightCount, layers[layer].outputSize)
  }

  /// Replaces a layer's weights.
  ///
  /// - Precondition: Traps where they are not outputSize × inputSize.
  public mutating func setWeights(_ weights: Matrix<Scalar>, ofLayer layer: Int) {
    let dense = layers[layer]
    guard weights.rows == dense.outputSize, weights.columns == dense.inputSize else {
      fail("cannot give \(dense) weights of \(weights.shape)")
    }
    replace(chain.offsets[layer], weights)
  }

  /// Replaces a layer's bias.
  ///
  /// - Precondition: Traps where it is not outputSize × 1.
  public mutating func setBias(_ bias: Matrix<Scalar>, ofLayer layer: Int) {
    let dense = layers[layer]
    guard bias.rows == dense.outputSize, bias.columns == 1 else { fail("cannot give \(dense) a bias of \(bias.shape)") }
    replace(chain.offsets[layer] + dense.weightCount, bias)
  }

  /// Elements of the parameter vector, seen as the columns of a row.
  private func range(_ start: Int, _ count: Int) -> Matrix<Scalar> {
    parameters.reshaped(rows: 1, columns: parameterCount)[columns: start..<start + count].reshaped(
      rows: count, columns: 1)
  }

  private mutating func replace(_ start: Int, _ values: Matrix<Scalar>) {
    parameters.withTile { all in
      values.withReadOnlyTile { all.reshaped(from: start, rows: values.rows, columns: values.columns).copy($0) }
    }
  }
}
