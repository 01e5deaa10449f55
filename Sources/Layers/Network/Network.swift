import Tensor

/// A multi-layer perceptron: a chain of layers and their parameters.
///
/// All parameters are one contiguous vector, the layers' ranges one after the other, so that an update, a norm or a
/// checkpoint is one pass.
public struct Network<Scalar: BLASScalar>: Sendable {
  let chain: LayerChain

  /// All weights and biases, parameterCount × 1; see ``Dense`` for the order within a layer.
  ///
  /// - Precondition: Traps if they are replaced by a matrix of another shape.
  public var parameters: Matrix<Scalar> {
    get { storage }
    // Not an observer, which would copy all of them for every change.
    _modify {
      defer { checkParameters() }
      yield &storage
    }
  }

  private var storage: Matrix<Scalar>

  /// The running means and variances of the layers with batch normalisation, which predictions use and training moves,
  /// statisticCount × 1: layer by layer the means, then the variances.
  ///
  /// - Precondition: Traps if they are replaced by a matrix of another shape.
  public var statistics: Matrix<Scalar> {
    get { statisticsStorage }
    _modify {
      defer { checkStatistics() }
      yield &statisticsStorage
    }
  }

  private var statisticsStorage: Matrix<Scalar>

  /// Makes a network whose parameters are all 0, except the γ of normalised layers, which are 1, as the running
  /// variances are.
  ///
  /// - Precondition: Traps if there is no layer, or a layer's inputs are not as many as the outputs before it.
  public init(_ layers: [Dense]) {
    chain = LayerChain(layers)
    storage = Matrix(rows: chain.parameterCount, columns: 1)
    statisticsStorage = Matrix(rows: chain.statisticCount, columns: 1)
    for (index, layer) in layers.enumerated() {
      let ones = Matrix<Scalar>(rows: layer.outputSize, columns: 1, repeating: 1)
      if layer.isNormalized { replace(chain.offsets[index] + layer.weightCount + layer.outputSize, ones) }
      if layer.normalization == .batch {
        let start = chain.statisticsOffsets[index] + layer.outputSize
        for unit in 0..<layer.outputSize { statistics[start + unit, 0] = 1 }
      }
    }
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
  /// - Parameters:
  ///   - normalization: Of the hidden layers.
  ///   - dropout: The dropout of each hidden layer; the last one for all layers from there on, none if it is empty.
  /// - Precondition: Traps with fewer than two sizes, and on what ``Dense`` traps on.
  public static func chain(
    _ sizes: [Int], hidden: Activation, output: Activation, normalization: Normalization = .none,
    dropout: [Double] = []
  ) -> [Dense] {
    guard sizes.count >= 2 else {
      fail("cannot make layers from \(sizes.count) sizes: an input and an output size are needed")
    }
    return (1..<sizes.count).map { number in
      number == sizes.count - 1
        ? Dense(sizes[number - 1], sizes[number], output)
        : Dense(
          sizes[number - 1], sizes[number], hidden, normalization: normalization,
          dropout: dropout.isEmpty ? 0 : dropout[Swift.min(number, dropout.count) - 1])
    }
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
  /// - Precondition: Traps if they are not outputSize × inputSize.
  public mutating func setWeights(_ weights: Matrix<Scalar>, ofLayer layer: Int) {
    let dense = layers[layer]
    guard weights.rows == dense.outputSize, weights.columns == dense.inputSize else {
      fail("cannot give \(dense) weights of \(weights.shape)")
    }
    replace(chain.offsets[layer], weights)
  }

  /// Calls `body` with a tile of a layer's weights, outputSize × inputSize, which `body` may change.
  package mutating func withWeights<R, E: Error>(
    ofLayer layer: Int, _ body: (Tile<Scalar>) throws(E) -> R
  ) throws(E) -> R {
    let (dense, offset) = (layers[layer], chain.offsets[layer])
    return try storage.withTile { (parameters) throws(E) in
      try body(parameters.reshaped(from: offset, rows: dense.outputSize, columns: dense.inputSize))
    }
  }

  /// Replaces a layer's bias.
  ///
  /// - Precondition: Traps if it is not outputSize × 1.
  public mutating func setBias(_ bias: Matrix<Scalar>, ofLayer layer: Int) {
    let dense = layers[layer]
    guard bias.rows == dense.outputSize, bias.columns == 1 else { fail("cannot give \(dense) a bias of \(bias.shape)") }
    replace(chain.offsets[layer] + dense.weightCount, bias)
  }

  /// A normalised layer's factors γ, outputSize × 1; shares the parameters' storage.
  ///
  /// - Precondition: Traps if the layer is not normalised, as the three below do.
  public func scale(ofLayer layer: Int) -> Matrix<Scalar> { normalization(layer, 0) }

  /// A normalised layer's shifts β, outputSize × 1; shares the parameters' storage.
  public func shift(ofLayer layer: Int) -> Matrix<Scalar> { normalization(layer, 1) }

  public mutating func setScale(_ scale: Matrix<Scalar>, ofLayer layer: Int) { setNormalization(layer, 0, scale) }

  public mutating func setShift(_ shift: Matrix<Scalar>, ofLayer layer: Int) { setNormalization(layer, 1, shift) }

  /// The running means and variances of a layer with batch normalisation, outputSize × 1 each.
  ///
  /// - Precondition: Traps if the layer has none, as the one below does.
  public func runningStatistics(ofLayer layer: Int) -> (mean: Matrix<Scalar>, variance: Matrix<Scalar>) {
    let (start, size) = (statisticsStart(layer), layers[layer].outputSize)
    let all = statistics.elements
    return (Matrix(Array(all[start..<start + size])), Matrix(Array(all[start + size..<start + 2 * size])))
  }

  public mutating func setRunningStatistics(mean: Matrix<Scalar>, variance: Matrix<Scalar>, ofLayer layer: Int) {
    let (start, size) = (statisticsStart(layer), layers[layer].outputSize)
    guard mean.rows == size, mean.columns == 1, variance.rows == size, variance.columns == 1 else {
      fail("cannot give \(layers[layer]) means of \(mean.shape) and variances of \(variance.shape)")
    }
    for unit in 0..<size {
      statistics[start + unit, 0] = mean[unit, 0]
      statistics[start + size + unit, 0] = variance[unit, 0]
    }
  }

  private func statisticsStart(_ layer: Int) -> Int {
    guard layers[layer].normalization == .batch else { fail("\(layers[layer]) has no running statistics") }
    return chain.statisticsOffsets[layer]
  }

  private func normalizationStart(_ layer: Int) -> Int {
    guard layers[layer].isNormalized else { fail("\(layers[layer]) is not normalized") }
    return chain.offsets[layer] + layers[layer].weightCount + layers[layer].outputSize
  }

  private func normalization(_ layer: Int, _ half: Int) -> Matrix<Scalar> {
    range(normalizationStart(layer) + half * layers[layer].outputSize, layers[layer].outputSize)
  }

  private mutating func setNormalization(_ layer: Int, _ half: Int, _ values: Matrix<Scalar>) {
    let start = normalizationStart(layer) + half * layers[layer].outputSize
    guard values.rows == layers[layer].outputSize, values.columns == 1 else {
      fail("cannot give \(layers[layer]) a scale or shift of \(values.shape)")
    }
    replace(start, values)
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
