import PerceptronFiles
import PerceptronLayers
import Tensor

/// Reads the parameters of the listed modules from a state dictionary, in order.
struct SequentialReader {
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
      case (.linear, let kind): return kind == .linear
      case (.normalization(let normalization), let kind): return kind == normalization.moduleKind
      default: return false
      }
    }
  }

  /// Returns the parameters of the linear module at a position of the list, counted from 0. A module without a bias
  /// gets a bias of 0.
  mutating func linear<Scalar>(_ place: Int, inputs: Int?) throws(FileError) -> ImportedOperation<Scalar> {
    let module = try next(.linear, "linear", place)
    let weight = try entry("weight", module)
    guard weight.shape.count == 2, weight.shape[0] > 0, weight.shape[1] == inputs ?? max(weight.shape[1], 1) else {
      let expected = "outputs×\(inputs.map(String.init) ?? "inputs")"
      throw mismatch("tensor \(quoted(weight.name)) is \(shapeText(weight.shape)), expected \(expected)")
    }
    var weights = Matrix<Scalar>(rows: weight.shape[0], columns: weight.shape[1])
    try weights.withTile { (weights) throws(FileError) in try file.read(weight.name, into: weights) }
    guard weights.maxMagnitude().isFinite else { throw .notFinite(path: file.path, name: weight.name) }
    return .linear(
      weights: weights,
      bias: try vector("bias", module, weight.shape[0]) ?? Matrix(rows: weight.shape[0], columns: 1))
  }

  /// Returns the parameters of the normalisation at a position of the list. Without tensors, its scale is 1 and its
  /// shift 0; running statistics need tensors.
  mutating func normalization<Scalar>(
    _ normalization: Normalization, _ place: Int, units: Int?
  ) throws(FileError) -> ImportedOperation<Scalar> {
    let (kind, name) = (normalization.moduleKind, "\(normalization)-norm")
    var module: StateDictionary.Module?
    if kind == .normWithStatistics {
      module = try next(kind, name, place)
    } else if let first = modules.first, first.kind == kind, !areNumbersPlaces || first.number == place {
      module = modules.removeFirst()
    }
    var units = units
    if let module, units == nil { units = try size(module) }
    guard let units else { throw mismatch("there is no tensor for module \(place), \(name)") }
    let names = normalization.parameters.map(\.tensorName)
    if let extra = module?.tensors.first(where: { !names.contains($0.key) })?.value {
      throw mismatch("tensor \(quoted(extra.name)) is not used: \(name) has no tensor of that name")
    }
    var parameters: [LayerParameter: Matrix<Scalar>] = [:]
    for parameter in normalization.parameters {
      var values = Matrix<Scalar>(rows: units, columns: 1, repeating: parameter == .scale ? 1 : 0)
      if let module {
        if parameter.isStatistic { _ = try entry(parameter.tensorName, module) }
        values = try vector(parameter.tensorName, module, units) ?? values
      }
      parameters[parameter] = values
    }
    if let module, let variance = parameters[.runningVariance], variance.elements.contains(where: { $0 < 0 }) {
      throw .negativeVariance(path: file.path, name: module.name + LayerParameter.runningVariance.tensorName)
    }
    // PyTorch's default ε of RMSNorm is that of its precision.
    let isDouble = module.map { $0.example.dataType == .f64 } ?? file.entries.contains { $0.dataType == .f64 }
    let rmsEpsilon = isDouble ? Double.ulpOfOne : Double(Float.ulpOfOne)
    let epsilon = normalization == .rms ? rmsEpsilon : Normalization.epsilon
    return .normalization(normalization, parameters, epsilon: epsilon)
  }

  /// The number of units of a normalisation.
  private func size(_ module: StateDictionary.Module) throws(FileError) -> Int {
    let entry = module.kind == .normWithStatistics ? try entry("running_mean", module) : module.example
    guard let units = entry.shape.first, units > 0 else { throw mismatch("tensor \(quoted(entry.name)) is empty") }
    return units
  }

  /// - Throws: `FileError.otherModules` if a module is left.
  func checkAllUsed() throws(FileError) {
    guard let module = modules.first else { return }
    throw mismatch("tensor \(quoted(module.example.name)) is not used: there are more modules than are listed")
  }

  private mutating func next(
    _ kind: StateDictionary.Kind, _ name: String, _ place: Int
  ) throws(FileError) -> StateDictionary.Module {
    guard let module = modules.popFirst() else { throw mismatch("there is no tensor for module \(place), \(name)") }
    if kind == .normWithStatistics && module.kind == .norm {
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
  ) throws(FileError) -> Matrix<Scalar>? {
    guard let entry = module.tensors[own] else { return nil }
    guard entry.shape == [count] else {
      throw mismatch("tensor \(quoted(entry.name)) is \(shapeText(entry.shape)), expected \(count)")
    }
    return Matrix(try values(entry))
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

extension Normalization {
  /// The kind of module that it is in a state dictionary.
  fileprivate var moduleKind: StateDictionary.Kind {
    parameters.contains(where: \.isStatistic) ? .normWithStatistics : .norm
  }
}
