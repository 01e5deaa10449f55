import CPerceptronZlib
import FoundationEssentials

/// A picture as the bytes of a PNG file (ISO/IEC 15948).
package struct PNG {
  /// The kind of pixels: the number of bytes per pixel, and their meaning.
  package enum Kind: UInt8 {
    case gray = 0
    case rgb = 2
    case rgba = 6

    var channels: Int { self == .gray ? 1 : self == .rgb ? 3 : 4 }
  }

  package let bytes: [UInt8]

  /// - Parameter pixels: The pixels from left to right, then from top to bottom: width · height · channels bytes.
  package init(_ pixels: [UInt8], width: Int, height: Int, kind: Kind) {
    let stride = width * kind.channels
    // Each line starts with its filter type, 0 for none.
    let lines = (0..<height).flatMap { [0] + pixels[$0 * stride..<($0 + 1) * stride] }
    bytes =
      [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
      + Self.chunk("IHDR", Self.word(width) + Self.word(height) + [8, kind.rawValue, 0, 0, 0])
      + Self.chunk("IDAT", Self.compressed(lines)) + Self.chunk("IEND", [])
  }

  /// The picture as a data URL for the source of an `img` element.
  package var address: String { "data:image/png;base64," + Data(bytes).base64EncodedString() }

  private static func compressed(_ bytes: [UInt8]) -> [UInt8] {
    var length = compressBound(uLong(bytes.count))
    var result = [UInt8](repeating: 0, count: Int(length))
    // There is room for the worst case, so this cannot fail.
    _ = compress2(&result, &length, bytes, uLong(bytes.count), Z_BEST_COMPRESSION)
    return Array(result[..<Int(length)])
  }

  private static func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
    let content = Array(type.utf8) + data
    return word(data.count) + content + word(Int(crc32(0, content, uInt(content.count))))
  }

  private static func word(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
}
