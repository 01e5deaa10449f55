#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

extension Double {
  /// The number with `digits` digits after the decimal point.
  package func fixed(_ digits: Int) -> String { formatted("%.\(digits)f") }

  /// The number with at most five significant digits.
  package var short: String { formatted("%.5g") }

  /// The number, or nil if it is not finite.
  package var ifFinite: Double? { isFinite ? self : nil }

  /// The number with few digits, or a dash if it is not finite.
  package var shown: String { ifFinite?.short ?? "–" }

  private func formatted(_ format: String) -> String {
    var buffer = [CChar](repeating: 0, count: 400)
    let count = withVaList([self]) { vsnprintf(&buffer, buffer.count, format, $0) }
    return String(decoding: buffer[..<Int(count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
