import Foundation

/// A program that a test runs.
package struct Program: Sendable {
  package let url: URL

  package init(at url: URL) { self.url = url }

  /// A program that was built beside the tests.
  package init(_ name: String) {
    url = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: name)
  }

  /// What a run wrote, and its exit status.
  package struct Result: Sendable {
    package let status: Int32
    package let output: String
    package let errors: String

    package init(status: Int32, output: String, errors: String) {
      self.status = status
      self.output = output
      self.errors = errors
    }

    package var lines: [String] { output.split(separator: "\n").map(String.init) }
    /// The first line of standard error.
    package var error: String { errors.split(separator: "\n").first.map(String.init) ?? "" }
  }

  /// Runs the program in a directory, with more in its environment, and waits for its end.
  package func run(
    _ arguments: [String] = [], in directory: URL, environment: [String: String] = [:]
  ) throws -> Result {
    let process = Process()
    process.executableURL = url
    process.arguments = arguments
    process.currentDirectoryURL = directory
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    // Files rather than pipes: neither can fill up.
    let paths = ["standard-output", "standard-error"].map { directory.appending(path: $0) }
    let handles = try paths.map { path in
      _ = FileManager.default.createFile(atPath: path.path, contents: nil)
      return try FileHandle(forWritingTo: path)
    }
    (process.standardOutput, process.standardError) = (handles[0], handles[1])
    try process.run()
    process.waitUntilExit()
    let texts = try paths.map { String(decoding: try Data(contentsOf: $0), as: UTF8.self) }
    for path in paths { try FileManager.default.removeItem(at: path) }
    return Result(status: process.terminationStatus, output: texts[0], errors: texts[1])
  }
}
