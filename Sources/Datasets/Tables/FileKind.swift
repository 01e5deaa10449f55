import PerceptronFiles

/// Recognises files that are not tables by their first bytes.
enum FileKind {
  /// The kind of a file, and what to do with it.
  private struct Kind {
    let name: String
    let advice: String
  }

  /// Checks that the bytes may be the text of a table.
  /// - Throws: ``FileError`` (`notATable`).
  static func check(_ bytes: [UInt8], path: String) throws(FileError) {
    guard let kind = kindByMark(bytes) ?? kindByText(bytes) else { return }
    throw .notATable(path: path, kind: kind.name, advice: kind.advice)
  }

  private static func unpacked(_ name: String, _ command: String) -> Kind {
    Kind(name: name, advice: "unpack it with \(command), or compress it with gzip, which is read as it is")
  }

  /// pandas reads the most kinds of files.
  private static func converted(_ name: String, _ reader: String) -> Kind {
    Kind(
      name: name,
      advice: "convert it, for example with pandas: pandas.\(reader)(FILE).to_csv('table.csv', index=False)")
  }

  private static func text(_ encoding: String) -> Kind {
    Kind(
      name: "text in \(encoding)",
      advice: "convert it with iconv -f \(encoding.lowercased()) -t utf-8 FILE > table.csv")
  }

  private static let other = "give a table, an array (FILE.npy) or images (idx:IMAGES,LABELS)"

  /// Marks that never begin a text; a longer mark comes before a shorter one with the same start.
  private static let marks: [(mark: [UInt8], kind: Kind)] = [
    ([0xFF, 0xFE, 0, 0], text("UTF-32")), ([0, 0, 0xFE, 0xFF], text("UTF-32")),
    ([0xFF, 0xFE], text("UTF-16")), ([0xFE, 0xFF], text("UTF-16")),
    ([0xFD] + Array("7zXZ".utf8) + [0], unpacked("an xz file", "unxz -k FILE")),
    ([0x28, 0xB5, 0x2F, 0xFD], unpacked("a zstd file", "unzstd FILE")),
    ([0x04, 0x22, 0x4D, 0x18], unpacked("an lz4 file", "unlz4 FILE")),
    ([0x1F, 0x9D], unpacked("a file written by compress (.Z)", "uncompress FILE")),
    (Array("7z".utf8) + [0xBC, 0xAF, 0x27, 0x1C], unpacked("a 7z archive", "7z x FILE")),
    (Array("Rar!".utf8) + [0x1A, 0x07], unpacked("a rar archive", "unrar x FILE")),
    (Array("PAR1".utf8), converted("a Parquet file", "read_parquet")),
    (Array("ORC".utf8) + [0], converted("an ORC file", "read_orc")),
    (Array("ARROW1".utf8) + [0], converted("an Arrow or Feather file", "read_feather")),
    (Array("FEA1".utf8), converted("a Feather file", "read_feather")),
    (
      [0x89] + Array("HDF\r\n".utf8) + [0x1A, 0x0A],
      Kind(name: "an HDF5 file", advice: "save what it holds as CSV, or as a .npy file with numpy.save (h5py reads it)")
    ),
    (
      Array("MATLAB 5.0 MAT-file".utf8),
      Kind(name: "a MATLAB file", advice: "save its arrays as .npy files with numpy.save (scipy.io.loadmat reads it)")
    ),
    (
      Array("SQLite format 3".utf8) + [0],
      Kind(
        name: "an SQLite database",
        advice: "export a table with sqlite3 -header -csv FILE 'select * from TABLE' > table.csv")
    ),
    (
      [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1],
      Kind(name: "an Excel workbook (xls)", advice: "save its sheet as CSV in UTF-8")
    ),
    (Array("$FL2".utf8), converted("an SPSS file", "read_spss")),
    (Array("<stata_dta>".utf8), converted("a Stata file", "read_stata")),
    (Array("Obj".utf8) + [1], Kind(name: "an Avro file", advice: "convert it to CSV")),
    (Array("%PDF-".utf8), Kind(name: "a PDF document", advice: other)),
    ([0x89] + Array("PNG".utf8), picture("PNG")), ([0xFF, 0xD8, 0xFF], picture("JPEG")),
    (Array("GIF8".utf8), picture("GIF")), (Array("II*".utf8) + [0], picture("TIFF")),
    (Array("MM".utf8) + [0, 0x2A], picture("TIFF")),
    (
      [0x93] + Array("NUMPY".utf8),
      Kind(name: "a NumPy array", advice: "give it a name that ends in .npy, and its labels beside it")
    ),
  ]

