import Perceptron
import Synchronization

/// The most samples of a request, which take far more memory than their text.
let mostSamples = 65_536

/// What `perceptron serve` answers.
final class Service: Sendable {
  /// The models; the first is the one that paths without a name mean.
  let models: [ServedModel]
  let metrics = ServiceMetrics()
  private let mostBody: Int
  private let isStopping = Atomic<Bool>(false)
  /// The number of connections now.
  private let connections = Guarded<(@Sendable () -> Int)?>(nil)

  init(_ models: [ServedModel], mostBody: Int) { (self.models, self.mostBody) = (models, mostBody) }

  /// From now on the service is not ready.
  func beginStopping() { isStopping.store(true, ordering: .relaxed) }

  /// - Parameter connections: Counts the connections.
  func count(_ connections: @escaping @Sendable () -> Int) { self.connections.withLock { $0 = connections } }

  // MARK: - Requests

  /// A request on its way to an answer.
  private struct Exchange: Sendable {
    let request: HTTPRequest
    let start = ContinuousClock.now
    var endpoint = ServiceMetrics.Endpoint.other
    var model = ""
    /// Whether errors have the form of the open inference protocol.
    var speaksProtocol = false
  }

  /// Answers a request, or lets a task do so.
  func handle(_ request: HTTPRequest) {
    var exchange = Exchange(request: request)
    do {
      try answer(&exchange)
    } catch {
      finish(exchange, failed: Problem(error))
    }
  }

  private func finish(_ exchange: Exchange, _ response: HTTPResponse, samples: Int = 0, error: Problem? = nil) {
    metrics.count(
      exchange.endpoint, model: exchange.model, status: response.status, seconds: seconds(since: exchange.start),
      samples: samples, error: error?.kind.rawValue)
    exchange.request.answer(response)
  }

  private func finish(_ exchange: Exchange, failed problem: Problem) {
    let response = exchange.speaksProtocol ? problem.inferenceResponse : problem.response
    finish(exchange, response, error: problem)
  }

  private func answer(_ exchange: inout Exchange) throws {
    let request = exchange.request
    let path = request.path
    if path == "/predict" { return try predict(&exchange, models[0]) }
    let parts = path.split(separator: "/").map(String.init)
    switch (parts.first, parts.count) {
    case (nil, _): try get(exchange) { modelPage(models[0].current.facts, among: models.map(\.name)) }
    case ("health", 1): try get(exchange) { JSONValue.object([("status", "alive")]).response }
    case ("ready", 1):
      try get(exchange) {
        try ready()
        return JSONValue.object([("status", "ready")]).response
      }
    case ("metrics", 1):
      try get(exchange) {
        let text = metrics.text(models.map(\.current), connections: connections.withLock { $0 }?() ?? 0)
        return HTTPResponse(type: "text/plain; version=0.0.4; charset=utf-8", Array(text.utf8))
      }
    case ("openapi.json", 1): try get(exchange) { openAPI(models.map(\.current.facts)).response }
    case ("models", 1): try get(exchange) { JSONValue.list(models.map { description($0.current.facts) }).response }
    case ("models", 2): try get(exchange) { modelPage(try model(parts[1]).current.facts, among: models.map(\.name)) }
    case ("models", 3) where parts[2] == "predict": try predict(&exchange, model(parts[1]))
    case ("v2", _): try inference(&exchange, Array(parts.dropFirst()))
    default: throw Problem(.notFound, "there is no \(path); / shows what there is, /openapi.json describes it")
    }
  }

  private func get(_ exchange: Exchange, _ response: () throws -> HTTPResponse) throws {
    guard ["GET", "HEAD"].contains(exchange.request.method) else {
      throw Problem(.method, "\(exchange.request.path) is for GET", allowed: "GET, HEAD")
    }
    finish(exchange, try response())
  }

  private func model(_ name: String) throws(Problem) -> ServedModel {
    if let model = models.first(where: { $0.name == name }) { return model }
    let names = models.map(\.name).joined(separator: ", ")
    throw Problem(.notFound, "there is no model \(name.debugDescription); the models are \(names)")
  }

  private func ready() throws(Problem) {
    if isStopping.load(ordering: .relaxed) { throw Problem(.overloaded, "the service is about to end") }
  }

  private func description(_ facts: ModelFacts) -> JSONValue {
    [
      "name": .string(facts.name), "predicts": .string(facts.preparation.outputs.text),
      "fingerprint": .string(facts.fingerprint), "columns": .list(facts.columns.map { .string($0.name) }),
    ]
  }

