import Glibc

/// The words of a command line: arguments, and options whose value is the next word or follows `=`.
public struct CommandWords {
  private var rest: ArraySlice<String>
  /// The option that was read last, and the value after its `=`.
  private var (option, attached): (String, String?) = ("", nil)

  public init(_ words: [String]) { rest = words[...] }

  /// Returns the next argument, or the next option without its `=` and value; nil at the end.
  ///
  /// - Throws: If the previous option has a value that was not read.
  public mutating func next() throws(Failure) -> String? {
    if attached != nil { throw .usage("\(option) takes no value") }
    guard let word = rest.popFirst() else { return nil }
    (option, attached) = (word, nil)
    if word.hasPrefix("-"), let sign = word.firstIndex(of: "=") {
      (option, attached) = (String(word[..<sign]), String(word[sign...].dropFirst()))
    }
    return option
  }

  /// The value of the option that was read last.
  public mutating func value() throws(Failure) -> String {
    guard let value = attached ?? rest.popFirst() else { throw .usage("\(option) needs a value") }
    attached = nil
    return value
  }

  public mutating func number(_ range: ClosedRange<Int>) throws(Failure) -> Int {
    let text = try value()
    guard let number = Int(text), range.contains(number) else {
      throw .usage(
        "\(option): expected a whole number from \(range.lowerBound) to \(range.upperBound), found"
          + " \(text.debugDescription)")
    }
    return number
  }

  public mutating func address() throws(Failure) -> String {
    let text = try value()
    var address = in_addr()
    guard inet_pton(AF_INET, text, &address) == 1 else {
      throw .usage("\(option): expected an IPv4 address such as 127.0.0.1, found \(text.debugDescription)")
    }
    return text
  }

  /// The failure for an unknown option.
  public var unknown: Failure { .usage("unknown option \(option); --help lists the options") }
}
