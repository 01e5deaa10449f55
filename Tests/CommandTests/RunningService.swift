import Foundation
import Glibc

/// `perceptron serve` on a free port of this machine. It is ended when the last reference to it is released.
final class RunningService {
  struct Mistake: Error {
    let text: String
    init(_ text: String) { self.text = text }
  }

  let port: UInt16
  private let process = Process()
  private let errorsURL: URL

  /// Starts the command with words that are separated by spaces, and waits until it listens.
  ///
  /// - Parameter launcher: A program that starts it, such as nohup.
  init(_ line: String, in workspace: borrowing Workspace, launcher: [String] = []) throws {
    let output = workspace.directory.appending(path: "service-output")
    errorsURL = workspace.directory.appending(path: "service-errors")
    for url in [output, errorsURL] { try Data().write(to: url) }
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      launcher + [workspace.program.path, "serve"] + line.split(separator: " ").map(String.init) + ["--port", "0"]
    process.currentDirectoryURL = workspace.directory
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errorsURL)
    try process.run()
    var text = ""
    let deadline = ContinuousClock.now + .seconds(60)
    while !text.hasSuffix("\n") {
      guard process.isRunning, .now < deadline else {
        throw Mistake("it does not listen: \(String(decoding: try Data(contentsOf: errorsURL), as: UTF8.self))")
      }
      usleep(2000)
      text = String(decoding: try Data(contentsOf: output), as: UTF8.self)
    }
    guard let found = text.firstMatch(of: /:(\d+)\/\n/), let port = UInt16(found.1) else { throw Mistake(text) }
    self.port = port
  }

  deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

  /// What it has written to standard error.
  var errors: String { (try? String(contentsOf: errorsURL, encoding: .utf8)) ?? "" }

  func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

  /// Waits for its end, and returns its exit status.
  func status() throws -> Int32 {
    try eventually("it ends") { !process.isRunning }
    guard process.terminationReason == .exit else { throw Mistake("it was ended by a signal: \(errors)") }
    return process.terminationStatus
  }

  /// Waits until a condition holds, for far longer than it ever takes.
  func eventually(_ what: String, _ isSo: () throws -> Bool) throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while try !isSo() {
      guard .now < deadline else { throw Mistake("it takes a minute until \(what): \(errors)") }
      usleep(5000)
    }
  }

  /// Asks once, on a connection of its own.
  func ask(
    _ method: String, _ path: String, _ body: String = "", fields: [String: String] = [:]
  ) throws -> HTTPConnection.Answer {
    let connection = try HTTPConnection(port: port)
    try connection.send(HTTPConnection.request(method, path, Array(body.utf8), fields: fields))
    return try connection.answer()
  }

  /// The answer to a record or records, as JSON.
  func predict(_ json: String, path: String = "/predict") throws -> Any {
    let answer = try ask("POST", path, json, fields: ["Content-Type": "application/json"])
    guard answer.status == 200 else { throw Mistake("\(answer.status): \(answer.text)") }
    return try answer.json
  }
}

/// A connection to a service, which sends what it is told.
final class HTTPConnection {
  struct Answer {
    let status: Int
    /// The header fields, by their names in lower case.
    let fields: [String: String]
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
    var json: Any { get throws { try JSONSerialization.jsonObject(with: Data(body), options: .fragmentsAllowed) } }
    /// A member of the JSON object.
    subscript(name: String) -> Any? { (try? json as? [String: Any])?[name] }
  }

  private let socket: Int32
  private var received: [UInt8] = []

  init(port: UInt16) throws {
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var patience = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let code = withUnsafeBytes(of: &name) {
      connect(socket, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
    }
    guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
  }

  deinit { close(socket) }

  static func request(_ method: String, _ path: String, _ body: [UInt8] = [], fields: [String: String] = [:]) -> [UInt8]
  {
    let lines =
      ["\(method) \(path) HTTP/1.1", "Host: test"] + fields.map { "\($0): \($1)" }
      + (body.isEmpty && method == "GET" ? [] : ["Content-Length: \(body.count)"])
    return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body
  }

  func send(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
      rest = rest.dropFirst(count)
    }
  }

  /// Whether the other side closes the connection, or resets it, without a further byte.
  func isClosed() -> Bool {
    var byte: UInt8 = 0
    let count = recv(socket, &byte, 1, 0)
    return count == 0 || count < 0 && errno == ECONNRESET
  }

  /// Reads the next answer.
  func answer() throws -> Answer {
    let end = Array("\r\n\r\n".utf8)
    while received.firstRange(of: end) == nil { try receive() }
    let place = received.firstRange(of: end)!
    let lines = String(decoding: received[..<place.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
    received.removeFirst(place.upperBound)
    var fields: [String: String] = [:]
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      fields[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
    }
    let count = Int(fields["content-length"] ?? "0") ?? 0
    while received.count < count { try receive() }
    defer { received.removeFirst(count) }
    return Answer(
      status: Int(lines[0].split(separator: " ")[1]) ?? 0, fields: fields, body: Array(received.prefix(count)))
  }

  private func receive() throws {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = recv(socket, &bytes, bytes.count, 0)
    guard count > 0 else { throw RunningService.Mistake("the connection is closed after \(received.count) bytes") }
    received += bytes.prefix(count)
  }
}
