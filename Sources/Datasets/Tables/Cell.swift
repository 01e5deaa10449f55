/// A field of a table in eight bytes: a finite number as itself, any other field as a NaN whose low bits are the code
/// of its text.
enum Cell {
  static func text(_ code: Int) -> Double { Double(bitPattern: quietNaN | UInt64(code)) }

  /// The code of the text that a cell stands for that is not finite.
  static func code(_ cell: Double) -> Int { Int(cell.bitPattern & ~quietNaN) }

  private static let quietNaN: UInt64 = 0x7FF8_0000_0000_0000
}
