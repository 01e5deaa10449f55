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

  /// Makes a manifest of the lines that a page gives for one, and lets the compiler read it.
  @Test(arguments: ["README.md", "Documentation/Serving.md"])
  func `lines for a manifest make one without a warning`(page: String) throws {
    let text = try String(contentsOf: root.appending(path: page), encoding: .utf8)
    let lines = blocks(text).filter { $0.hasPrefix(".package(") }.flatMap { $0.split(separator: "\n") }
    let (packages, products) = (lines.filter { $0.hasPrefix(".package(") }, lines.filter { $0.hasPrefix(".product(") })
    #expect(!packages.isEmpty && packages.count + products.count == lines.count)
    let directory = FileManager.default.temporaryDirectory.appending(path: "perceptron-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    try """
    // swift-tools-version: 6.3
    import PackageDescription
    let package = Package(
      name: "user",
      dependencies: [
    \(packages.joined(separator: "\n"))
      ],
      targets: [
        .executableTarget(name: "User", dependencies: [
    \(products.joined(separator: "\n"))
        ])
      ])
    """.write(to: directory.appending(path: "Package.swift"), atomically: true, encoding: .utf8)
    let result = try Program(at: URL(filePath: "/usr/bin/env")).run(
      ["swift", "package", "dump-package"], in: directory)
    #expect(result.status == 0 && !result.errors.contains("warning:"), "\(result.errors)")
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
    for page in ["README.md", "Documentation/Serving.md"] {
      let text = try String(contentsOf: root.appending(path: page), encoding: .utf8)
      let stated = text.matches(of: /\/\/ (.*\d)…/).map { String($0.1) }
      #expect(!stated.isEmpty && stated.allSatisfy { output.contains($0) }, "\(stated): \(output)")
    }
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
