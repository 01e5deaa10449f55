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

  /// The modules in the order of their numbers.
  let modules: [Module]

  /// Groups a file's tensors by module. Integer tensors such as `num_batches_tracked` are left out.
  ///
  /// The modules are numbered; modules of nested Sequentials have several numbers. All names may share a prefix.
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
      return
    }
    var shared = first.count
    for path in modules.keys {
      shared = zip(first.prefix(shared), path).prefix { $0 == $1 }.count
    }
    var numbered: [(numbers: [Int], module: Module)] = []
    for (path, module) in modules.sorted(by: { $0.value.name < $1.value.name }) {
      var numbers: [Int] = []
      for word in path.dropFirst(shared) {
        guard let number = Int(word), number >= 0, String(number) == word else {
          throw refused(module.example, "has \(quoted(word)) in its name, expected the number of a module")
        }
        numbers.append(number)
      }
      numbered.append((numbers, module))
    }
    self.modules = numbered.sorted { $0.numbers.lexicographicallyPrecedes($1.numbers) }.map(\.module)
  }
}
