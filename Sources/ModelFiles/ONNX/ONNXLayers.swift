import PerceptronFiles
import PerceptronLayers
import Tensor

/// Dense layers made from a sequence of steps. Affine steps become part of the neighbouring weights.
struct ONNXLayers<Scalar: BLASScalar> {
  private struct Layer {
    var weights: Matrix<Scalar>
    var bias: [Scalar]
    var normalization: (scale: [Scalar], shift: [Scalar])?
    var activation: Activation?
  }

  private let path: String
  private var layers: [Layer] = []
  /// x ↦ factors ∘ x + offsets, which applies before the next linear step, and its node.
  private var pending: (factors: [Scalar], offsets: [Scalar], node: String)?
  /// The values that replace missing inputs, or nil.
  private(set) var missing: [Scalar]?

  /// How many more numbers may be scaled. Without a limit, a small file could have a large layer scaled again and
  /// again.
  private var allowance: Int

  init(fileSize: Int, path: String) {
    self.path = path
    allowance = 16 * fileSize + 1 << 22
  }

  mutating func add(_ step: ONNXStep<Scalar>) throws(FileError) {
    func bad(_ problem: String) -> FileError { .unsupportedNode(path: path, node: step.node, problem: problem) }
    let last = layers.count - 1
    switch step.kind {
    case .linear(let weights, let bias):
      guard layers.last.map({ $0.bias.count == weights.columns }) ?? true else {
        throw bad("it takes \(weights.columns) inputs, the layer before it gives \(layers[last].bias.count)")
      }
      try addLinear(weights, bias, step.node)
    case .affine(let factors, let offsets):
      let counts = Set([factors.count, offsets.count]).subtracting([1])
      guard counts.count <= 1, layers.isEmpty || counts.isSubset(of: [layers[last].bias.count]) else {
        throw bad("its constants have other sizes than the layer before it")
      }
      let size = last < 0 ? 0 : layers[last].weights.count
      allowance -= size + factors.count + offsets.count + (pending?.factors.count ?? 0) + (pending?.offsets.count ?? 0)
      guard allowance >= 0 else { throw bad("the same numbers are scaled again and again") }
      if last < 0 || layers[last].activation != nil {
        try wait(factors, offsets, step.node)
      } else {
        scale(last, factors, offsets)
      }
    case .normalization(let scale, let shift, let epsilon):
      guard last >= 0, layers[last].activation == nil, layers[last].normalization == nil else {
        throw bad("a normalization of each sample has to follow Gemm or MatMul directly")
      }
      let units = layers[last].bias.count
      guard scale.count == units, shift.count == units, epsilon > 0 else {
        throw bad("its constants have other sizes than the layer before it")
      }
      // c z has the variance c² σ², and √(c² σ² + 10⁻⁵) = c √(σ² + ε).
      let factor = Scalar((Normalization.epsilon / epsilon).squareRoot())
      self.scale(last, [factor], [0])
      layers[last].normalization = (scale, shift)
    case .width(let width):
      guard layers.last.map({ $0.bias.count == width }) ?? true else {
        throw bad("it reshapes to \(width) units, the layer before it gives \(layers[last].bias.count)")
      }
    case .activation(let activation):
      guard last >= 0, layers[last].activation == nil, pending == nil else {
        throw bad("an activation has to follow Gemm, MatMul or a normalization behind one")
      }
      layers[last].activation = activation
    case .missing(let values):
      guard layers.isEmpty, pending == nil, missing == nil else {
        throw bad("only numbers that are missing in the inputs can be replaced")
      }
      missing = values
    }
  }

  /// W (s ∘ x + t) + b = (W diag s) x + (W t + b)
  private mutating func addLinear(
    _ weights: Matrix<Scalar>, _ bias: [Scalar], _ node: String
  ) throws(FileError) {
    var layer = Layer(weights: weights, bias: bias)
    let inputs = weights.columns
    if let (factors, offsets, before) = pending {
      guard [1, inputs].contains(factors.count), [1, inputs].contains(offsets.count) else {
        throw .unsupportedNode(
          path: path, node: before, problem: "its constants are not as many as the \(inputs) inputs")
      }
      layer.weights.takeOverInputs(
        { factors[factors.count == 1 ? 0 : $0] }, { offsets[offsets.count == 1 ? 0 : $0] }, bias: &layer.bias)
      pending = nil
    }
    layers.append(layer)
  }

  /// s ∘ (W x + b) + t. If the layer is normalised, γ and β are scaled instead.
  private mutating func scale(_ index: Int, _ factors: [Scalar], _ offsets: [Scalar]) {
    func factor(_ unit: Int) -> Scalar { factors[factors.count == 1 ? 0 : unit] }
    func offset(_ unit: Int) -> Scalar { offsets[offsets.count == 1 ? 0 : unit] }
    let outputs = layers[index].bias.count
    if let (scale, shift) = layers[index].normalization {
      layers[index].normalization = (
        (0..<outputs).map { factor($0) * scale[$0] }, (0..<outputs).map { factor($0) * shift[$0] + offset($0) }
      )
      return
    }
    for unit in 0..<outputs { layers[index].bias[unit] = factor(unit) * layers[index].bias[unit] + offset(unit) }
    guard factors != [1] else { return }
    layers[index].weights.takeOverOutputs(factor)
  }

  /// Keeps a scaling for the next linear step, combined with one that is already pending.
  private mutating func wait(_ factors: [Scalar], _ offsets: [Scalar], _ node: String) throws(FileError) {
    guard let before = pending else {
      pending = (factors, offsets, node)
      return
    }
    let count = [before.factors, before.offsets, factors, offsets].map(\.count).max()!
    func fits(_ values: [Scalar]) -> Bool { [1, count].contains(values.count) }
    guard fits(before.factors), fits(before.offsets), fits(factors), fits(offsets) else {
      throw .unsupportedNode(path: path, node: node, problem: "its constants have other sizes than those before it")
    }
    func element(_ values: [Scalar], _ index: Int) -> Scalar { values[values.count == 1 ? 0 : index] }
    pending = (
      (0..<count).map { element(before.factors, $0) * element(factors, $0) },
      (0..<count).map { element(before.offsets, $0) * element(factors, $0) + element(offsets, $0) }, node
    )
  }

  /// Makes the network of all layers.
  func network() throws(FileError) -> Network<Scalar> {
    if let pending {
      throw .unsupportedNode(
        path: path, node: pending.node, problem: "no Gemm or MatMul follows, whose weights could take it up")
    }
    guard !layers.isEmpty else { throw .unsupportedGraph(path: path, problem: "the graph has no Gemm and no MatMul") }
    guard layers.count <= mostLayers else {
      throw .unsupportedGraph(
        path: path, problem: "the graph has \(layers.count) layers, expected at most \(mostLayers)")
    }
    var network = Network<Scalar>(
      layers.map {
        Dense(
          $0.weights.columns, $0.bias.count, $0.activation ?? .identity,
          normalization: $0.normalization == nil ? .none : .layer)
      })
    for (index, layer) in layers.enumerated() {
      network[layer: index, .weights] = layer.weights
      network[layer: index, .bias] = Matrix(layer.bias)
      guard let (scale, shift) = layer.normalization else { continue }
      network[layer: index, .scale] = Matrix(scale)
      network[layer: index, .shift] = Matrix(shift)
    }
    guard network.parameters.maxMagnitude().isFinite else {
      throw .unsupportedGraph(path: path, problem: "the weights, with the scaling beside them, are not finite")
    }
    return network
  }
}
