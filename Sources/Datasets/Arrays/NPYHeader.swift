import PerceptronFiles

/// The header of a .npy file, checked against the file's length.
struct NPYHeader {
  enum ElementType: Equatable {
    case number(NumberType)
    /// A string of `length` characters, each of 1 byte (S) or 4 (U).
    case text(characterSize: Int, length: Int)
  }

  let type: ElementType
  let isBigEndian: Bool
  let isFortranOrder: Bool
  let shape: [Int]
  /// Where the elements begin.
  let end: Int

  init(_ bytes: [UInt8], path: String) throws(FileError) {
    guard !bytes.isEmpty else { throw .emptyFile(path: path) }
    func bad(_ problem: String) -> FileError { .badNPY(path: path, problem: problem) }
    guard bytes.count >= 12, bytes.starts(with: [0x93] + Array("NUMPY".utf8)) else {
      throw bad("it does not begin like a NumPy array")
    }
    guard (1...3).contains(bytes[6]) else { throw bad("found format version \(bytes[6]), expected 1, 2 or 3") }
    let lengthSize = bytes[6] == 1 ? 2 : 4
    let start = 8 + lengthSize
    let length = (8..<start).reversed().reduce(0) { $0 << 8 | Int(bytes[$1]) }
    guard length <= bytes.count - start else { throw bad("the file ends within its header") }
    end = start + length
    var parser = PythonParser(bytes: bytes[start..<end])
    let fields = PythonParser.fieldNames(bytes[start..<end])
    guard fields.isEmpty else {
      throw bad(
        "found a structured array, whose elements have the fields \(listed(fields)), expected plain numbers;"
          + " make a table of it with pandas.DataFrame(ARRAY).to_csv('table.csv', index=False), or give it one type")
    }
    guard let (type, isFortranOrder, shape) = parser.header() else {
      throw bad("its header is not a dictionary of 'descr', 'fortran_order' and 'shape'")
    }
    guard let (elementType, size) = Self.elementType(type) else {
      throw bad(
        "found elements of type \(quoted(type)), expected floats of 2, 4 or 8 bytes, integers, Booleans or strings;"
          + " convert them with astype('<f4')")
    }
    guard !shape.isEmpty, !shape.contains(0) else {
      throw bad("found the shape \(Self.text(shape)), expected at least one dimension, each at least 1")
    }
    var expected = size
    for dimension in shape {
      let (product, overflows) = expected.multipliedReportingOverflow(by: dimension)
      guard !overflows else { throw bad("found the shape \(Self.text(shape)), which is too large for a file") }
      expected = product
    }
    guard bytes.count - end == expected else {
      throw bad("found \(bytes.count - end) bytes of elements, expected \(expected) for the shape \(Self.text(shape))")
    }
    self.type = elementType
    isBigEndian = type.hasPrefix(">")
    self.isFortranOrder = isFortranOrder
    self.shape = shape
  }

  /// The element type of a type code, with the bytes of an element. A code is the byte order (| if there is none), a
  /// letter, and the number of bytes, or of characters for U.
  private static func elementType(_ code: String) -> (ElementType, size: Int)? {
    guard let order = code.first, "<>|=".contains(order) else { return nil }
    let name = String(code.dropFirst())
    if let number = NumberType(rawValue: name) {
      // Only a single byte needs no order. The code = is the order of the machine that wrote the file, which is
      // unknown.
      return order == "<" || order == ">" || order == "|" && number.size == 1 ? (.number(number), number.size) : nil
    }
    guard let letter = name.first, letter == "U" || letter == "S",
      let length = Int(name.dropFirst()), (1...longestText).contains(length)
    else { return nil }
    let characterSize = letter == "U" ? 4 : 1
    guard characterSize == 1 || order == "<" || order == ">" else { return nil }
    return (.text(characterSize: characterSize, length: length), characterSize * length)
  }

  /// The largest number of characters of a string.
  private static let longestText = 1_000_000

  /// A shape as text. A header may have thousands of dimensions; only as many are printed as fit a line.
  private static func text(_ shape: [Int]) -> String {
    shape.count <= 8 ? "\(shape)" : "\(shape.prefix(8)) and \(shape.count - 8) more dimensions"
  }
}

/// Reads the few kinds of Python literals that headers contain.
private struct PythonParser {
  var bytes: ArraySlice<UInt8>

  /// The dictionary, with its keys in any order; nil if the bytes hold something else.
  mutating func header() -> (type: String, isFortranOrder: Bool, shape: [Int])? {
    var (type, order, shape): (String?, Bool?, [Int]?) = (nil, nil, nil)
    guard take("{") else { return nil }
    while !take("}") {
      guard let key = string(), take(":") else { return nil }
      switch key {
      case "descr" where type == nil: type = string()
      case "fortran_order" where order == nil: order = take("True") ? true : take("False") ? false : nil
      case "shape" where shape == nil: shape = tuple()
      default: return nil
      }
      if !take(",") {
        guard take("}") else { return nil }
        break
      }
    }
    skipSpaces()
    guard bytes.isEmpty, let type, let order, let shape else { return nil }
    return (type, order, shape)
  }

  /// The names of a structured array's fields; empty for other arrays. Each name comes first in a tuple of a list.
  static func fieldNames(_ bytes: ArraySlice<UInt8>) -> [String] {
    var parser = PythonParser(bytes: bytes)
    guard parser.take("{"), parser.string() == "descr", parser.take(":"), parser.take("[") else { return [] }
    var names: [String] = []
    while let start = parser.bytes.firstIndex(of: UInt8(ascii: "(")) {
      parser.bytes = parser.bytes[(start + 1)...]
      if let name = parser.string() { names.append(name) }
    }
    return names
  }

  private mutating func skipSpaces() {
    bytes = bytes.drop { $0 == 0x20 || $0 == 0x0A }
  }

  private mutating func take(_ token: String) -> Bool {
    skipSpaces()
    guard bytes.starts(with: token.utf8) else { return false }
    bytes = bytes.dropFirst(token.utf8.count)
    return true
  }

  private mutating func string() -> String? {
    skipSpaces()
    guard let quote = bytes.first, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else { return nil }
    let rest = bytes.dropFirst()
    guard let end = rest.firstIndex(of: quote) else { return nil }
    bytes = rest[(end + 1)...]
    return String(decoding: rest[..<end], as: UTF8.self)
  }

  private mutating func tuple() -> [Int]? {
    guard take("(") else { return nil }
    var numbers: [Int] = []
    while !take(")") {
      let digits = bytes.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      guard let number = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
      bytes = bytes.dropFirst(digits.count)
      numbers.append(number)
      if !take(",") {
        guard take(")") else { return nil }
        break
      }
    }
    return numbers
  }
}
