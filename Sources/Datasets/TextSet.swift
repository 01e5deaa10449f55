/// Different texts, each with a code: its index in the order in which they came.
struct TextSet: Sendable {
  private(set) var texts: [String] = []
  private var codes: [String: Int] = [:]

  /// The code of a text, which is added if it is new.
  mutating func code(of text: String) -> Int {
    if let code = codes[text] { return code }
    codes[text] = texts.count
    texts.append(text)
    return texts.count - 1
  }
}
