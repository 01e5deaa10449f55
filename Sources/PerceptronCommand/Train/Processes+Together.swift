import Perceptron

/// The end of a run on which all its processes have agreed, because one of them could not go on.
struct CommonEnd: Error {
  /// What the first process says; nil on the others.
  let cause: (any Error)?
  let exitCode: Int32
}

/// An error of one process while the others do work of their own, so that they cannot be told. It ends all processes.
struct LoneFailure: Error {
  let error: CommandError
  /// Whether the others may fail at the same time, and the first of them speaks for all.
  let waits: Bool

  init(cause: any Error, _ processes: Processes) {
    let cause = CommandError(cause)
    error = CommandError(message: "on \(processes.place): \(cause.message)", exitCode: cause.exitCode)
    waits = !processes.isFirst
  }
}

extension Processes {
  /// Does something on each process. If it fails on one of them, all throw a ``CommonEnd``.
  ///
  /// Without other processes, the error is thrown as it is; so is a ``LoneFailure``. If the body itself calls this
  /// function, a process that fails before the inner call ends all others there.
  func together<Result>(_ body: () throws -> Result) throws -> Result {
    guard count > 1 else { return try body() }
    let result = Swift.Result { try body() }
    var cause: (any Error)?
    if case .failure(let error) = result {
      // All processes know of a common end.
      if error is LoneFailure || error is CommonEnd { throw error }
      cause = error
    }
    let codes = gather(cause.map { Double(exitCode(of: $0)) } ?? 0).map { Int32($0) }
    guard let failed = codes.firstIndex(where: { $0 != 0 }) else { return try result.get() }
    let message = cause.map { "on \(place): \(CommandError($0).message)" } ?? ""
    let messages = gather(Array(message.utf8))
    guard isFirst else { throw CommonEnd(cause: nil, exitCode: codes[failed]) }
    let other = CommandError(message: String(decoding: messages[failed], as: UTF8.self), exitCode: codes[failed])
    throw CommonEnd(cause: failed == rank ? cause : other, exitCode: codes[failed])
  }

  /// The name of this process in messages.
  var place: String { "\(host) (process \(rank + 1) of \(count))" }

  /// Ends all processes unless what they say about themselves is the same everywhere.
  ///
  /// - Parameter facts: What must be the same, by name. The value of `data` is not shown.
  func check(_ facts: @autoclosure () -> [String: String]) throws {
    guard count > 1 else { return }
    let facts = facts()
    // A process that has failed before meets the others here.
    try together {}
    let (field, line): (Character, Character) = ("\u{1F}", "\u{1E}")
    let text = facts.map { "\($0.key)\(field)\($0.value)" }.joined(separator: String(line))
    let places = gather(Array(place.utf8)).map { String(decoding: $0, as: UTF8.self) }
    let all = gather(Array(text.utf8)).map { bytes in
      let pairs = String(decoding: bytes, as: UTF8.self).split(separator: line).map { text in
        let parts = text.split(separator: field, maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        return (parts[0], parts[1])
      }
      return Dictionary(pairs, uniquingKeysWith: { $1 })
    }
    guard let other = all.firstIndex(where: { $0 != all[0] }) else { return }
    let differing = Set(all[0].keys).union(all[other].keys).filter { all[0][$0] != all[other][$0] }
    // The options are compared before any data are read, so settings that differ later follow from other data.
    let name = ["version", "data"].first(where: differing.contains) ?? differing.min()!
    try together {
      if name == "data" {
        throw CommandError.badData(
          "\(places[other]) has other data than \(places[0]); give all processes the same files")
      }
      let (own, first) = (all[other][name], all[0][name])
      let isFlag = [own, first].allSatisfy { $0 ?? "" == "" }
      func shown(_ value: String?) -> String { value ?? "nothing" }
      throw CommandError.usage(
        (isFlag
          ? "\(places[own == nil ? 0 : other]) has \(name), and \(places[own == nil ? other : 0]) has not"
          : "\(places[other]) has \(shown(own)) for \(name), and \(places[0]) \(shown(first))")
          + "; all processes must have the same")
    }
  }
}

/// The exit code for an error.
func exitCode(of error: any Error) -> Int32 {
  switch error {
  case let end as CommonEnd: end.exitCode
  case let failure as LoneFailure: failure.error.exitCode
  case let interruption as Interruption: interruption.exitCode
  default: CommandError(error).exitCode
  }
}
