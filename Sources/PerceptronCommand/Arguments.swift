/// The parsed words after a command's name: `--name value` and `--name=value` options, flags, and positional arguments
/// in order.
struct Arguments {
  private(set) var positional: [String] = []
  private var values: [String: String] = [:]
  private var flags: Set<String> = []

  init(_ words: some Sequence<String>, options: [Option]) throws(CommandError) {
    var words = Array(words)[...]
    while let word = words.popFirst() {
      guard word.hasPrefix("-"), word != "-" else {
        positional.append(word)
        continue
      }
      if word == "--" {
        positional += words
        return
      }
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      let name = parts[0]
      guard let option = options.first(where: { $0.name == name }) else {
        throw .usage("unknown option \(name); --help lists the options")
      }
      guard values[name] == nil, !flags.contains(name) else { throw .usage("\(name) is given twice") }
      if option.placeholder == nil {
        guard parts.count == 1 else { throw .usage("\(name) takes no value") }
        flags.insert(name)
      } else if parts.count == 2 {
        values[name] = parts[1]
      } else {
        guard let value = words.popFirst() else { throw .usage("\(name) needs a value") }
        values[name] = value
      }
      if values[name] == "" && name != "--hidden" { throw .usage("\(name) needs a value") }
    }
  }

  func flag(_ name: String) -> Bool { flags.contains(name) }

  func string(_ name: String) -> String? { values[name] }

  /// Returns the positional arguments; the names are for error messages.
  func positional(_ names: String...) throws(CommandError) -> [String] {
    guard positional.count >= names.count else { throw .usage("\(names[positional.count]) is missing") }
    guard positional.count == names.count else {
      let advice = names.last == "DATA" ? "; put a pattern of several files in quotes, such as 'part-*.csv'" : ""
      throw .usage("unexpected argument \(positional[names.count])\(advice)")
    }
    return positional
  }

  /// Returns an option's value as an integer in a range.
  func integer(_ name: String, in range: ClosedRange<Int>) throws(CommandError) -> Int? {
    guard let text = values[name] else { return nil }
    guard let value = Int(text), range.contains(value) else {
      throw .usage(
        "\(name): expected a whole number from \(range.lowerBound) to \(range.upperBound), found"
          + " \(text.debugDescription)")
    }
    return value
  }

  /// Returns an option's value as a positive number.
  func positive(_ name: String) throws(CommandError) -> Double? {
    guard let text = values[name] else { return nil }
    guard let value = Double(text), value > 0, value.isFinite else {
      throw .usage("\(name): expected a positive number, found \(text.debugDescription)")
    }
    return value
  }

  /// Returns an option's value as a number of at least 0.
  func natural(_ name: String) throws(CommandError) -> Double? {
    guard let text = values[name] else { return nil }
    guard let value = Double(text), value >= 0, value.isFinite else {
      throw .usage("\(name): expected 0 or a positive number, found \(text.debugDescription)")
    }
    return value
  }

  /// Returns an option's value as a number from 0 to below 1.
  func share(_ name: String) throws(CommandError) -> Double? {
    guard let text = values[name] else { return nil }
    guard let value = Double(text), value >= 0, value < 1 else {
      throw .usage("\(name): expected a number from 0 to below 1, found \(text.debugDescription)")
    }
    return value
  }

  /// Returns the choice that an option names. Names that do not begin with a letter are not listed in errors: they may
  /// be characters for which other choices are the names.
  func choice<Value>(_ name: String, _ choices: [(String, Value)]) throws(CommandError) -> Value? {
    guard let text = values[name] else { return nil }
    if let choice = choices.first(where: { $0.0 == text }) { return choice.1 }
    let names = choices.map(\.0).filter { $0.first?.isLetter == true }.joined(separator: ", ")
    throw .usage("\(name): expected one of \(names), found \(text.debugDescription)")
  }
}