  private static func picture(_ name: String) -> Kind {
    Kind(name: "a picture (\(name))", advice: "give images as idx:IMAGES,LABELS, or as rows of an array (FILE.npy)")
  }

  private static func kindByMark(_ bytes: [UInt8]) -> Kind? {
    func has(_ text: String, at position: Int) -> Bool {
      bytes.count >= position + text.utf8.count && bytes[position...].starts(with: text.utf8)
    }
    // The fourth byte of a bzip2 file is the block size; the digits of pi follow.
    if has("BZh", at: 0), has("1AY&SY", at: 4) { return unpacked("a bzip2 (.bz2) file", "bunzip2 -k FILE") }
    if let found = marks.first(where: { bytes.starts(with: $0.mark) }) { return found.kind }
    if has("PK\u{3}\u{4}", at: 0) || has("PK\u{5}\u{6}", at: 0) { return kindOfZip(bytes) }
    guard bytes.count >= 10 else { return nil }
    if bytes[0] == 0x80, (2...5).contains(bytes[1]) {
      return Kind(
        name: "a Python pickle",
        advice: "load it in Python, and write a table with to_csv or an array with numpy.save")
    }
    let length = (0..<8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64(bytes[$1]) }
    if length <= 100_000_000, has("{\"", at: 8) {
      return Kind(
        name: "a model or a checkpoint (safetensors)",
        advice: "give the data: the model is the other argument, or -o names it")
    }
    if bytes[0] == 0, bytes[1] == 0, [8, 9, 0xB, 0xC, 0xD, 0xE].contains(bytes[2]), (1...4).contains(bytes[3]) {
      return Kind(
        name: "an IDX file",
        advice: "give it as idx:IMAGES,LABELS, or the directory of MNIST's files as mnist:DIRECTORY")
    }
    if has("ustar", at: 257) { return unpacked("a tar archive", "tar -xf FILE") }
    return nil
  }

  /// A zip archive is recognised by the names of its files. The first name is at the start of the archive.
  private static func kindOfZip(_ bytes: [UInt8]) -> Kind {
    let start = String(decoding: bytes.prefix(4096), as: UTF8.self)
    if start.contains(".npy") {
      return Kind(name: "NumPy arrays (npz, from numpy.savez)", advice: "give the file a name that ends in .npz")
    }
    if start.contains("[Content_Types].xml") || start.contains("xl/") {
      return Kind(name: "an Excel workbook (xlsx)", advice: "save its sheet as CSV in UTF-8")
    }
    if start.contains("opendocument.spreadsheet") {
      return Kind(name: "an OpenDocument workbook (ods)", advice: "save its sheet as CSV in UTF-8")
    }
    if start.contains("/data.pkl") {
      return Kind(name: "a PyTorch file", advice: "load it in Python, and write the arrays with numpy.save")
    }
    return Kind(name: "a zip archive", advice: "unpack it with unzip FILE, and give the file that was in it")
  }

  /// Text that is not a table, recognised by its first characters after spaces, blank lines and comments.
  private static func kindByText(_ bytes: [UInt8]) -> Kind? {
    var rest = bytes[...]
    if rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
    func skipSpaces() { rest = rest.drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) } }
    skipSpaces()
    func begins(_ text: String) -> Bool {
      rest.prefix(text.utf8.count).map { $0 | 0x20 } == text.utf8.map { $0 | 0x20 }
    }
    if begins("<!doctype html") || begins("<html") {
      return Kind(
        name: "an HTML page", advice: "download the file itself: this may be the page about it, or an error")
    }
    if begins("<?xml") { return converted("XML", "read_xml") }
    if let first = rest.first, first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
      let isObject = first == UInt8(ascii: "{")
      rest = rest.dropFirst()
      skipSpaces()
      if let next = rest.first, (isObject ? "\"" : "{[").utf8.contains(next) {
        return isObject
          ? converted("JSON, perhaps one value per line (then add lines=True)", "read_json")
          : converted("JSON", "read_json")
      }
    }
    rest = bytes[...]
    skipSpaces()
    while rest.first == UInt8(ascii: "%") {
      rest = rest.drop { $0 != 0x0A }
      skipSpaces()
    }
    if begins("@relation"), let next = rest.dropFirst(9).first, next == 0x20 || next == 0x09 {
      return Kind(
        name: "a Weka ARFF file",
        advice: "replace everything up to the line @data by one line with the names of the attributes")
    }
    return nil
  }
}