  private func body(of exchange: Exchange) throws(Problem) -> [UInt8] {
    guard exchange.request.method == "POST" else {
      throw Problem(.method, "\(exchange.request.path) is for POST", allowed: "POST")
    }
    if let encoding = exchange.request.header("Content-Encoding"), encoding.lowercased() != "identity" {
      throw Problem(.mediaType, "found a body in the encoding \(encoding.debugDescription), expected it uncompressed")
    }
    guard !exchange.request.isTooLarge else {
      throw Problem(
        .tooLarge, "the body has more than \(mostBody) bytes; send fewer samples at a time, or raise --max-body")
    }
    return exchange.request.body
  }

  // MARK: - /predict

  private func predict(_ exchange: inout Exchange, _ served: ServedModel) throws {
    (exchange.endpoint, exchange.model) = (.predict, served.name)
    let bytes = try body(of: exchange)
    let model = served.current
    switch exchange.request.contentType {
    // curl -d calls everything a form.
    case "application/json", "text/json", "application/x-www-form-urlencoded", "":
      let samples = try JSONSamples(json: bytes, atMost: mostSamples)
      if samples.isList {
        let answers = JSONValue.list(try model.predict(samples.samples).map(\.json))
        return finish(exchange, answers.response, samples: samples.samples.count)
      }
      if let batching = model.batching { return predict(exchange, samples.samples[0], in: batching) }
      var prediction = Prediction()
      try model.predict(samples.samples[0], into: &prediction)
      finish(exchange, prediction.json.response, samples: 1)
    case "text/csv", "application/csv":
      let (csv, count) = try model.answers(csv: bytes)
      finish(exchange, HTTPResponse(type: "text/csv; charset=utf-8; header=present", csv), samples: count)
    case let type:
      throw Problem(
        .mediaType, "found the content type \(type.debugDescription), expected application/json or text/csv")
    }
  }

  private func predict(_ exchange: Exchange, _ sample: JSONSamples.Sample, in batching: any Batching) {
    exchange.request.wait()
    Task {
      do {
        let prediction = try await batching.predict(sample)
        finish(exchange, prediction.json.response, samples: 1)
      } catch {
        finish(exchange, failed: Problem(error))
      }
    }
  }

  // MARK: - /v2, the open inference protocol

  private func inference(_ exchange: inout Exchange, _ parts: [String]) throws {
    exchange.speaksProtocol = true
    switch parts.first {
    case nil:
      try get(exchange) {
        let facts: JSONValue = [
          "name": "perceptron", "version": .string(version), "extensions": ["binary_tensor_data", "model_repository"],
        ]
        return facts.response
      }
    case "health"? where parts.dropFirst() == ["live"]:
      try get(exchange) { JSONValue.object([("live", true)]).response }
    case "health"? where parts.dropFirst() == ["ready"]:
      try get(exchange) {
        try ready()
        return JSONValue.object([("ready", true)]).response
      }
    case "repository"? where parts.dropFirst() == ["index"]:
      let index = models.map { JSONValue.object([("name", .string($0.name)), ("version", "1"), ("state", "READY")]) }
      finish(exchange, JSONValue.list(index).response)
    case "models"? where parts.count > 1:
      let served = try model(parts[1])
      var rest = parts.dropFirst(2)
      if rest.first == "versions" {
        guard rest.count > 1, rest[rest.startIndex + 1] == "1" else {
          throw Problem(.notFound, "the model \(served.name) has version 1 only")
        }
        rest = rest.dropFirst(2)
      }
      exchange.model = served.name
      switch rest {
      case []: try get(exchange) { served.current.tensorMetadata.response }
      case ["ready"]:
        try get(exchange) { JSONValue.object([("name", .string(served.name)), ("ready", true)]).response }
      case ["infer"]:
        exchange.endpoint = .infer
        let length = exchange.request.header("Inference-Header-Content-Length")
        let (response, count) = try served.current.infer(body(of: exchange), headerLength: length)
        finish(exchange, response, samples: count)
      default: throw Problem(.notFound, "there is no \(exchange.request.path)")
      }
    default: throw Problem(.notFound, "there is no \(exchange.request.path)")
    }
  }
}

extension JSONValue {
  /// The response that consists of this value.
  var response: HTTPResponse { HTTPResponse(type: "application/json", bytes) }
}
