import PerceptronFiles
import PerceptronLayers
import Tensor

/// Makes a network of dense layers from the operations of another tool's network.
///
/// A linear operation begins a layer; a normalisation, an activation and dropout are added to it, in this order.
/// Scalings become part of the neighbouring weights. An operation that fits into no layer gets a layer whose weights
/// are the identity.
struct NetworkAssembler<Scalar: BLASScalar> {
  private struct Layer {
    var weights: Matrix<Scalar>
    var bias: Matrix<Scalar>
    var normalization = Normalization.none
    /// γ and β, and the statistics of batch normalisation.
    var normParameters: [LayerParameter: Matrix<Scalar>] = [:]
    /// nil until the activation is added.
    var activation: Activation?
    /// The weights α of a parametric activation, units × 1.
    var activationWeight: Matrix<Scalar>?
    var dropout = 0.0

    /// Whether a scaling of what precedes the activation can become part of the parameters.
    var canBeScaled: Bool { activation == nil && (normalization == .none || normParameters[.shift] != nil) }

    mutating func scale(by scaling: UnitScaling) {
      guard normalization != .none else { return scaling.scaleOutputs(of: &weights, bias: &bias) }
      // s ∘ (γ ∘ N + β − c) + t.
      var (scale, shift) = (normParameters[.scale]!, normParameters[.shift]!)
      scaling.scaleOutputs(of: &scale, bias: &shift)
      (normParameters[.scale], normParameters[.shift]) = (scale, shift)
    }

    /// Makes batch normalisation part of the weights.
    mutating func foldNormalization() {
      let scaling = UnitScaling { normParameters[$0]! }
      (normalization, normParameters) = (.none, [:])
      scale(by: scaling)
    }
  }

  /// Makes the error for a problem with an operation of this name; without a name, with the network as a whole.
  private let refused: (_ operation: String?, _ problem: String) -> FileError
  private var layers: [Layer] = []
  /// A scaling of the last layer's outputs, or of the inputs, which the next layer takes over.
  private var pending: UnitScaling?
  /// The number of units after the last operation; nil as long as the operations allow any.
  private(set) var width: Int?
  /// The values that replace missing inputs, or nil.
  private(set) var missing: [Double]?

  /// How many more identity weights may be added. They are not in the file, so the file's size limits them.
  private var identityAllowance: Int
  /// How many more numbers may be scaled. Without a limit, a small file could have a large layer scaled again and
  /// again.
  private var scalingAllowance: Int

  /// - Parameters:
  ///   - fileSize: The file's size in bytes, which limits the work that it can ask for.
  ///   - refused: Makes the error for a problem with an operation of this name; without a name, with the network.
  init(fileSize: Int, refused: @escaping (_ operation: String?, _ problem: String) -> FileError) {
    self.refused = refused
    identityAllowance = max(1 << 20, fileSize / 4)
    scalingAllowance = 16 * fileSize + 1 << 22
  }

  /// Whether the last layer may still get a normalisation or an activation.
  private var isOpen: Bool { layers.last.map { $0.activation == nil } == true && pending == nil }

  /// - Parameter name: The operation's name, for errors.
  mutating func add(_ operation: ImportedOperation<Scalar>, name: String) throws(FileError) {
    switch operation {
    case .linear(var weights, var bias):
      try setWidth(weights.columns, "it takes \(weights.columns) inputs", name)
      pending?.scaleInputs(of: &weights, bias: &bias)
      pending = nil
      width = weights.rows
      try append(Layer(weights: weights, bias: bias), name)
    case .scaling(let scaling): try add(scaling, name)
    case .normalization(let normalization, let parameters, let epsilon):
      try add(normalization, parameters, epsilon, name)
    case .activation(.identity): break
    case .activation(let activation):
      guard let width else {
        throw refused(name, "the activation \(activation.rawValue) is before the first operation with a size")
      }
      if !isOpen { try addIdentity(width, name) }
      // No layer has batch normalisation before softmax.
      if activation == .softmax, layers.last!.normalization == .batch { layers[layers.count - 1].foldNormalization() }
      layers[layers.count - 1].activation = activation
    case .parametric(let activation, let weights):
      guard let width, [1, width].contains(weights.count) else {
        throw refused(name, "it has \(weights.count) slopes, the operation before it gives \(width ?? 0) units")
      }
      if !isOpen { try addIdentity(width, name) }
      layers[layers.count - 1].activation = activation
      layers[layers.count - 1].activationWeight = Matrix((0..<width).map { weights[weights.count == 1 ? 0 : $0] })
    case .elu(1): try add(.activation(.elu), name: name)
    case .elu(let alpha):
      guard let width else { throw refused(name, "the activation elu is before the first operation with a size") }
      // It takes three layers, whose weights are not in the file.
      guard width <= identityAllowance / (8 * width) else {
        throw refused(
          name, "its alpha is not 1; the layers that this adds have too many weights for a file of this size")
      }
      identityAllowance -= 8 * width * width
      for operation in ImportedOperation<Scalar>.elu(alpha, units: width) { try add(operation, name: name) }
    case .dropout(let probability): if !layers.isEmpty { layers[layers.count - 1].dropout = probability }
    case .width(let count): try setWidth(count, "it reshapes to \(count) units", name)
    case .missing(let values):
      guard layers.isEmpty, pending == nil, missing == nil else {
        throw refused(name, "only values that are missing in the inputs can be replaced")
      }
      missing = values
    }
  }

