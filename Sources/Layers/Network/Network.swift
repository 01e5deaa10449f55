import Tensor

/// A multi-layer perceptron: a chain of layers and their parameters.
///
/// All parameters are in one contiguous vector, layer after layer, so that an update, a norm or a checkpoint is one
/// pass. Those of the embedding, if there is one, come first.
public struct Network<Scalar: BLASScalar>: Sendable {
  let chain: LayerChain

  /// All weights and biases, parameterCount × 1; see ``Dense`` for the order within a layer.
  ///
  /// - Precondition: Traps if the parameters are replaced by a matrix of another shape.
  public var parameters: Matrix<Scalar> {
    get { storage }
    // This is not an observer, because that would copy all parameters for every change.
    _modify {
      defer { checkParameters() }
      yield &storage
    }
  }

  private var storage: Matrix<Scalar>

  /// The running means and variances of the layers with batch normalisation, statisticCount × 1. Predictions use them
  /// and training changes them. Each layer has first its means, then its variances.
  ///
  /// - Precondition: Traps if the statistics are replaced by a matrix of another shape.
  public var statistics: Matrix<Scalar> {
    get { statisticsStorage }
    _modify {
      defer { checkStatistics() }
      yield &statisticsStorage
    }
  }

  private var statisticsStorage: Matrix<Scalar>

  /// Makes a network whose parameters are all 0, except the γ of normalised layers, the α of parametric activations and
  /// the scales of the embedding, which are 1. The running variances are 1 too.
  ///
  /// - Parameter embedding: What is done to the inputs before the first layer; nil for nothing.
  /// - Precondition: Traps if there is no layer, a layer's input size differs from the output size before it, the last
  ///   layer has dropout or a parametric activation, or the number of parameters overflows.
  public init(_ layers: [Dense], embedding: Embedding? = nil) {
    chain = LayerChain(layers, embedding: embedding)
    storage = Matrix(rows: chain.parameterCount, columns: 1)
    statisticsStorage = Matrix(rows: chain.statisticCount, columns: 1)
    for (index, layer) in layers.enumerated() {
      for parameter in layer.parameters where [.scale, .activationWeight, .runningVariance].contains(parameter) {
        self[layer: index, parameter] = Matrix(rows: layer.outputSize, columns: 1, repeating: 1)
      }
    }
    if let embedding {
      self[embedding: .scale] = Matrix(rows: embedding.outputSize, columns: 1, repeating: 1)
    }
  }

  /// Makes a network with random parameters.
  ///
  /// - Precondition: As for ``init(_:embedding:)``.
  public init(
    _ layers: [Dense], embedding: Embedding? = nil, initializer: Initializer, using generator: inout Philox
  ) {
    self.init(layers, embedding: embedding)
    if let embedding {
      for parameter in embedding.parameters {
        self[embedding: parameter] = embedding.initialParameters(parameter, using: &generator)
      }
    }
    for layer in layers.indices {
      self[layer: layer, .weights] = initializer.weights(layers[layer], using: &generator)
      self[layer: layer, .bias] = initializer.bias(layers[layer], using: &generator)
    }
  }

  private func checkParameters() {
    if storage.rows != parameterCount || storage.columns != 1 {
      fail("cannot give \(self) \(storage.shape) parameters: \(parameterCount)×1 are needed")
    }
  }

  /// The layers, first to last.
  public var layers: [Dense] { chain.layers }

  /// What is done to the inputs before the first layer; nil for nothing.
  public var embedding: Embedding? { chain.embedding }

  /// The number of inputs.
  public var inputSize: Int { embedding?.inputSize ?? layers[0].inputSize }
  /// The number of outputs of the last layer.
  public var outputSize: Int { layers[layers.count - 1].outputSize }
  /// The activation of the last layer.
  public var outputActivation: Activation { layers[layers.count - 1].activation }
  /// The number of elements of ``parameters``.
  public var parameterCount: Int { chain.parameterCount }
}

extension Network: CustomStringConvertible {
  public var description: String {
    "Network(" + ((embedding.map { ["\($0)"] } ?? []) + layers.map(\.description)).joined(separator: ", ") + ")"
  }
}

