import PerceptronFiles
import Tensor

// A checkpoint's file is a safetensors file. Its metadata, each value a string:
//
//   format          "perceptron checkpoint"
//   version         "2"
//   precision       "float" or "double"
//   count NAME      an integer
//   setting NAME    a setting of the trainer
//   note NAME       a note of the caller
//
// The tensors: each list of numbers is a vector of F64, named `series NAME` if it is the caller's. Each matrix has the
// checkpoint's precision and the shape columns × rows: its transpose, row by row.
//
// Version 1 is refused. In it, the command kept its epochs as a note.

private let checkpointFormat = "perceptron checkpoint"
private let checkpointVersion = "2"
private let seriesPrefix = "series "

extension Checkpoint {
  /// Writes the checkpoint as one file. An existing file is replaced as a whole, or, if anything fails, not at all.
  ///
  /// - Throws: ``FileError`` if the file cannot be written, or the notes are longer than a reader accepts.
  public func write(to path: String) throws(FileError) {
    try SafeTensors.write(tensors, metadata: metadata, to: path) {
      "the checkpoint's notes are longer than a reader accepts: \($0); shorten them"
    }
  }

  /// The bytes of the file.
  package var encoded: [UInt8] {
    get throws(SafeTensors.TooLong) { try SafeTensors.encode(tensors, metadata: metadata) }
  }

  private var metadata: [String: String] {
    var metadata = ["format": checkpointFormat, "version": checkpointVersion, "precision": Self.precision]
    for (name, count) in counts { metadata["count \(name)"] = String(count) }
    for (name, setting) in settings { metadata["setting \(name)"] = setting }
    for (name, note) in notes { metadata["note \(name)"] = note }
    return metadata
  }

  private var tensors: [SafeTensors.Tensor] {
    var lists = numbers
    for (name, list) in series { lists[seriesPrefix + name] = list }
    return lists.sorted { $0.key < $1.key }.map {
      SafeTensors.Tensor(name: $0.key, shape: [$0.value.count], values: $0.value)
    }
      + matrices.sorted { $0.key < $1.key }.map {
        SafeTensors.Tensor(name: $0.key, columnsOf: $0.value)
      }
  }

  /// Reads a checkpoint.
  ///
  /// - Throws: ``FileError`` if the file does not exist, is not a complete checkpoint that is unchanged to the last
  ///   bit, or has another version or precision.
  public init(contentsOf path: String) throws(FileError) {
    let bytes = try SafeTensors.bytes(of: path)
    try self.init(bytes, path: path)
  }

  /// Reads a file's bytes. The path is only for error messages.
  package init(_ bytes: [UInt8], path: String) throws(FileError) {
    let file = try Self.checked(bytes, path)
    func bad(_ problem: String) -> FileError { .damaged(path: path, problem: problem) }
    func values<Number: BinaryFloatingPoint>(_ name: String) throws(FileError) -> [Number] {
      do throws(FileError) { return try file.values(of: name) } catch {
        throw bad("its \(quoted(name)) does not hold numbers")
      }
    }
    var (counts, settings, notes) = ([String: Int](), [String: String](), [String: String]())
    for (key, text) in file.metadataBytes {
      let value = String(decoding: text, as: UTF8.self)
      let parts = key.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2 else { continue }
      switch parts[0] {
      case "count":
        guard let count = Int(value) else { throw bad("its \(parts[1]) is not a whole number") }
        counts[parts[1]] = count
      case "setting": settings[parts[1]] = value
      case "note": notes[parts[1]] = value
      default: throw bad("it has the unknown key \(quoted(key))")
      }
    }
    var (numbers, series) = ([String: [Double]](), [String: [Double]]())
    var matrices: [String: Matrix<Scalar>] = [:]
    for entry in file.entries {
      if entry.shape.count == 2 {
        let (columns, rows) = (entry.shape[0], entry.shape[1])
        matrices[entry.name] = Matrix(rows: rows, columns: columns, columnMajor: try values(entry.name) as [Scalar])
      } else if entry.name.hasPrefix(seriesPrefix) {
        series[String(entry.name.dropFirst(seriesPrefix.count))] = try values(entry.name)
      } else {
        numbers[entry.name] = try values(entry.name)
      }
    }
    self.init(
      settings: settings, counts: counts, numbers: numbers, matrices: matrices, notes: notes, series: series)
  }

  /// Returns the container if the file is complete and is a checkpoint of this version and precision.
  private static func checked(_ bytes: [UInt8], _ path: String) throws(FileError) -> SafeTensors {
    func bad(_ problem: String) -> FileError { .damaged(path: path, problem: problem) }
    let file: SafeTensors
    do throws(FileError) { file = try SafeTensors(bytes: bytes, path: path) } catch {
      throw bad(error.code == "cutShort" ? "it is cut short" : "its header cannot be read")
    }
    guard file.text("format") == checkpointFormat else {
      throw bad("its format is \(quoted(file.text("format") ?? "")), expected \(quoted(checkpointFormat))")
    }
    do throws(FileError) { try file.verifyChecksum() } catch { throw bad("its checksum is not that of its bytes") }
    guard file.hasChecksum else { throw bad("it has no checksum") }
    let version = file.text("version") ?? "unknown"
    guard version == checkpointVersion else {
      throw .otherVersion(path: path, found: version, expected: checkpointVersion)
    }
    let found = file.text("precision") ?? "unknown"
    guard found == precision else { throw .otherPrecision(path: path, found: found, expected: precision) }
    return file
  }

  private static var precision: String { Scalar.self == Double.self ? "double" : "float" }
}
