import CPerceptronZlib
import PerceptronFiles
import Tensor

/// The NumPy arrays of a .npz archive, found by their names.
///
/// The format is a zip archive with a file NAME.npy for each array, stored or deflated, as `numpy.savez` and
/// `savez_compressed` write it. The 64-bit sizes of ZIP64 are also read (PKWARE, APPNOTE.TXT). An array is decompressed
/// when it is requested, and its checksum is verified.
public struct NPZ: Sendable {
  /// The file's path, for messages.
  public let path: String
  /// The names of the arrays, in the order of the archive.
  public var names: [String] { entries.map(\.name) }

  private struct Entry {
    let name: String
    let isDeflated: Bool
    let checksum: UInt32
    let compressedSize: Int
    let size: Int
    /// Where the entry's local header begins.
    let position: Int
  }

  private let entries: [Entry]
  private let bytes: [UInt8]

  /// The largest number of bytes that one byte of deflated data can stand for.
  private static let largestRatio = 1032
  /// The largest number of files that an archive may have.
  private static let mostEntries = 100_000

  /// Reads a file.
  /// - Throws: a ``FileError`` that says what is wrong with the file. Sizes are checked before memory is allocated for
  ///   them.
  public init(contentsOf path: String) throws(FileError) {
    try self.init(try ByteFile.read(path), path: path)
  }

  /// Parses a file's bytes; the path is for messages.
  package init(_ bytes: [UInt8], path: String) throws(FileError) {
    self.path = path
    self.bytes = bytes
    guard !bytes.isEmpty else { throw .emptyFile(path: path) }
    entries = try Self.entries(ZipBytes(bytes: bytes, path: path))
  }

  /// The array with this name.
  /// - Throws: ``FileError`` (`missingArray`), or an error that says what is wrong with the archive or the array.
  public func array(named name: String) throws(FileError) -> NPY {
    guard let entry = entries.first(where: { $0.name == name }) else {
      throw .missingArray(path: path, expected: "one called \(quoted(name))", found: names)
    }
    return try NPY(contents(of: entry), path: "\(path), array \(name)")
  }

  /// The files with names that end in .npy, according to the archive's directory.
  private static func entries(_ zip: ZipBytes) throws(FileError) -> [Entry] {
    var (count, position) = try directory(zip)
    guard count <= mostEntries else { throw zip.bad("found \(count) files in it, expected at most \(mostEntries)") }
    var entries: [Entry] = []
    var names: Set<String> = []
    for _ in 0..<count {
      guard try zip.integer(position, 4) == 0x0201_4B50 else { throw zip.bad("its directory is damaged") }
      let (nameSize, extraSize) = (try zip.integer(position + 28, 2), try zip.integer(position + 30, 2))
      let name = try zip.text(position + 46, nameSize)
      var sizes = [
        try zip.integer(position + 24, 4), try zip.integer(position + 20, 4), try zip.integer(position + 42, 4),
      ]
      try widen(&sizes, zip, position + 46 + nameSize, extraSize)
      if name.hasSuffix(".npy") {
        guard try zip.integer(position + 8, 2) & 1 == 0 else { throw zip.bad("\(quoted(name)) is encrypted") }
        let method = try zip.integer(position + 10, 2)
        guard method == 0 || method == 8 else {
          throw zip.bad("\(quoted(name)) is compressed by method \(method), expected 0 or 8")
        }
        let entry = Entry(
          name: String(name.dropLast(4)), isDeflated: method == 8, checksum: UInt32(try zip.integer(position + 16, 4)),
          compressedSize: sizes[1], size: sizes[0], position: sizes[2])
        guard names.insert(name).inserted else { throw zip.bad("found \(quoted(name)) twice") }
        entries.append(entry)
      }
      position += 46 + nameSize + extraSize + (try zip.integer(position + 32, 2))
    }
    return entries
  }

  /// The number of files and the start of the directory. Both are in the end record, which is found by searching for
  /// its mark backwards from the end.
  private static func directory(_ zip: ZipBytes) throws(FileError) -> (count: Int, position: Int) {
    let bytes = zip.bytes
    guard bytes.count >= 22, bytes.starts(with: [0x50, 0x4B]) else {
      throw zip.bad("it does not begin like a zip archive")
    }
    var end = bytes.count - 22
    let first = max(0, end - 65_535)
    while end >= first, try zip.integer(end, 4) != 0x0605_4B50 { end -= 1 }
    guard end >= first else { throw zip.bad("it has no directory at its end; copy or download it again") }
    let (count, position) = (try zip.integer(end + 10, 2), try zip.integer(end + 16, 4))
    guard count == 0xFFFF || position == 0xFFFF_FFFF else { return (count, position) }
    guard end >= 20, try zip.integer(end - 20, 4) == 0x0706_4B50 else { return (count, position) }
    let record = try zip.integer(end - 12, 8)
    guard try zip.integer(record, 4) == 0x0606_4B50 else { throw zip.bad("its directory is damaged") }
    return (try zip.integer(record + 32, 8), try zip.integer(record + 48, 8))
  }

