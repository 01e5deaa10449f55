import Foundation

/// A client that sends the same line again and again and reads nothing, until the connection accepts no more.
final class Flood {
  private let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  /// The number of bytes that the connection accepted.
  private(set) var sent = 0
  /// Far more than the memory of sockets, which is a few megabytes.
  private static let most = 100_000_000

  /// Whether the connection stopped accepting bytes before all were sent.
  var hasStalled: Bool { sent < Self.most }

  init(of line: String, port: Int) async throws {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    address.sin_port = UInt16(port).bigEndian
    let status = withUnsafeBytes(of: &address) {
      connect(connection, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
    }
    guard status == 0 else { throw RunningProgram.Mistake("cannot connect") }
    let block = Array(String(repeating: line, count: 1000).utf8)
    var refusals = 0
    while refusals < 20 && hasStalled {
      let rest = Array(block[(sent % block.count)...])
      let count = send(connection, rest, rest.count, Int32(MSG_DONTWAIT))
      if count > 0 {
        (sent, refusals) = (sent + count, 0)
      } else {
        refusals += 1
        try await Task.sleep(for: .milliseconds(50))
      }
    }
  }

  deinit { close(connection) }

  /// Stops sending, and returns all bytes that arrive.
  func readToEnd() -> [UInt8] {
    shutdown(connection, Int32(SHUT_WR))
    var (bytes, buffer) = ([UInt8](), Array(repeating: UInt8(0), count: 1 << 16))
    while case let count = recv(connection, &buffer, buffer.count, 0), count > 0 { bytes += buffer[..<count] }
    return bytes
  }
}
