/// A field of a table in eight bytes. A finite number is stored as itself; any other field is a NaN whose low bits are
/// the code of its string.
enum Cell {
  static func text(_ code: Int) -> Double { Double(bitPattern: quietNaN | UInt64(code)) }

  /// The code of the string that a non-finite cell stands for.
  static func code(_ cell: Double) -> Int { Int(cell.bitPattern & ~quietNaN) }

  private static let quietNaN: UInt64 = 0x7FF8_0000_0000_0000
}
