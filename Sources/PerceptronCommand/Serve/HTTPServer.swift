import CPerceptronHTTP

/// A whole request, which is answered exactly once. Its parts are valid until then.
struct HTTPRequest: @unchecked Sendable {
  fileprivate let pointer: OpaquePointer

  var method: String { String(cString: chttp_method(pointer)) }

  /// The path without the query.
  var path: String { String(cString: chttp_path(pointer)) }

  var body: [UInt8] { Array(UnsafeBufferPointer(start: chttp_body(pointer), count: chttp_body_size(pointer))) }

  /// Whether the body had more bytes than allowed. It is then empty.
  var isTooLarge: Bool { chttp_is_too_large(pointer) != 0 }

  /// The value of a header field; nil if the request has none.
  func header(_ name: String) -> String? { chttp_header(pointer, name).map { String(cString: $0) } }

  /// The media type of the body in lower case, without parameters; empty if it is not given.
  var contentType: String {
    (header("Content-Type") ?? "").prefix { $0 != ";" }.lowercased().filter { $0 != " " }
  }

  /// Announces that the handler returns before the answer is ready.
  func wait() { chttp_wait(pointer) }

  func answer(_ response: HTTPResponse) {
    response.body.withUnsafeBytes { chttp_prepare(pointer, UInt32(response.status), $0.baseAddress, $0.count) }
    for (name, value) in response.fields { chttp_add_field(pointer, name, value) }
    chttp_send(pointer)
  }
}

struct HTTPResponse: Sendable {
  var status = 200
  /// The header fields.
  var fields: [(name: String, value: String)]
  var body: [UInt8]

  init(status: Int = 200, type: String, _ body: [UInt8], fields: [(name: String, value: String)] = []) {
    self.status = status
    self.fields = [("Content-Type", type)] + fields
    self.body = body
  }
}

/// An HTTP server, on libmicrohttpd.
final class HTTPServer: Sendable {
  struct Settings: Sendable {
    /// A host's name or address.
    var host = "127.0.0.1"
    /// 0 for any free port.
    var port = 8080
    var threads: Int
    /// The most connections at a time.
    var connections: Int
    /// The most bytes of a request's body.
    var body: Int
    /// The seconds within which a connection must bring its next request, and take the answer.
    var seconds: Int
  }

  private final class Handler: Sendable {
    let handle: @Sendable (HTTPRequest) -> Void
    init(_ handle: @escaping @Sendable (HTTPRequest) -> Void) { self.handle = handle }
  }

  private nonisolated(unsafe) let pointer: OpaquePointer
  private let handler: Handler

  /// Starts a server.
  ///
  /// - Parameter handle: Receives each request, on the server's threads. It answers it, or calls `wait`.
  /// - Throws: ``CommandError`` if the library is missing, or if the port is taken.
  init(_ settings: Settings, _ handle: @escaping @Sendable (HTTPRequest) -> Void) throws(CommandError) {
    let handler = Handler(handle)
    self.handler = handler
    var problem: UnsafePointer<CChar>?
    let started = settings.host.withCString { host in
      var settings = chttp_settings(
        host: host, port: UInt16(settings.port), threads: UInt32(settings.threads),
        connections: UInt32(settings.connections), body: settings.body, seconds: UInt32(settings.seconds),
        handler: { context, request in
          Unmanaged<Handler>.fromOpaque(context!).takeUnretainedValue().handle(HTTPRequest(pointer: request!))
        }, context: Unmanaged.passUnretained(handler).toOpaque())
      return chttp_start(&settings, &problem)
    }
    guard let started else {
      throw CommandError(
        message:
          "cannot listen on \(settings.host), port \(settings.port): \(problem.map { String(cString: $0) } ?? "")",
        exitCode: 69)
    }
    pointer = started
  }

  /// The port at which the server listens.
  var port: Int { Int(chttp_port(pointer)) }

  /// The number of connections now.
  var connectionCount: Int { chttp_connections(pointer) }

  /// Closes the connections whose time is over. To be called about once a second.
  func sweep() { chttp_sweep(pointer) }

  /// Closes new connections, and returns when the requests that have begun to arrive are answered, or after so many
  /// seconds. To be called once, at the end.
  func stop(within seconds: Int) { chttp_stop(pointer, UInt32(seconds)) }
}
