// What Documentation/Serving.md uses of Vapor 4, as small as that needs: the route is asked once, by `execute`.

import FoundationEssentials

protocol Content: Codable, Sendable {}

struct Environment {
  static func detect() throws -> Environment { Environment() }
}

struct Abort: Error {
  enum Status { case badRequest }
  init(_ status: Status, reason: String) {}
}

struct ByteCount: ExpressibleByStringLiteral {
  init(stringLiteral value: String) {}
}

struct Request: Sendable {
  struct Container: Sendable {
    let body: String
    func decode<Value: Decodable>(_: Value.Type) throws -> Value {
      try JSONDecoder().decode(Value.self, from: Data(body.utf8))
    }
  }
  let content: Container
}

final class Application {
  final class Routes {
    var defaultMaxBodySize: ByteCount = "16kb"
  }
  let routes = Routes()
  private var route: ((Request) async throws -> any Content)?

  static func make(_: Environment) async throws -> Application { Application() }

  func post(_: String, use route: @escaping @Sendable (Request) async throws -> some Content) { self.route = route }

  func execute() async throws {
    let request = Request(content: .init(body: #"{"petal_length": 1.4, "petal_width": null}"#))
    let answer = try await route!(request)
    print(String(decoding: try JSONEncoder().encode(answer), as: UTF8.self))
  }

  func asyncShutdown() async throws {}
}