  /// Replaces sizes and positions that are all ones by their 64-bit values from the extra fields.
  private static func widen(_ sizes: inout [Int], _ zip: ZipBytes, _ start: Int, _ count: Int) throws(FileError) {
    guard sizes.contains(0xFFFF_FFFF) else { return }
    var position = start
    while position + 4 <= start + count {
      let (id, size) = (try zip.integer(position, 2), try zip.integer(position + 2, 2))
      var field = position + 4
      position = field + size
      guard id == 1 else { continue }
      for index in sizes.indices where sizes[index] == 0xFFFF_FFFF && field + 8 <= position {
        sizes[index] = try zip.integer(field, 8)
        field += 8
      }
      return
    }
  }

  private func contents(of entry: Entry) throws(FileError) -> [UInt8] {
    let zip = ZipBytes(bytes: bytes, path: path)
    guard try zip.integer(entry.position, 4) == 0x0403_4B50 else { throw zip.bad("its directory is damaged") }
    // Each length is at most 65 535, and the position is within the file.
    let start =
      entry.position + 30 + (try zip.integer(entry.position + 26, 2)) + (try zip.integer(entry.position + 28, 2))
    guard start <= bytes.count, entry.compressedSize <= bytes.count - start else {
      throw zip.bad("it ends within the array \(quoted(entry.name)); copy or download it again")
    }
    let compressed = bytes[start..<start + entry.compressedSize]
    let contents: [UInt8]
    if entry.isDeflated {
      guard entry.size / Self.largestRatio <= entry.compressedSize else {
        throw zip.bad("\(quoted(entry.name)) cannot have the \(entry.size) bytes that the directory gives")
      }
      if entry.size > 1 << 24, case let usable = usableMemory(), entry.size > usable {
        throw .exceedsMemory(path: path, bytes: entry.size, usable: usable)
      }
      guard let inflated = Self.inflated(compressed, size: entry.size) else {
        throw zip.bad("the array \(quoted(entry.name)) is damaged; copy or download it again")
      }
      contents = inflated
    } else {
      contents = Array(compressed)
    }
    var checksum = Checksum()
    checksum.add(contents[...])
    guard contents.count == entry.size, checksum.value == entry.checksum else {
      throw zip.bad("the array \(quoted(entry.name)) is damaged; copy or download it again")
    }
    return contents
  }

  /// The decompressed contents of deflated bytes without a header; nil if they are not exactly `size` bytes.
  private static func inflated(_ bytes: ArraySlice<UInt8>, size: Int) -> [UInt8]? {
    var stream = z_stream()
    guard inflateInit2_(&stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      return nil
    }
    defer { inflateEnd(&stream) }
    var isWhole = false
    let result = [UInt8](unsafeUninitializedCapacity: size) { output, count in
      bytes.withUnsafeBufferPointer { input in
        // zlib counts in 32 bits.
        let most = 1 << 30
        var (read, state) = (0, Z_OK)
        while state == Z_OK {
          let (inputLeft, outputLeft) = (min(input.count - read, most), min(size - count, most))
          stream.next_in = input.baseAddress.map { UnsafeMutablePointer(mutating: $0 + read) }
          stream.avail_in = UInt32(inputLeft)
          stream.next_out = output.baseAddress.map { $0 + count }
          stream.avail_out = UInt32(outputLeft)
          state = inflate(&stream, Z_NO_FLUSH)
          read += inputLeft - Int(stream.avail_in)
          count += outputLeft - Int(stream.avail_out)
        }
        isWhole = state == Z_STREAM_END && count == size && read == input.count
      }
    }
    return isWhole ? result : nil
  }
}

/// The bytes of a zip archive, which are little-endian.
private struct ZipBytes {
  let bytes: [UInt8]
  let path: String

  func bad(_ problem: String) -> FileError { .badNPZ(path: path, problem: problem) }

  /// The integer of `size` bytes at a position.
  func integer(_ position: Int, _ size: Int) throws(FileError) -> Int {
    guard position >= 0, position <= bytes.count - size else {
      throw bad("it ends too early; copy or download it again")
    }
    let value = (position..<position + size).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64(bytes[$1]) }
    guard let value = Int(exactly: value) else { throw bad("its directory is damaged") }
    return value
  }

  func text(_ position: Int, _ size: Int) throws(FileError) -> String {
    guard position <= bytes.count - size else { throw bad("it ends too early; copy or download it again") }
    return String(decoding: bytes[position..<position + size], as: UTF8.self)
  }
}
