// What Documentation/Serving.md uses of Hummingbird 2, as small as that needs: the route is asked once, by
// `runService`.

import FoundationEssentials

protocol ResponseEncodable: Encodable, Sendable {}

struct HTTPError: Error {
  enum Status { case badRequest }
  init(_ status: Status, message: String) {}
}

struct BasicRequestContext: Sendable {}

struct Request: Sendable {
  let body: String
  func decode<Value: Decodable>(as _: Value.Type, context: BasicRequestContext) async throws -> Value {
    try JSONDecoder().decode(Value.self, from: Data(body.utf8))
  }
}

final class Router {
  var route: (@Sendable (Request, BasicRequestContext) async throws -> any ResponseEncodable)?

  func post(
    _: String, use route: @escaping @Sendable (Request, BasicRequestContext) async throws -> some ResponseEncodable
  ) {
    self.route = route
  }
}

struct Application {
  struct Configuration {
    enum Address { case hostname(String, port: Int) }
    init(address: Address) {}
  }
  let router: Router

  init(router: Router, configuration: Configuration) { self.router = router }

  func runService() async throws {
    let request = Request(body: #"{"petal_length": 1.4, "petal_width": null}"#)
    let answer = try await router.route!(request, BasicRequestContext())
    print(String(decoding: try JSONEncoder().encode(answer), as: UTF8.self))
  }
}
