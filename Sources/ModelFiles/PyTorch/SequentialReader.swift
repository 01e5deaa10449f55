import PerceptronFiles
import PerceptronLayers
import Tensor

/// Reads the parameters of the listed modules from a state dictionary, in order.
struct SequentialReader {
  private let file: SafeTensors
  /// The modules that have not been read: in order, except that norms with names are found by their sizes.
  private var modules: [StateDictionary.Module]
  /// Whether the order is that of numbers.
  private let isOrdered: Bool
  /// Whether the modules' numbers are their positions in the list.
  private let areNumbersPlaces: Bool

  /// - Throws: `FileError.otherModules` if the order of modules with names is not known.
  init(_ file: SafeTensors, _ dictionary: StateDictionary, of list: [SequentialModule]) throws(FileError) {
    self.file = file
    modules = dictionary.modules
    isOrdered = dictionary.isOrdered
    areNumbersPlaces = modules.allSatisfy { module in
      guard let number = module.number, list.indices.contains(number) else { return false }
      switch (list[number].kind, module.kind) {
      case (.linear, let kind): return kind == .linear
      case (.normalization(let normalization, _), let kind): return kind == normalization.moduleKind
      case (.parametricRectifier, let kind): return kind == .norm
      default: return false
      }
    }
    guard !isOrdered else { return }
    // Modules that the list names need no order.
    let named = Set(list.compactMap(\.name))
    let isNamed = { (module: StateDictionary.Module) in named.contains { Self.isName($0, of: module) } }
    let linears = modules.filter { $0.kind == .linear && !isNamed($0) }
    guard let order = linears.linearOrder() else {
      let names = linears.map { quoted(String($0.name.dropLast())) }.joined(separator: ", ")
      throw mismatch(
        "the order of the modules \(names) is not clear; name them, as in linear=\(linears[0].name.dropLast()),relu")
    }
    modules = order + modules.filter { $0.kind != .linear || isNamed($0) }
  }

  /// Whether a module has a name, which may lack a prefix.
  private static func isName(_ name: String, of module: StateDictionary.Module) -> Bool {
    module.name == name + "." || module.name.hasSuffix("." + name + ".")
  }

  /// Returns the parameters of the linear module at a position of the list, counted from 0. A module without a bias
  /// gets a bias of 0.
  mutating func linear<Scalar>(
    _ place: Int, _ wanted: String?, inputs: Int?
  ) throws(FileError) -> ImportedOperation<Scalar> {
    let module = try next(.linear, "linear", place, wanted)
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

  /// Returns the slopes of the parametric rectifier at a position of the list.
  mutating func slopes<Scalar: BLASScalar>(
    _ place: Int, _ wanted: String?, units: Int?
  ) throws(FileError) -> [Scalar] {
    let module = try next(.norm, "prelu", place, wanted, units: units) { $0.tensors.count == 1 }
    try check(module, hasOnly: ["weight"], "prelu")
    return try values(entry("weight", module))
  }

  /// Returns the parameters of the normalisation at a position of the list. Without tensors, its scale is 1 and its
  /// shift 0; running statistics need tensors.
  ///
  /// - Parameter epsilon: Another ε than PyTorch's default.
  mutating func normalization<Scalar>(
    _ normalization: Normalization, _ place: Int, _ wanted: String?, units: Int?, epsilon: Double?
  ) throws(FileError) -> ImportedOperation<Scalar> {
    let (kind, name) = (normalization.moduleKind, "\(normalization)-norm")
    let needsTensors = kind == .normWithStatistics || wanted != nil
    let module =
      try needsTensors || comesNext(kind, place) ? next(kind, name, place, wanted, units: units) : nil
    var units = units
    if let module, units == nil { units = try size(module) }
    guard let units else { throw mismatch("there is no tensor for module \(place), \(name)") }
    if let module { try check(module, hasOnly: normalization.parameters.map(\.tensorName), name) }
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
    let standard = normalization == .rms ? rmsEpsilon : Normalization.epsilon
    guard normalization == .batch, let epsilon, epsilon != standard else {
      return .normalization(normalization, parameters, epsilon: epsilon ?? standard)
    }
    return .scaling(UnitScaling(epsilon: epsilon) { parameters[$0]! })
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

  /// Whether the module for a position of the list has tensors, if it may have none and has no name.
  private func comesNext(_ kind: StateDictionary.Kind, _ place: Int) -> Bool {
    guard isOrdered else { return modules.contains { $0.kind == kind } }
    guard let first = modules.first else { return false }
    return first.kind == kind && (!areNumbersPlaces || first.number == place)
  }

  /// Takes the module for a position of the list.
  ///
  /// - Parameters:
  ///   - wanted: The name that the list gives to the module; nil for the next one.
  ///   - units: The size of a norm; nil if any is possible.
  ///   - fits: Tells candidates apart that the list does not name.
  private mutating func next(
    _ kind: StateDictionary.Kind, _ name: String, _ place: Int, _ wanted: String?, units: Int? = nil,
    where fits: (StateDictionary.Module) -> Bool = { _ in true }
  ) throws(FileError) -> StateDictionary.Module {
    guard let index = try index(of: kind, name, place, wanted, units, fits) else {
      throw mismatch("there is no tensor for module \(place), \(name)")
    }
    let module = modules[index]
    if kind == .normWithStatistics && module.kind == .norm {
      throw .missingTensor(path: file.path, name: module.name + "running_mean")
    }
    guard module.kind == kind else {
      let example = module.example
      throw mismatch(
        "tensor \(quoted(example.name)) is \(shapeText(example.shape)), which is not of module \(place), \(name)")
    }
    modules.remove(at: index)
    return module
  }

  /// The index of the module for a position of the list; nil if none is left.
  private func index(
    of kind: StateDictionary.Kind, _ name: String, _ place: Int, _ wanted: String?, _ units: Int?,
    _ fits: (StateDictionary.Module) -> Bool
  ) throws(FileError) -> Int? {
    if let wanted {
      let places = modules.indices.filter { Self.isName(wanted, of: modules[$0]) }
      guard places.count == 1 else {
        throw mismatch(
          places.isEmpty
            ? "there is no module called \(quoted(wanted)), or it is listed twice"
            : "several modules are called \(quoted(wanted))")
      }
      return places[0]
    }
    if isOrdered { return modules.indices.first }
    var places = modules.indices.filter { modules[$0].kind == kind && fits(modules[$0]) }
    guard kind != .linear else { return places.first }
    if let units {
      // A single slope fits any number of units.
      let fitting = places.filter { [[units], [1]].contains(modules[$0].example.shape) }
      if !fitting.isEmpty { places = fitting }
    }
    guard Set(places.map { modules[$0].pattern.text }).count <= 1 else {
      let names = places.map { quoted(String(modules[$0].name.dropLast())) }.joined(separator: ", ")
      throw mismatch(
        "which of \(names) is module \(place) is not clear; name it, as in"
          + " \(name)=\(modules[places[0]].name.dropLast())")
    }
    return places.first
  }

  private func check(
    _ module: StateDictionary.Module, hasOnly names: [String], _ name: String
  ) throws(FileError) {
    guard let extra = module.tensors.first(where: { !names.contains($0.key) })?.value else { return }
    throw mismatch("tensor \(quoted(extra.name)) is not used: \(name) has no tensor of that name")
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
