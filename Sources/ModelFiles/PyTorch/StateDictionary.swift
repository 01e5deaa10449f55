import PerceptronFiles
import PerceptronLayers

/// The tensors of a PyTorch state dictionary, module by module.
struct StateDictionary {
  /// The kind of a module with these tensors.
  enum Kind {
    case linear
    /// With running statistics: batch normalisation.
    case normWithStatistics
    /// Layer or RMS normalisation.
    case norm
  }

  struct Module {
    /// The module's name with a trailing dot, as in "net.3.".
    let name: String
    /// The module's number in its Sequential; nil if it has none.
    let number: Int?
    /// The tensors by their names within the module.
    var tensors: [String: SafeTensors.Entry]

    var kind: Kind {
      if tensors["running_mean"] != nil || tensors["running_var"] != nil { return .normWithStatistics }
      return tensors["weight"]?.shape.count == 1 ? .norm : .linear
    }

    /// One of the tensors: the weight if there is one.
    var example: SafeTensors.Entry { tensors["weight"] ?? tensors.min { $0.key < $1.key }!.value }
  }

  private static let mostTensors = 16_384
  private static let mostDots = 16

  /// The modules in the order of their numbers, or of their names if not all are numbered.
  let modules: [Module]
  /// Whether the order is known, because all modules are numbered, or there is only one.
  let isOrdered: Bool

  /// Groups a file's tensors by module. Integer tensors such as `num_batches_tracked` are left out.
  ///
  /// Modules of nested Sequentials have several numbers. All names may share a prefix.
  ///
  /// - Throws: `FileError.otherModules` that names the first tensor with an unexpected name.
  init(_ file: SafeTensors) throws(FileError) {
    func refused(_ entry: SafeTensors.Entry, _ problem: String) -> FileError {
      .otherModules(path: file.path, problem: "tensor \(quoted(entry.name)) \(problem)")
    }
    // Each tensor takes more memory than its text takes in the file.
    guard file.entries.count <= Self.mostTensors else {
      throw .otherModules(
        path: file.path, problem: "found \(file.entries.count) tensors, expected at most \(Self.mostTensors)")
    }
    var modules: [[String]: Module] = [:]
    for entry in file.entries where !entry.dataType.isInteger {
      guard entry.name.utf8.count(where: { $0 == UInt8(ascii: ".") }) <= Self.mostDots else {
        throw refused(entry, "has more than \(Self.mostDots) dots in its name")
      }
      let words = entry.name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
      let (path, own) = (Array(words.dropLast()), words.last ?? "")
      guard LayerParameter.allCases.contains(where: { $0.tensorName == own }) else {
        throw refused(entry, "is not used: no linear or normalization module has a tensor of that name")
      }
      let name = path.map { $0 + "." }.joined()
      modules[path, default: Module(name: name, number: path.last.flatMap { Int($0) }, tensors: [:])].tensors[own] =
        entry
    }
    guard modules.count > 1, let first = modules.keys.first else {
      self.modules = Array(modules.values)
      isOrdered = true
      return
    }
    var shared = first.count
    for path in modules.keys {
      shared = zip(first.prefix(shared), path).prefix { $0 == $1 }.count
    }
    let numbered = modules.map { path, module in (path.dropFirst(shared).map { Self.number($0) ?? -1 }, module) }
    isOrdered = numbered.allSatisfy { !$0.0.contains(-1) }
    self.modules =
      isOrdered
      ? numbered.sorted { $0.0.lexicographicallyPrecedes($1.0) }.map(\.1)
      : modules.values.sorted {
        $0.pattern.numbers.lexicographicallyPrecedes($1.pattern.numbers)
          || $0.pattern.numbers == $1.pattern.numbers && $0.name < $1.name
      }
  }

  private static func number(_ word: String) -> Int? {
    Int(word).flatMap { $0 >= 0 && String($0) == word ? $0 : nil }
  }
}

extension StateDictionary.Module {
  /// The name with a # in place of each number, and these numbers: the same for `fc1` and `fc2`.
  var pattern: (text: String, numbers: [Int]) {
    var (text, numbers, digits) = ("", [Int](), "")
    for character in name + " " {
      if character.isASCII, character.isNumber {
        digits.append(character)
        continue
      }
      if let number = Int(digits) {
        numbers.append(number)
        text += "#"
      } else {
        text += digits
      }
      digits = ""
      text.append(character)
    }
    return (text, numbers)
  }
}

extension [StateDictionary.Module] {
  /// Linear modules in the order in which a network uses them, in which each takes the outputs of the one before; nil
  /// if several orders are possible. Modules whose names differ in their numbers alone are in the order of these.
  func linearOrder() -> [StateDictionary.Module]? {
    if Set(map(\.pattern.text)).count == 1 {
      return sorted { $0.pattern.numbers.lexicographicallyPrecedes($1.pattern.numbers) }
    }
    // With more modules, the search could take long.
    guard count <= 12, allSatisfy({ $0.tensors["weight"]?.shape.count == 2 }) else { return nil }
    let patterns = map(\.pattern)
    let sizes = map { $0.tensors["weight"]!.shape }
    var found: [[Int]] = []
    func extend(_ order: [Int]) {
      guard found.count < 2 else { return }
      if order.count == count { return found.append(order) }
      for next in indices where !order.contains(next) {
        if let last = order.last, sizes[next][1] != sizes[last][0] { continue }
        // Those with a smaller number come first.
        let comesLater = indices.contains { other in
          other != next && !order.contains(other) && patterns[other].text == patterns[next].text
            && patterns[other].numbers.lexicographicallyPrecedes(patterns[next].numbers)
        }
        if !comesLater { extend(order + [next]) }
      }
    }
    extend([])
    return found.count == 1 ? found[0].map { self[$0] } : nil
  }
}
