import PerceptronFiles
import Tensor

/// The weights and bias of a linear module.
struct LinearParameters<Scalar: BLASScalar> {
  var weights: Matrix<Scalar>  // outputs × inputs
  var bias: [Scalar]  // outputs
}

/// The scale and shift of a normalisation, and, for batch normalisation, the statistics.
struct NormParameters<Scalar: BLASScalar> {
  var scale: [Scalar]
  var shift: [Scalar]
  var statistics: (mean: [Scalar], variance: [Scalar])?
}

/// Assigns the tensors of a state dictionary to the listed modules, in order.
struct ModuleParameters {
  private let file: SafeTensors
  private var modules: ArraySlice<StateDictionary.Module>
  /// Whether the modules' numbers are their positions in the list.
  private let areNumbersPlaces: Bool

  init(_ file: SafeTensors, _ modules: [StateDictionary.Module], of list: [SequentialModule]) {
    self.file = file
    self.modules = modules[...]
    areNumbersPlaces = modules.allSatisfy { module in
      guard let number = module.number, list.indices.contains(number) else { return false }
      switch (list[number], module.kind) {
      case (.linear, .linear), (.batchNorm, .batchNorm), (.layerNorm, .layerNorm): return true
      default: return false
      }
    }
  }

  /// Returns the parameters of the linear module at a position of the list, counted from 0. A module without a bias
  /// gets a bias of 0.
  mutating func linear<Scalar>(_ place: Int, inputs: Int?) throws(FileError) -> LinearParameters<Scalar> {
    let module = try next(.linear, "linear", place)
    let weight = try entry("weight", module)
    guard weight.shape.count == 2, weight.shape[0] > 0, weight.shape[1] == inputs ?? max(weight.shape[1], 1) else {
      let expected = "outputs×\(inputs.map(String.init) ?? "inputs")"
      throw mismatch("tensor \(quoted(weight.name)) is \(shapeText(weight.shape)), expected \(expected)")
    }
    var weights = Matrix<Scalar>(rows: weight.shape[0], columns: weight.shape[1])
    try weights.withTile { (weights) throws(FileError) in try file.read(weight.name, into: weights) }
    guard weights.maxMagnitude().isFinite else { throw .notFinite(path: file.path, name: weight.name) }
    return LinearParameters(
      weights: weights,
      bias: try vector("bias", module, weight.shape[0]) ?? Array(repeating: 0, count: weight.shape[0]))
  }

  mutating func batchNorm<Scalar>(_ place: Int, units: Int?) throws(FileError) -> NormParameters<Scalar> {
    let module = try next(.batchNorm, "batch-norm", place)
    let mean = try entry("running_mean", module)
    let units = units ?? mean.shape.first ?? 0
    _ = try entry("running_var", module)
    var parameters: NormParameters<Scalar> = try norm(module, units)
    let variance: [Scalar] = try vector("running_var", module, units)!
    guard variance.allSatisfy({ $0 >= 0 }) else {
      throw .negativeVariance(path: file.path, name: module.name + "running_var")
    }
    parameters.statistics = (try vector("running_mean", module, units)!, variance)
    return parameters
  }

  /// A normalisation without tensors has a scale of 1 and a shift of 0.
  mutating func layerNorm<Scalar>(_ place: Int, units: Int?) throws(FileError) -> NormParameters<Scalar> {
    guard let module = modules.first, module.kind == .layerNorm, !areNumbersPlaces || module.number == place else {
      guard let units else { throw mismatch("there is no tensor for module \(place), layer-norm") }
      return NormParameters(
        scale: Array(repeating: 1, count: units), shift: Array(repeating: 0, count: units))
    }
    modules.removeFirst()
    return try norm(module, units ?? module.example.shape.first ?? 0)
  }

  /// - Throws: `FileError.otherModules` if a module is left.
  func checkAllUsed() throws(FileError) {
    guard let module = modules.first else { return }
    throw mismatch("tensor \(quoted(module.example.name)) is not used: there are more modules than are listed")
  }

  private func norm<Scalar>(
    _ module: StateDictionary.Module, _ units: Int
  ) throws(FileError) -> NormParameters<Scalar> {
    guard units > 0 else { throw mismatch("tensor \(quoted(module.example.name)) is empty") }
    return NormParameters(
      scale: try vector("weight", module, units) ?? Array(repeating: 1, count: units),
      shift: try vector("bias", module, units) ?? Array(repeating: 0, count: units))
  }

  private mutating func next(
    _ kind: StateDictionary.Kind, _ name: String, _ place: Int
  ) throws(FileError) -> StateDictionary.Module {
    guard let module = modules.popFirst() else { throw mismatch("there is no tensor for module \(place), \(name)") }
    if kind == .batchNorm && module.kind == .layerNorm {
      throw .missingTensor(path: file.path, name: module.name + "running_mean")
    }
    guard module.kind == kind else {
      let example = module.example
      throw mismatch(
        "tensor \(quoted(example.name)) is \(shapeText(example.shape)), which is not of module \(place), \(name)")
    }
    return module
  }

  private func entry(_ own: String, _ module: StateDictionary.Module) throws(FileError) -> SafeTensors.Entry {
    guard let entry = module.tensors[own] else { throw .missingTensor(path: file.path, name: module.name + own) }
    return entry
  }

  /// Returns a tensor of `count` numbers, or nil if the module has no tensor of that name.
  private func vector<Scalar: BLASScalar>(
    _ own: String, _ module: StateDictionary.Module, _ count: Int
  ) throws(FileError) -> [Scalar]? {
    guard let entry = module.tensors[own] else { return nil }
    guard entry.shape == [count] else {
      throw mismatch("tensor \(quoted(entry.name)) is \(shapeText(entry.shape)), expected \(count)")
    }
    return try values(entry)
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func values<Scalar: BLASScalar>(_ entry: SafeTensors.Entry) throws(FileError) -> [Scalar] {
    let values: [Scalar] = try file.values(of: entry.name)
    guard values.allSatisfy({ $0.isFinite }) else { throw .notFinite(path: file.path, name: entry.name) }
    return values
  }

  private func mismatch(_ problem: String) -> FileError { .otherModules(path: file.path, problem: problem) }
}
