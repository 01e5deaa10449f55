// Numbers as little-endian bytes, as in all formats here.

extension [UInt8] {
  /// Appends a number's bytes.
  package mutating func append(littleEndian number: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: number.littleEndian) { self += $0 }
  }
}

extension Array where Element: BinaryFloatingPoint {
  /// Calls the body with the bytes of all numbers, which are `Float` or `Double`.
  package func withLittleEndianBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    #if _endian(little)
      withUnsafeBytes(body)
    #else
      #error("numbers are written as they stand in memory")
    #endif
  }
}
