import Tensor

extension SafeTensors {
  /// A tensor to write.
  package struct Tensor: Sendable {
    let name: String
    let shape: [Int]
    let dataType: DataType
    /// Passes the bytes of the numbers to the sink, from first to last.
    let pieces: @Sendable (AtomicFile.Sink) -> Void

    /// Makes a tensor of numbers in the order of the file.
    package init<Scalar: BLASScalar>(name: String, shape: [Int], values: [Scalar]) {
      self.init(Scalar.self, name: name, shape: shape, count: values.count) { sink in values.withLittleEndianBytes(sink)
      }
    }

    /// Makes a tensor of rows × columns from a matrix; the file stores it row by row.
    package init<Scalar: BLASScalar>(name: String, rowsOf matrix: Matrix<Scalar>) {
      self.init(Scalar.self, name: name, shape: [matrix.rows, matrix.columns], count: matrix.count) { sink in
        matrix.forEachRowMajorPart { $0.withLittleEndianBytes(sink) }
      }
    }

    /// Makes a tensor of columns × rows from a matrix; the file stores it column by column.
    package init<Scalar: BLASScalar>(name: String, columnsOf matrix: Matrix<Scalar>) {
      self.init(Scalar.self, name: name, shape: [matrix.columns, matrix.rows], count: matrix.count) { sink in
        matrix.withReadOnlyTile {
          sink(UnsafeRawBufferPointer(UnsafeBufferPointer(start: $0.base, count: matrix.count)))
        }
      }
    }

    private init<Scalar: BLASScalar>(
      _: Scalar.Type, name: String, shape: [Int], count: Int, pieces: @escaping @Sendable (AtomicFile.Sink) -> Void
    ) {
      guard SafeTensors.elementCount(shape) == count else {
        fail("cannot write tensor \(name): \(count) values do not fill the shape \(shape)")
      }
      self.name = name
      self.shape = shape
      dataType = Scalar.self == Double.self ? .f64 : .f32
      self.pieces = pieces
    }

    var byteCount: Int { shape.reduce(dataType.bitWidth / 8, *) }
  }

  /// The reason why a file is not written: no reader would accept its header.
  package struct TooLong: Error, CustomStringConvertible {
    package let description: String
  }

  /// Writes a file with these tensors, in the given order, and this metadata, and replaces an existing file; see
  /// ``AtomicFile``. The tensors' numbers are produced twice, the first time for the checksum. Nothing of their size is
  /// allocated.
  ///
  /// The metadata begin with the checksum; the other entries are sorted by key. The header is padded with spaces so
  /// that the data begin at a multiple of 8 bytes. Equal tensors and metadata give equal bytes. Traps if two tensors
  /// have the same name, if one is called `__metadata__`, or if the metadata have a checksum.
  ///
  /// - Parameter problem: Makes the error's text if no reader would accept the header.
  /// - Throws: ``FileError`` if no reader would accept the header, or if the file cannot be written.
  package static func write(
    _ tensors: [Tensor], metadata: [String: String], to path: String, problem: (TooLong) -> String
  ) throws(FileError) {
    let header: [UInt8]
    do throws(TooLong) { header = try Self.header(tensors, metadata: metadata) } catch {
      throw .tooLarge(path: path, problem: problem(error))
    }
    try AtomicFile.write(to: path) { sink in
      header.withUnsafeBytes(sink)
      for tensor in tensors { tensor.pieces(sink) }
    }
  }

  /// The bytes of the file that ``write(_:metadata:to:problem:)`` would write.
  ///
  /// - Throws: ``TooLong`` if the header is too long or has too many metadata.
  package static func encode(
    _ tensors: [Tensor], metadata: [String: String] = [:]
  ) throws(TooLong) -> [UInt8] {
    var bytes = try header(tensors, metadata: metadata)
    for tensor in tensors { tensor.pieces { bytes += $0 } }
    return bytes
  }

  /// The header's length and the header, with the checksum of the whole file.
  private static func header(_ tensors: [Tensor], metadata: [String: String]) throws(TooLong) -> [UInt8] {
    guard metadata.count <= mostMetadata else {
      throw TooLong(description: "there are \(metadata.count) of them, at most \(mostMetadata) are possible")
    }
    var names: Set = [metadataName]
    guard metadata[checksumName] == nil else { fail("cannot write the metadata \(checksumName): the name is taken") }
    let beforeChecksum = "{\(jsonString(metadataName)):{\(jsonString(checksumName)):\""
    var members = ["\(beforeChecksum.dropFirst())\(noChecksum)\""]
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
      members[0] += ",\(jsonString(key)):\(jsonString(value))"
    }
    members[0] += "}"
    var dataCount = 0
    for tensor in tensors {
      guard names.insert(tensor.name).inserted else {
        fail("cannot write tensor \(tensor.name): the name is taken")
      }
      let begin = dataCount
      dataCount += tensor.byteCount
      let sizes = tensor.shape.map(String.init).joined(separator: ",")
      members.append(
        "\(jsonString(tensor.name)):{\"dtype\":\"\(tensor.dataType.rawValue)\",\"shape\":[\(sizes)],"
          + "\"data_offsets\":[\(begin),\(dataCount)]}")
    }
    var header = Array("{\(members.joined(separator: ","))}".utf8)
    while !header.count.isMultiple(of: 8) { header.append(UInt8(ascii: " ")) }
    guard header.count <= longestHeader else {
      throw TooLong(description: "the header would take \(header.count) bytes, the format allows \(longestHeader)")
    }
    var bytes: [UInt8] = []
    bytes.append(littleEndian: UInt64(header.count))
    bytes += header
    var checksum = Checksum()
    checksum.add(bytes[...])
    for tensor in tensors { tensor.pieces { checksum.add($0) } }
    let start = 8 + beforeChecksum.utf8.count
    bytes.replaceSubrange(start..<start + noChecksum.utf8.count, with: checksum.digits.utf8)
    return bytes
  }
}
