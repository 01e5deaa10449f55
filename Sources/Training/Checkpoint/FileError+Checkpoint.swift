import PerceptronFiles

extension FileError {
  /// The file is cut short, changed, or not a checkpoint; `problem` says how this shows.
  package static func damaged(path: String, problem: String) -> FileError {
    FileError(path: path, "damaged, or not a checkpoint: \(problem); restore a copy of it, or remove it to start anew")
  }

  /// Another version of this program wrote the file.
  package static func otherVersion(path: String, found: String, expected: String) -> FileError {
    FileError(
      path: path,
      "a checkpoint of version \(cut(found)), expected \(expected); continue with the program that wrote it,"
        + " or remove it to start anew")
  }

  /// The numbers in the file have the other precision.
  package static func otherPrecision(path: String, found: String, expected: String) -> FileError {
    FileError(
      path: path,
      "a training in \(cut(found)) precision, expected \(expected);"
        + " train in \(cut(found)) precision, or remove it to start anew")
  }

  /// The checkpoint's trainer had other settings than this one. The error names the first setting that differs.
  package static func otherTraining(setting: String, found: String, expected: String) -> FileError {
    FileError(
      path: nil,
      "the checkpoint belongs to another training: its \(cut(setting)) is \(cut(found)), here it is \(expected);"
        + " train with the same settings")
  }

  /// A value in the checkpoint is missing or impossible.
  package static func badValue(name: String) -> FileError {
    FileError(path: nil, "the checkpoint contradicts itself: its \(name) is missing or impossible; start anew")
  }
}

/// A file's string, cut to a readable length.
private func cut(_ text: String) -> String {
  let longest = 1000
  let scalars = text.unicodeScalars
  return scalars.count > longest ? String(scalars.prefix(longest)) + "…" : text
}
