import Foundation
import Glibc
import Synchronization

/// A file server on the loopback interface, just enough HTTP/1.0 for a downloader: one request a connection, one
/// connection at a time, on a thread of its own.
final class FileServer: Sendable {
  /// What stands in front of `/name`.
  let address: String

  private let listener: Int32
  private let files: [String: [UInt8]]
  private let truncated: Set<String>
  private let names = Mutex<[String]>([])

  /// The names asked for so far, in order.
  var requests: [String] { names.withLock { $0 } }

  /// Serves files by their names, those in `truncated` only by half, and 404 for any other name.
  init(files: [String: [UInt8]], truncated: Set<String> = []) throws {
    (listener, address) = try Self.bind()
    try Self.check(listen(listener, 8) == 0)
    self.files = files
    self.truncated = truncated
    Thread.detachNewThread { [listener, self] in
      // `stop` ends this loop: accept fails on a socket that is shut down.
      while case let connection = accept(listener, nil, nil), connection >= 0 {
        answer(connection)
        close(connection)
      }
      close(listener)
    }
  }

  /// Takes no further connections.
  func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

  /// Returns an address on which nothing listens; its port stays taken, so that nothing ever will.
  static func deadAddress() throws -> String { try bind().address }

  /// Returns a socket bound to a port that the system chose, and its address.
  private static func bind() throws -> (socket: Int32, address: String) {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutableBytes(of: &name) { bytes in
      let pointer = bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
      return Glibc.bind(listener, pointer, size) | getsockname(listener, pointer, &size)
    }
    try check(listener >= 0 && status == 0)
    return (listener, "http://127.0.0.1:\(UInt16(bigEndian: name.sin_port))")
  }

  private static func check(_ success: Bool) throws {
    guard success else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
  }

  private func answer(_ connection: Int32) {
    // GET /name HTTP/1.1, then headers up to an empty line.
    var request: [UInt8] = []
    while !request.suffix(4).elementsEqual("\r\n\r\n".utf8) {
      var byte: UInt8 = 0
      guard recv(connection, &byte, 1, 0) == 1 else { return }
      request.append(byte)
    }
    let path = String(decoding: request, as: UTF8.self).split(separator: " ").dropFirst().first ?? ""
    let name = String(path.dropFirst())
    names.withLock { $0.append(name) }

    guard let file = files[name] else {
      return send(Array("HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n".utf8), to: connection)
    }
    let body = truncated.contains(name) ? file.prefix(file.count / 2) : file[...]
    send(Array("HTTP/1.0 200 OK\r\nContent-Length: \(file.count)\r\n\r\n".utf8) + body, to: connection)
  }

  private func send(_ bytes: [UInt8], to connection: Int32) {
    var sent = 0
    while sent < bytes.count {
      // A downloader that went away must not end the tests with SIGPIPE.
      let count = Glibc.send(connection, Array(bytes[sent...]), bytes.count - sent, Int32(MSG_NOSIGNAL))
      guard count > 0 else { return }
      sent += count
    }
  }
}
