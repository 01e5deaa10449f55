/// A table's field in eight bytes, a cell: a finite number is stored as itself, and any other field as a NaN whose low
/// bits are the code of its string.
enum NaNBox {
  static func text(_ code: Int) -> Double { Double(bitPattern: quietNaN | UInt64(code)) }

  /// The code of the string that a non-finite cell stands for.
  static func code(_ cell: Double) -> Int { Int(cell.bitPattern & ~quietNaN) }

  private static let quietNaN: UInt64 = 0x7FF8_0000_0000_0000
}
