import Glibc

/// A non-blocking TCP socket over IPv4. It is closed when the last reference to it is released.
public final class Socket: Sendable {
  let descriptor: Int32

  /// Makes a socket that listens.
  ///
  /// - Parameters:
  ///   - host: An address such as `127.0.0.1`.
  ///   - port: A port, or 0 for any free port.
  public convenience init(listeningOn host: String, port: Int) throws(SocketError) {
    let what = "listen on \(host):\(port)"
    try self.init(what)
    // A restarted service need not wait until the system forgets the connections of the previous one.
    set(SO_REUSEADDR, level: SOL_SOCKET)
    guard try Self.withAddress(host, port, what, { bind(descriptor, $0, $1) }) == 0, listen(descriptor, SOMAXCONN) == 0
    else { throw SocketError(what) }
  }

  /// Makes a socket that begins to connect; it can send as soon as it is connected.
  public convenience init(connectingTo host: String, port: Int) throws(SocketError) {
    let what = "connect to \(host):\(port)"
    try self.init(what)
    set(Int32(TCP_NODELAY), level: Int32(IPPROTO_TCP))
    guard try Self.withAddress(host, port, what, { connect(descriptor, $0, $1) }) == 0 || errno == EINPROGRESS else {
      throw SocketError(what)
    }
  }

  private init(_ what: String) throws(SocketError) {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard descriptor >= 0 else { throw SocketError(what) }
  }

  private init(accepted descriptor: Int32) {
    self.descriptor = descriptor
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    // An answer is sent at once; it does not wait for the acknowledgement of the previous packet.
    set(Int32(TCP_NODELAY), level: Int32(IPPROTO_TCP))
  }

  deinit { close(descriptor) }

  private func set(_ option: Int32, level: Int32) {
    var on: Int32 = 1
    setsockopt(descriptor, level, option, &on, socklen_t(MemoryLayout<Int32>.size))
  }

  private static func withAddress(
    _ host: String, _ port: Int, _ what: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) throws(SocketError) -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    guard let port = UInt16(exactly: port), inet_pton(AF_INET, host, &address.sin_addr) == 1 else {
      throw SocketError(what, EINVAL)
    }
    address.sin_port = port.bigEndian
    return withUnsafeBytes(of: &address) {
      body($0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(MemoryLayout<sockaddr_in>.size))
    }
  }

  /// The port at this end.
  public var port: Int {
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    _ = withUnsafeMutableBytes(of: &address) {
      getsockname(descriptor, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), &size)
    }
    return Int(UInt16(bigEndian: address.sin_port))
  }

  /// The next connection to this socket, or nil if there is none.
  public func accept() throws(SocketError) -> Socket? {
    while true {
      let connection = Glibc.accept(descriptor, nil, nil)
      if connection >= 0 { return Socket(accepted: connection) }
      switch errno {
      case EAGAIN: return nil
      // The client has already gone.
      case EINTR, ECONNABORTED, EPROTO: continue
      default: throw SocketError("accept a connection")
      }
    }
  }

  /// Makes the thread wait until this socket or the other descriptor has something to read.
  public func waitForInput(or other: Int32) {
    var descriptors = [descriptor, other].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    _ = poll(&descriptors, 2, -1)
  }

  // MARK: - Bytes

  /// Reads the bytes that have arrived, at most 64 KiB, into `bytes` from an index on.
  ///
  /// - Returns: The number of bytes; 0 at the end; nil if none have arrived yet.
  func receive(into bytes: inout [UInt8], from start: Int) throws(SocketError) -> Int? {
    let count = bytes.withUnsafeMutableBytes {
      recv(descriptor, $0.baseAddress! + start, min($0.count - start, 65_536), 0)
    }
    return try transferred(count, "receive")
  }

  /// Sends bytes from an index on.
  ///
  /// - Returns: The number of bytes; nil if the other end has to read first.
  func send(_ bytes: [UInt8], from start: Int) throws(SocketError) -> Int? {
    let count = bytes.withUnsafeBytes {
      // If the other end has gone, this is an error, not a signal.
      Glibc.send(descriptor, $0.baseAddress! + start, $0.count - start, Int32(MSG_NOSIGNAL))
    }
    return try transferred(count, "send")
  }

  private func transferred(_ count: Int, _ what: String) throws(SocketError) -> Int? {
    if count >= 0 { return count }
    guard errno == EAGAIN || errno == EINTR else { throw SocketError(what) }
    return nil
  }

  /// Ends sending: the other end finds the end of input after the bytes already sent.
  func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Ends receiving: reading finds the end after the bytes that have arrived so far.
  public func endReceiving() { shutdown(descriptor, Int32(SHUT_RD)) }
}
