import Foundation
import Perceptron
import Wire

/// A temporary directory for models. It starts the programs that were built beside the tests.
struct Workspace: ~Copyable {
  private let directory = FileManager.default.temporaryDirectory.appending(path: "scoring-\(UUID().uuidString)")

  init() throws { try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true) }

  deinit { try? FileManager.default.removeItem(at: directory) }

  func path(_ name: String) -> String { directory.appending(path: name).path }

  func write(_ text: String, to name: String) throws { try Data(text.utf8).write(to: URL(filePath: path(name))) }

  /// Writes a model with the columns length, width and color and the classes big and small. Another seed makes another
  /// model.
  func writeModel(seed: UInt64, to name: String = "model") throws {
    try write("length,width,color,size\n1,2,red,small\n3,1,blue,big\n2,2,red,big\n4,3,blue,small\n", to: "table.csv")
    let preparation = try Preparation(fittedOn: Table(contentsOf: path("table.csv")))
    var generator = Philox(seed: seed)
    let network = Network<Float>(
      .chain([preparation.inputCount, 8, preparation.outputCount], hidden: .relu, output: .softmax),
      initializer: .heNormal, using: &generator)
    try TrainedModel(network: network, loss: .crossEntropy, preparation: preparation).write(to: path(name))
  }

  /// Starts a program.
  func start(_ name: String, _ arguments: [String]) throws -> RunningProgram {
    try RunningProgram(
      URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: name), arguments,
      output: path(UUID().uuidString), errors: path(UUID().uuidString))
  }

  /// Starts a service and waits until it listens.
  func startService(model: String = "model", _ options: String...) async throws -> (RunningProgram, port: Int) {
    let service = try start("ScoringService", [path(model), "--port", "0"] + options)
    let line = try await service.line { $0.output }
    guard let port = Int(line.split(separator: ":").last ?? "") else { throw RunningProgram.Mistake("found \(line)") }
    return (service, port)
  }
}

/// A running program. It is ended when the last reference to it is released.
final class RunningProgram: Sendable {
  struct Mistake: Error {
    let text: String
    init(_ text: String) { self.text = text }
  }

  private let process = Process()
  private let outputPath: String
  private let errorsPath: String

  init(_ program: URL, _ arguments: [String], output: String, errors: String) throws {
    (outputPath, errorsPath) = (output, errors)
    process.executableURL = program
    process.arguments = arguments
    // Files are used instead of pipes, because they cannot fill up.
    for path in [output, errors] { _ = FileManager.default.createFile(atPath: path, contents: nil) }
    process.standardOutput = FileHandle(forWritingAtPath: output)
    process.standardError = FileHandle(forWritingAtPath: errors)
    try process.run()
  }

  deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

  var output: String { (try? String(contentsOfFile: outputPath, encoding: .utf8)) ?? "" }
  var errors: String { (try? String(contentsOfFile: errorsPath, encoding: .utf8)) ?? "" }

  func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

  /// Waits for the end of the program, and returns its exit status.
  func status() async throws -> Int32 {
    try await eventually("an end") { !self.process.isRunning }
    guard process.terminationReason == .exit else { throw Mistake("ended by a signal") }
    return process.terminationStatus
  }

  /// Ends the service, and returns its exit status.
  func end() async throws -> Int32 {
    send(SIGTERM)
    return try await status()
  }

  /// Waits until the program has written a line to a text, and returns the last one.
  func line(_ text: (RunningProgram) -> String) async throws -> String {
    try await eventually("a line") { text(self).hasSuffix("\n") || !self.process.isRunning }
    guard let line = text(self).split(separator: "\n").last else { throw Mistake("no line; \(errors)") }
    return String(line)
  }

  /// Waits until a condition holds, for far longer than it ever takes.
  func eventually(_ what: String, _ isSo: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(120)
    while try await !isSo() {
      guard .now < deadline else { throw Mistake("no \(what) in two minutes; \(errors)") }
      try await Task.sleep(for: .milliseconds(5))
    }
  }
}

/// The client of a service.
struct Client {
  private var lines: LineConnection
  private static let loop = Result { try EventLoop() }

  init(port: Int) throws {
    lines = LineConnection(
      try Socket(connectingTo: "127.0.0.1", port: port), on: try Self.loop.get(), maximumLine: 1 << 20)
  }

  /// Sends text of any number of lines.
  mutating func send(_ text: String) async throws {
    try await lines.write(text.utf8)
    try await lines.flush()
  }

  mutating func send(_ bytes: [UInt8]) async throws {
    try await lines.write(bytes)
    try await lines.flush()
  }

  /// The next line, or nil at the end.
  mutating func line() async throws -> String? { try await lines.next().map { String(decoding: $0, as: UTF8.self) } }

  mutating func answer(to request: String) async throws -> String? {
    try await send(request + "\n")
    return try await line()
  }
}
