import PerceptronFiles

extension FileError {
  /// The file is not a readable .npy file; `problem` says what was found.
  package static func badNPY(path: String, problem: String) -> FileError {
    FileError(path: path, "not a .npy file that can be read: \(problem); write it with numpy.save")
  }

  /// Features and labels have different numbers of samples.
  package static func arraysDisagree(features: String, samples: Int, labels: String, labelCount: Int) -> FileError {
    FileError(
      path: labels,
      "found labels of \(labelCount) samples, expected \(samples) as in \(features);"
        + " give two files that belong together")
  }

  /// The file is not a readable .npz archive; `problem` says what was found.
  package static func badNPZ(path: String, problem: String) -> FileError {
    FileError(path: path, "not a .npz archive that can be read: \(problem); write it with numpy.savez")
  }

  /// A .npz archive has no array with this name, or no array with a known name for features or labels.
  package static func missingArray(path: String, expected: String, found: [String]) -> FileError {
    FileError(
      path: path, "found the arrays \(listed(found)), expected \(expected); write it with numpy.savez(FILE, X=…, y=…)")
  }

  /// The number of values for each sample in an array differs from the number of the model's columns.
  package static func wrongColumnCount(path: String, found: Int, columns: [String]) -> FileError {
    FileError(
      path: path,
      "found \(found) number\(found == 1 ? "" : "s") for each sample, expected \(columns.count), in the order"
        + " of the columns \(listed(columns)) as in training; give an array of samples × columns")
  }

  /// A column of the model takes text, which an array of numbers cannot hold.
  package static func numbersForTexts(path: String, column: String) -> FileError {
    FileError(
      path: path, "found numbers for the column \(quoted(column)), which held strings in training; give a table")
  }
}
