/// A set of strings, each with a code: its index in order of first occurrence.
///
/// Strings are equal if they are canonically equivalent, as for `String`: é may be one scalar or two. All bytes are in
/// one array, so that a string takes little more than its bytes: about 24 bytes, while a dictionary of strings takes
/// 100.
struct TextSet: Sendable {
  private var bytes: [UInt8] = []
  /// Where each string ends in ``bytes``.
  private var ends: [Int] = []
  private var hashes: [UInt32] = []
  /// A hash table with linear probing. At most half of its slots are used; they hold codes plus 1, and the others are
  /// 0.
  private var slots: [UInt32] = []
  /// The codes of the strings that are not ASCII.
  private var others: [String: Int] = [:]

  init(_ texts: some Sequence<String> = []) {
    for text in texts { _ = code(of: text) }
  }

  /// The code of a string, which is added if it is new.
  mutating func code(of text: String) -> Int {
    var text = text
    guard text.utf8.allSatisfy({ $0 < 0x80 }) else { return codeOfOther(text) }
    return text.withUTF8 { code(ofASCII: $0) }
  }

  /// The code of the string with these bytes, which is added if it is new; nil if the bytes are not UTF-8.
  mutating func code(of text: Span<UInt8>) -> Int? {
    var all: UInt8 = 0
    for index in text.indices { all |= text[index] }
    if all < 0x80 { return text.withUnsafeBufferPointer { code(ofASCII: $0) } }
    guard let utf8 = try? UTF8Span(validating: text) else { return nil }
    return codeOfOther(String(copying: utf8))
  }

  /// The code of each string of another set, in the order of that set. New strings are added.
  mutating func codes(of texts: TextSet) -> [Int] {
    texts.ends.indices.map { code in
      if texts.others.isEmpty {
        texts.withBytes(of: code) { self.code(ofASCII: $0) }
      } else {
        self.code(of: texts[code])
      }
    }
  }

  private mutating func code(ofASCII text: UnsafeBufferPointer<UInt8>) -> Int {
    if 2 * (ends.count + 1) > slots.count { grow() }
    var hasher = Hasher()
    hasher.combine(bytes: UnsafeRawBufferPointer(text))
    let hash = UInt32(truncatingIfNeeded: hasher.finalize())
    var slot = Int(hash) & (slots.count - 1)
    while slots[slot] != 0 {
      let code = Int(slots[slot]) - 1
      if hashes[code] == hash, withBytes(of: code, { $0.elementsEqual(text) }) { return code }
      slot = (slot + 1) & (slots.count - 1)
    }
    slots[slot] = UInt32(ends.count + 1)
    return append(text, hash: hash)
  }

  private mutating func append(_ text: UnsafeBufferPointer<UInt8>, hash: UInt32) -> Int {
    bytes.append(contentsOf: text)
    ends.append(bytes.count)
    hashes.append(hash)
    return ends.count - 1
  }

  private mutating func codeOfOther(_ text: String) -> Int {
    if let code = others[text] { return code }
    // These three are canonically equivalent to ASCII: the Kelvin sign, the Greek question mark and the Greek varia.
    let equivalents: [Unicode.Scalar: Unicode.Scalar] = ["\u{212A}": "K", "\u{37E}": ";", "\u{1FEF}": "`"]
    if text.unicodeScalars.contains(where: { equivalents[$0] != nil }) {
      var simple = String.UnicodeScalarView()
      for scalar in text.unicodeScalars { simple.append(equivalents[scalar] ?? scalar) }
      if simple.allSatisfy(\.isASCII) { return code(of: String(simple)) }
    }
    var copy = text
    let code = copy.withUTF8 { append($0, hash: 0) }
    others[text] = code
    return code
  }

  private mutating func grow() {
    let count = Swift.max(8, 2 * slots.count)
    slots = Array(repeating: 0, count: count)
    let codesOfOthers = Set(others.values)
    for (code, hash) in hashes.enumerated() where !codesOfOthers.contains(code) {
      var slot = Int(hash) & (count - 1)
      while slots[slot] != 0 { slot = (slot + 1) & (count - 1) }
      slots[slot] = UInt32(code + 1)
    }
  }

  private func withBytes<Result>(of code: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    let start = code == 0 ? 0 : ends[code - 1]
    return bytes.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[start..<ends[code]])) }
  }
}

extension TextSet: RandomAccessCollection {
  var startIndex: Int { 0 }
  var endIndex: Int { ends.count }
  subscript(code: Int) -> String { withBytes(of: code) { String(decoding: $0, as: UTF8.self) } }
}
