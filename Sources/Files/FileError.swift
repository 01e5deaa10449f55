/// An error in a file that is read or written: a table, images, a model or a checkpoint.
///
/// ``description`` is one line that states the place, what was found, what was expected and what to do. Lines and
/// fields are counted from 1.
public struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The kind of error, from which a program chooses its reaction and its exit code.
  public enum Kind: Sendable {
    /// An input file does not exist or may not be read (sysexits' `EX_NOINPUT`, 66).
    case missingInput
    /// An input file exists, but its contents are wrong (`EX_DATAERR`, 65).
    case badData
    /// The system failed to read or to write (`EX_IOERR`, 74).
    case ioFailure
  }

  /// Whether the input is missing, its contents are wrong, or the system failed.
  public let kind: Kind
  /// A name that stays the same when the wording changes, such as "missingColumn".
  public let code: String
  /// The file's path; nil if the error concerns something that was read from a file earlier, such as a checkpoint's
  /// values.
  public let path: String?
  /// One line that says where, what was found, what was expected and what to do.
  public let description: String
  /// The setting that could be changed if the file is correct.
  package let setting: Setting?

  /// - Parameters:
  ///   - place: The place in the file, such as "line 3".
  ///   - problem: What was found, what was expected and what to do.
  ///   - code: The name of the function that makes the error, with or without its labels.
  package init(
    kind: Kind = .badData, path: String?, at place: String? = nil, _ problem: String, setting: Setting? = nil,
    code: String = #function
  ) {
    self.kind = kind
    self.code = String(code.prefix { $0 != "(" })
    self.path = path
    description = onOneLine(located(path, place, problem))
    self.setting = setting
  }
}

/// A choice about how data are read or learnt. A program can name it in the terms of its users.
package enum Setting: Sendable, Equatable {
  case header
  case noHeader
  case delimiter
  case numberFormat
  case target
  /// Which columns are used, and for what purpose.
  case columns
  case classification
  case regression
  case quantileScaling
  case loss
  /// Which column holds the order of the rows.
  case time
  /// This string is a value, although it usually means that a value is missing.
  case notMissing(String)
}

extension FileError {
  /// The file could not be opened; `reason` is the system's text for errno.
  package static func cannotOpen(path: String, reason: String) -> FileError {
    FileError(kind: .missingInput, path: path, "cannot be opened: \(reason); check the path and the permissions")
  }

  /// Reading failed after the file had been opened; `reason` is the system's text for errno.
  package static func cannotRead(path: String, reason: String) -> FileError {
    FileError(kind: .ioFailure, path: path, "cannot be read: \(reason); expected a readable file")
  }

  /// The file could not be written; `reason` is the system's text for errno. An existing file is unchanged.
  package static func cannotWrite(path: String, reason: String) -> FileError {
    FileError(
      kind: .ioFailure, path: path,
      "cannot be written: \(reason); choose another path, or free space or permissions there")
  }

  /// The file was not written because its format cannot hold the contents; `problem` states the reason. An existing
  /// file is unchanged.
  package static func tooLarge(path: String, problem: String) -> FileError {
    FileError(kind: .ioFailure, path: path, "cannot be written: \(problem)")
  }

  /// The file's contents need about `bytes` bytes of memory, but only `usable` bytes may be used.
  ///
  /// - Parameter directory: Where files take the place of memory; nil for memory.
  package static func exceedsMemory(path: String, bytes: Int, usable: Int, in directory: String? = nil) -> FileError {
    FileError(
      path: path,
      "found \(byteText(bytes)) or more to read, expected at most the \(byteText(usable)) "
        + (directory.map { "that are free in \(quoted($0)); give a smaller file, or another directory" }
          ?? "of memory that may still be used; give a smaller file, or more memory"))
  }

  /// The file has changed since reading began.
  package static func changed(path: String) -> FileError {
    FileError(
      path: path,
      "the file changed while it was being read;"
        + " read it again when it is complete")
  }

  /// The gzip stream ends before its end mark.
  package static func truncatedGzip(path: String) -> FileError {
    FileError(path: path, "the gzip data end too early, expected their end mark; copy or download the file again")
  }

  /// The gzip stream is damaged; `detail` is zlib's text.
  package static func corruptGzip(path: String, detail: String) -> FileError {
    FileError(path: path, "the gzip data are damaged (\(detail)); copy or download the file again")
  }

  /// The file is empty or contains only blank lines.
  package static func emptyFile(path: String) -> FileError {
    FileError(path: path, "the file is empty, expected data; check how it was made")
  }
}
