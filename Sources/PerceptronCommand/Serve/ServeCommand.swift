import Perceptron

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// `perceptron serve MODEL…`.
enum ServeCommand: Command {
  static let name = "serve"
  static let usage = "perceptron serve MODEL… [--port N] [--host ADDRESS] [options]"
  static let summary = "answer requests over HTTP, with a page to try a model"
  static let options = [
    Option("--port", "N", "the port; 0 for any free one (8080)"),
    Option("--host", "ADDRESS", "the address to listen on; 0.0.0.0 or :: for all (127.0.0.1, this machine only)"),
    Option("--watch", nil, "read a model again when its file changes; SIGHUP does so at any time"),
    Option("--batch", nil, "answer requests that come at the same time together, which pays for large networks"),
    Option("--refuse-missing", nil, "refuse missing values; otherwise they are replaced as in training"),
    Option("--threads", "N", "threads that answer requests (all that may be used)"),
    Option("--connections", "N", "the most connections at a time; further ones wait (1000)"),
    Option("--max-body", "BYTES", "the most bytes of a request (16777216)"),
    Option(
      "--timeout", "SECONDS",
      "a connection is closed unless it brings its next request, and takes the answer, within this time (30)"),
    Option("--grace", "SECONDS", "at the end, the most time for requests that have begun (10, or --timeout if less)"),
  ]

  static func run(_ arguments: Arguments) throws {
    let mostBody = try arguments.integer("--max-body", in: 1...1 << 30) ?? 1 << 24
    let timeout = try arguments.integer("--timeout", in: 1...86400) ?? 30
    let grace = try arguments.integer("--grace", in: 0...86400) ?? min(timeout, 10)
    var settings = HTTPServer.Settings(
      threads: try arguments.integer("--threads", in: 1...1024) ?? usableProcessorCount(),
      connections: try arguments.integer("--connections", in: 1...100_000) ?? 1000, body: mostBody, seconds: timeout)
    settings.port = try arguments.integer("--port", in: 0...65535) ?? settings.port
    settings.host = arguments.string("--host") ?? settings.host
    let batches = arguments.flag("--batch")
    let missing: MissingValuePolicy = arguments.flag("--refuse-missing") ? .refused : .replaced
    let models = try names(arguments.positional).map { name, path in
      try ServedModel(name, contentsOf: path, batches: batches, missing: missing)
    }
    let service = Service(models, mostBody: mostBody)
    let signals = try Signals()
    let server = try HTTPServer(settings) { service.handle($0) }
    service.count { server.connectionCount }
    for model in models { printError("\(describe(model))\n") }
    let host = settings.host.contains(":") ? "[\(settings.host)]" : settings.host
    try printLine("listening on http://\(host):\(server.port)/")
    while true {
      let received = signals.wait(seconds: 1)
      server.sweep()
      if received.contains(SIGTERM) || received.contains(SIGINT) { break }
      for model in models where received.contains(SIGHUP) || arguments.flag("--watch") && model.hasChanged() {
        reload(model, service)
      }
    }
    service.beginStopping()
    printError("ending: requests that have begun are answered\n")
    server.stop(within: grace)
  }

  private static func reload(_ model: ServedModel, _ service: Service) {
    do {
      try model.reload()
      service.metrics.countReload(of: model.name, done: true)
      printError("read again: \(describe(model))\n")
    } catch {
      service.metrics.countReload(of: model.name, done: false)
      printError("warning: \(model.name) stays as it was: \(CommandError(error).message)\n")
    }
  }

  private static func describe(_ model: ServedModel) -> String {
    let facts = model.current.facts
    return "\(facts.name), \(facts.fingerprint), from \(model.path): \(facts.columns.count) columns →"
      + " \(facts.preparation.outputs.text)"
  }

  /// The names and paths of the models: `NAME=FILE`, or a file that is named after its model.
  private static func names(_ words: [String]) throws(CommandError) -> [(name: String, path: String)] {
    guard !words.isEmpty else { throw .usage("MODEL is missing") }
    var models: [(name: String, path: String)] = []
    for word in words {
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      let isNamed = parts.count == 2 && !isReadable(word)
      let path = isNamed ? parts[1] : word
      let file = path.split(separator: "/").last.map(String.init) ?? path
      let name = isNamed ? parts[0] : String(file.lastIndex(of: ".").map { file[..<$0] } ?? file[...])
      guard !name.isEmpty, name.utf8.allSatisfy({ isNameByte($0) }) else {
        throw .usage(
          "\(printable(name.debugDescription)) cannot be part of a URL; name the model with letters, digits, -, _ and"
            + " .: NAME=\(path)")
      }
      guard !models.contains(where: { $0.name == name }) else {
        throw .usage("two models are called \(name); name one of them: NAME=\(path)")
      }
      models.append((name, path))
    }
    return models
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
      true
    default: false
    }
  }
}