extension [Dense] {
  /// Makes the layers of a perceptron: `chain([784, 512, 10], hidden: .relu, output: .softmax)`.
  ///
  /// - Parameters:
  ///   - isParametric: Whether each hidden unit learns how much of the activation it applies.
  ///   - normalization: The normalization of the hidden layers.
  ///   - dropout: The dropout of each hidden layer. The last value applies to all further layers; an empty list means
  ///     none.
  /// - Precondition: Traps if there are fewer than two sizes, and on everything that ``Dense`` traps on.
  public static func chain(
    _ sizes: [Int], hidden: Activation, isParametric: Bool = false, output: Activation,
    normalization: Normalization = .none, dropout: [Double] = []
  ) -> [Dense] {
    guard sizes.count >= 2 else {
      fail("cannot make layers from \(sizes.count) sizes: an input and an output size are needed")
    }
    return (1..<sizes.count).map { number in
      number == sizes.count - 1
        ? Dense(sizes[number - 1], sizes[number], output)
        : Dense(
          sizes[number - 1], sizes[number], hidden, isParametric: isParametric, normalization: normalization,
          dropout: dropout.isEmpty ? 0 : dropout[Swift.min(number, dropout.count) - 1])
    }
  }
}

// MARK: - Parameters by layer

extension Network {
  /// A parameter of a layer, or a running statistic. The result shares the network's storage until either changes.
  ///
  ///     network[layer: 0, .weights][0, 1] = 0.5
  ///
  /// - Precondition: Traps if the layer has no such parameter, or on a matrix of another shape.
  public subscript(layer index: Int, parameter: LayerParameter) -> Matrix<Scalar> {
    get {
      let (start, rows, columns) = place(index, parameter)
      let all = parameter.isStatistic ? statisticsStorage : storage
      return all.reshaped(rows: 1, columns: all.rows)[columns: start..<start + rows * columns].reshaped(
        rows: rows, columns: columns)
    }
    set {
      let (start, rows, columns) = place(index, parameter)
      guard newValue.rows == rows, newValue.columns == columns else {
        fail("cannot give \(layers[index]) \(newValue.shape) as its \(parameter): \(rows)×\(columns) are needed")
      }
      func replace(_ all: Tile<Scalar>) {
        newValue.withReadOnlyTile { all.reshaped(from: start, rows: rows, columns: columns).copy($0) }
      }
      if parameter.isStatistic { statisticsStorage.withTile(replace) } else { storage.withTile(replace) }
    }
  }

  /// A parameter of the embedding. The result shares the network's storage until either changes.
  ///
  /// - Precondition: Traps if there is no embedding, or on a matrix of another shape.
  public subscript(embedding parameter: EmbeddingParameter) -> Matrix<Scalar> {
    get {
      let (start, rows, columns) = place(parameter)
      return storage.reshaped(rows: 1, columns: storage.rows)[columns: start..<start + rows * columns].reshaped(
        rows: rows, columns: columns)
    }
    set {
      let (start, rows, columns) = place(parameter)
      guard newValue.rows == rows, newValue.columns == columns else {
        fail(
          "cannot give \(self) \(newValue.shape) as the \(parameter) of its embedding: \(rows)×\(columns) are needed")
      }
      storage.withTile { all in
        newValue.withReadOnlyTile { all.reshaped(from: start, rows: rows, columns: columns).copy($0) }
      }
    }
  }

  func place(_ parameter: EmbeddingParameter) -> (start: Int, rows: Int, columns: Int) {
    guard let embedding else { fail("\(self) has no embedding") }
    let (rows, columns) = embedding.shape(of: parameter)
    return (embedding.offset(of: parameter), rows, columns)
  }

  /// The place of a parameter in the vector of all parameters, or of all statistics.
  func place(_ index: Int, _ parameter: LayerParameter) -> (start: Int, rows: Int, columns: Int) {
    let layer = layers[index]
    guard layer.parameters.contains(parameter) else { fail("\(layer) has no \(parameter)") }
    let (rows, columns) = layer.shape(of: parameter)
    let first = parameter.isStatistic ? chain.statisticsOffsets[index] : chain.offsets[index]
    return (first + layer.offset(of: parameter), rows, columns)
  }

  /// Calls `body` with a tile of a layer's weights, outputSize × inputSize, which `body` may modify.
  package mutating func withWeights<R, E: Error>(
    ofLayer layer: Int, _ body: (Tile<Scalar>) throws(E) -> R
  ) throws(E) -> R {
    let (start, rows, columns) = place(layer, .weights)
    return try storage.withTile { (parameters) throws(E) in
      try body(parameters.reshaped(from: start, rows: rows, columns: columns))
    }
  }

  /// Calls `body` with both vectors, for a step that changes them.
  mutating func withParametersAndStatistics<R>(_ body: (Tile<Scalar>, Tile<Scalar>) -> R) -> R {
    storage.withTile { parameters in
      statisticsStorage.withTile { statistics in body(parameters, statistics) }
    }
  }

  private func checkStatistics() {
    if statisticsStorage.rows != chain.statisticCount || statisticsStorage.columns != 1 {
      fail("cannot give \(self) \(statisticsStorage.shape) statistics: \(chain.statisticCount)×1 are needed")
    }
  }
}
