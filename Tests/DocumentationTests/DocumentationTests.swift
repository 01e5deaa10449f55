import Foundation
import PerceptronTestFiles
import Testing

private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent()

/// Code without imports and white space, so that indentation and line breaks do not matter.
private func condensed(_ code: String) -> String {
  code.split(separator: "\n").filter { !$0.hasPrefix("import ") }.joined().filter { !$0.isWhitespace }
}

/// The files below a directory whose names end so.
private func files(_ directory: String, _ suffix: String) -> [URL] {
  let all = FileManager.default.enumerator(at: root.appending(path: directory), includingPropertiesForKeys: nil)
  return (all?.compactMap { $0 as? URL } ?? []).filter { $0.path.hasSuffix(suffix) && !$0.path.contains("/.build/") }
}

/// The blocks of Swift in Markdown.
private func blocks(_ text: String) -> [String] {
  text.components(separatedBy: "```swift\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
}

private func isCompiled(_ block: String) throws -> Bool {
  let wanted = condensed(block)
  return try files("Tests/DocumentationCode", ".swift").contains { file in
    condensed(try String(contentsOf: file, encoding: .utf8)).contains(wanted)
  }
}

@Suite struct DocumentationTests {
  @Test func `every block of Swift in README and Documentation is compiled`() throws {
    let folders = ["Documentation", "Examples", "Sources/Perceptron"]
    let documents = [root.appending(path: "README.md")] + folders.flatMap { files($0, ".md") }
    var count = 0
    for document in documents {
      for block in blocks(try String(contentsOf: document, encoding: .utf8)) where !block.hasPrefix(".package(") {
        #expect(try isCompiled(block), "\(document.lastPathComponent): \(block)")
        count += 1
      }
    }
    #expect(count >= 14)
  }

  @Test func `a block that is not compiled is found`() throws {
    let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
    let block = try #require(blocks(readme).first { $0.contains("epochs: 50") })
    #expect(try isCompiled(block) && !isCompiled(block.replacing("epochs: 50", with: "epochs: 51")))
  }

  @Test func `the code of README and Documentation runs as it says`() throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "perceptron-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    try FileManager.default.copyItem(
      at: root.appending(path: "Examples/iris.csv"), to: directory.appending(path: "iris.csv"))
    let houses = (0..<120).map { "\(50 + $0 % 60),\($0 % 4 == 0 ? "Ulm" : "Bonn"),\(1000 * (150 + 2 * ($0 % 60)))\n" }
    try ("area,city,price\n" + houses.joined()).write(
      to: directory.appending(path: "houses.csv"), atomically: true, encoding: .utf8)
    let output = try run("PerceptronDocumentationCode", in: directory)
    #expect(output.contains("setosa 0.9"), "\(output)")
    for service in ["PerceptronVaporCode", "PerceptronHummingbirdCode"] {
      #expect(try run(service, in: directory).hasPrefix(#"{"outputs":{"#))
    }
  }

  /// What a program that was built beside the tests writes.
  private func run(_ program: String, in directory: URL) throws -> String {
    let result = try Program(program).run(in: directory)
    #expect(result.status == 0, "\(result.errors)")
    return result.output
  }
}
