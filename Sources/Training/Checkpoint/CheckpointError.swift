import Datasets

/// Why a training cannot go on from a checkpoint, told in one line that says what was found, what was expected and what
/// to do.
public enum CheckpointError: Error, Sendable, Equatable {
  /// The file is not there or cannot be read.
  case unreadable(DataError)
  /// The file is cut short, changed, or something else; `problem` says how it shows.
  case damaged(path: String, problem: String)
  /// Another version of this program wrote the file.
  case otherVersion(path: String, found: String, expected: String)
  /// The numbers in the file are of the other precision.
  case otherPrecision(path: String, found: String, expected: String)
  /// The trainer was made with other settings than the one that the checkpoint is of; the first that differs.
  case otherTraining(setting: String, found: String, expected: String)
  /// A value in the checkpoint is missing or cannot be.
  case badValue(name: String)
}

extension CheckpointError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unreadable(let error): "\(error)"
    case .damaged(let path, let problem):
      "\(path): damaged, or not a checkpoint: \(problem); put back a copy of it, or remove it to begin anew"
    case .otherVersion(let path, let found, let expected):
      "\(path): a checkpoint of version \(line(found)), expected \(expected); go on with the program that wrote it, or remove it"
        + " to begin anew"
    case .otherPrecision(let path, let found, let expected):
      "\(path): a training in \(line(found)) precision, expected \(expected); train in \(line(found)) precision, or remove it to begin anew"
    case .otherTraining(let setting, let found, let expected):
      "the checkpoint is of another training: its \(setting) is \(line(found)), here it is \(expected); train with the same"
    case .badValue(let name):
      "the checkpoint contradicts itself: its \(name) is missing or impossible; begin anew"
    }
  }
}

/// Text from a file without what would break the line, and no longer than a line can bear.
private func line(_ text: String) -> String {
  let longest = 1000
  let scalars = text.unicodeScalars.prefix(longest).map { $0.value < 0x20 || $0.value == 0x7F ? "\u{FFFD}" : $0 }
  return String(String.UnicodeScalarView(scalars)) + (text.unicodeScalars.count > longest ? "…" : "")
}