  private mutating func add(_ scaling: UnitScaling, _ name: String) throws(FileError) {
    let units = width ?? scaling.unitCount
    guard units != 0, scaling.fits(units ?? 1) else {
      let count = scaling.unitCount.map { "\($0)" } ?? "different numbers of"
      throw refused(name, "its constants are for \(count) units, expected \(units ?? 1)")
    }
    width = units
    scalingAllowance -= (units ?? 1) + (isOpen ? layers.last!.weights.count : 0)
    guard scalingAllowance >= 0 else { throw refused(name, "the same numbers are scaled again and again") }
    if isOpen, layers.last!.canBeScaled {
      layers[layers.count - 1].scale(by: scaling)
    } else {
      pending = pending?.followed(by: scaling) ?? scaling
    }
  }

  private mutating func add(
    _ normalization: Normalization, _ parameters: [LayerParameter: Matrix<Scalar>], _ epsilon: Double, _ name: String
  ) throws(FileError) {
    let units = parameters[.scale]!.count
    try setWidth(units, "its constants are for \(units) units", name)
    let isFree = isOpen && layers.last!.normalization == .none
    if normalization == .batch, !isFree { return try add(UnitScaling { parameters[$0]! }, name) }
    if !isFree { try addIdentity(units, name) }
    if epsilon != Normalization.epsilon {
      // c z has the variance c² σ², and √(c² σ² + 10⁻⁵) = c √(σ² + ε).
      try add(UnitScaling(factors: [(Normalization.epsilon / epsilon).squareRoot()], offsets: [0]), name)
    }
    layers[layers.count - 1].normalization = normalization
    layers[layers.count - 1].normParameters = parameters
  }

  /// Makes the network of all layers.
  mutating func network() throws(FileError) -> Network<Scalar> {
    // The last layer has no parametric activation.
    if let width, pending != nil || layers.last?.activationWeight != nil { try addIdentity(width, nil) }
    guard !layers.isEmpty else { throw refused(nil, "there is no linear layer") }
    var network = Network<Scalar>(
      layers.enumerated().map { index, layer in
        let activation = layer.activation ?? .identity
        return Dense(
          layer.weights.columns, layer.weights.rows, activation, isParametric: layer.activationWeight != nil,
          normalization: layer.normalization,
          dropout: index == layers.count - 1 || activation == .softmax ? 0 : layer.dropout)
      })
    for (index, layer) in layers.enumerated() {
      network[layer: index, .weights] = layer.weights
      network[layer: index, .bias] = layer.bias
      if let values = layer.activationWeight { network[layer: index, .activationWeight] = values }
      for (parameter, values) in layer.normParameters { network[layer: index, parameter] = values }
    }
    guard network.parameters.maxMagnitude().isFinite else {
      throw refused(nil, "the weights, with the scaling beside them, are not finite")
    }
    return network
  }

  private mutating func setWidth(_ count: Int, _ claim: String, _ name: String) throws(FileError) {
    guard count > 0 else { throw refused(name, "\(claim), expected at least 1") }
    if let width, width != count { throw refused(name, "\(claim), the operation before it gives \(width)") }
    width = count
  }

  /// Adds a layer whose outputs are its inputs, with the pending scaling if there is one.
  private mutating func addIdentity(_ units: Int, _ name: String?) throws(FileError) {
    guard units <= identityAllowance / units else {
      throw refused(
        name,
        "an operation on \(units) units does not follow a linear layer;"
          + " the layers that this adds have too many weights for a file of this size")
    }
    identityAllowance -= units * units
    var weights = Matrix<Scalar>(rows: units, columns: units)
    var bias = Matrix<Scalar>(rows: units, columns: 1)
    for unit in 0..<units { weights[unit, unit] = 1 }
    pending?.scaleInputs(of: &weights, bias: &bias)
    pending = nil
    try append(Layer(weights: weights, bias: bias), name)
  }

  private mutating func append(_ layer: Layer, _ name: String?) throws(FileError) {
    guard layers.count < mostLayers else { throw refused(name, "there are more than \(mostLayers) layers") }
    layers.append(layer)
  }
}
