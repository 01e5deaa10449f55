import Foundation
import Testing

@Suite("The scoring service", .serialized)
struct ScoringServiceTests {
  private let good = #"{"length":1,"width":2,"color":"red"}"#

  @Test(
    "Each of 10 000 requests from 64 connections gets its answer while the model is replaced and others misbehave",
    arguments: ["0", "32"])
  func load(batch: String) async throws {
    let workspace = try Workspace()
    for seed in [1, 2] as [UInt64] { try workspace.writeModel(seed: seed, to: "model\(seed)") }
    try workspace.writeModel(seed: 1)
    let (service, port) = try await workspace.startService("--batch", batch, "--maximum-request", "4096")
    let test = try workspace.start(
      "LoadTest", [workspace.path("model1"), workspace.path("model2"), "--port", "\(port)"])
    var round = 0
    try await test.eventually("end of the load test") {
      round += 1
      try workspace.writeModel(seed: UInt64(1 + round % 2))
      service.send(SIGHUP)
      // Garbage, a line that is too long, a client that leaves within a request, and one that leaves before its
      // answers.
      for text in ["garbage\n", String(repeating: "x", count: 10_000), good.prefix(10) + "", good + "\n" + good + "\n"]
      {
        var client = try Client(port: port)
        try? await client.send(text)
      }
      return !test.output.isEmpty
    }
    #expect(try await test.status() == 0)
    #expect(test.output.hasPrefix("10000 requests from 64 connections: 0 lost, 0 wrong\n"), "\(test.output)")
    #expect(try await service.end() == 0)
  }

  @Test("A mistake in a column is answered by a line that names it, and the connection goes on")
  func mistakes() async throws {
    let workspace = try Workspace()
    try workspace.writeModel(seed: 1)
    let (service, port) = try await workspace.startService("--refuse-missing")
    var client = try Client(port: port)
    let answer = try await client.answer(to: good)
    #expect(answer?.hasPrefix(#"{"class":""#) == true)
    for (request, error) in [
      (#"{"length":1,"width":2}"#, #"column \"color\" is missing"#),
      (#"{"length":1,"width":2,"color":"red","x":1}"#, #"column \"x\" is unknown"#),
      (#"{"length":"a","width":2,"color":"red"}"#, #"column \"length\": found the string \"a\", expected a number"#),
      (
        #"{"length":true,"width":2,"color":"red"}"#,
        #"column \"length\": found the string \"true\", expected a number"#
      ),
      (#"{"length":1,"width":null,"color":"red"}"#, #"column \"width\": missing values are not accepted"#),
    ] {
      let line = try #require(try await client.answer(to: request))
      #expect(line.hasPrefix(#"{"error":""# + error), "\(line)")
    }
    #expect(try await client.answer(to: good) == answer)
    #expect(try await service.end() == 0)
  }

  @Test("A class that is less probable than --review is marked, and a more probable one is not", arguments: [1, 100])
  func review(percent: Int) async throws {
    let workspace = try Workspace()
    try workspace.writeModel(seed: 1)
    let (service, port) = try await workspace.startService("--review", "\(percent)")
    var client = try Client(port: port)
    let answer = try #require(try await client.answer(to: good))
    #expect(answer.hasSuffix(percent == 100 ? #"},"review":true}"# : "}}"), "\(answer)")
    #expect(try await service.end() == 0)
  }

  @Test("What is no record, or too long, ends its connection with an error line, and no other")
  func garbage() async throws {
    let workspace = try Workspace()
    try workspace.writeModel(seed: 1)
    let (service, port) = try await workspace.startService("--maximum-request", "1000")
    var other = try Client(port: port)
    let answer = try await other.answer(to: good)
    for (request, error) in [
      (Array("hello\n".utf8), "byte 1: found 'h'"), (Array("[1]\n".utf8), "byte 1: found '['"),
      ([0x7B, 0x22, 0xFF, 0x22, 0x0A], "not UTF-8"),
      (Array(repeating: UInt8(ascii: "x"), count: 5_000_000), "longer than 1000 bytes"),
    ] {
      var client = try Client(port: port)
      // The service may end before the whole request is sent.
      try? await client.send(request + Array("\n\(good)\n".utf8))
      let line = try #require(try await client.line())
      #expect(line.hasPrefix(#"{"error":""#) && line.contains(error), "\(line)")
      #expect(try await client.line() == nil)
    }
    #expect(try await other.answer(to: good) == answer)
    #expect(try await service.end() == 0)
  }

  @Test("Lines with nothing but spaces and tabs on them are passed over, and spaces about a record")
  func spaces() async throws {
    let workspace = try Workspace()
    try workspace.writeModel(seed: 1)
    let (service, port) = try await workspace.startService()
    var client = try Client(port: port)
    let answer = try await client.answer(to: good)
    #expect(try await client.answer(to: "\n\r\n \n\t\n\t \t\r\n\t\(good) \t\r") == answer)
    // The last line needs no end.
    try await client.send(good + "\n \t")
    #expect(try await client.line() == answer)
    #expect(try await service.end() == 0)
    #expect(try await client.line() == nil)
  }

  @Test("Requests that came before SIGTERM are answered, and the service ends with 0", arguments: ["0", "8"])
  func termination(batch: String) async throws {
    let workspace = try Workspace()
    try workspace.writeModel(seed: 1)
    let (service, port) = try await workspace.startService("--batch", batch)
    var clients: [Client] = []
    for _ in 0..<32 {
      clients.append(try Client(port: port))
      try await clients[clients.count - 1].send(String(repeating: good + "\n", count: 100))
    }
    service.send(SIGTERM)
    for index in clients.indices {
      var count = 0
      while let line = try await clients[index].line() {
        count += 1
        #expect(line.hasPrefix(#"{"class":""#))
      }
      #expect(count == 100)
    }
    #expect(try await service.status() == 0)
  }

  @Test("Who does not read the answers is not read either, and gets all of them later")
  func backPressure() async throws {
    let workspace = try Workspace()
    try workspace.writeModel(seed: 1)
    let (service, port) = try await workspace.startService()
    let flood = try await Flood(of: good + "\n", port: port)
    #expect(flood.hasStalled)

    var other = try Client(port: port)
    #expect(try await other.answer(to: good)?.hasPrefix(#"{"class":""#) == true)

    // The last request may be incomplete, and is then answered as garbage.
    let size = good.utf8.count + 1
    #expect(flood.readToEnd().count { $0 == UInt8(ascii: "\n") } == (flood.sent + size - 1) / size)
    #expect(try await service.end() == 0)
  }

  @Test("Who never reads the answers does not keep the service from ending")
  func grace() async throws {
    let workspace = try Workspace()
    try workspace.writeModel(seed: 1)
    let (service, port) = try await workspace.startService("--grace", "1")
    let flood = try await Flood(of: good + "\n", port: port)
    #expect(try await service.end() == EX_TEMPFAIL)
    #expect(flood.hasStalled)
  }

  @Test("SIGHUP reads the model again; one that is damaged changes nothing")
  func reload() async throws {
    let workspace = try Workspace()
    try workspace.writeModel(seed: 1)
    let (service, port) = try await workspace.startService()
    var client = try Client(port: port)
    let first = try await client.answer(to: good)

    try workspace.write("no model", to: "model")
    service.send(SIGHUP)
    let line = try await service.line { $0.errors }
    #expect(line.hasPrefix("error: ") && line.hasSuffix("; the previous model stays in use"), "\(line)")
    #expect(try await client.answer(to: good) == first)

    try workspace.writeModel(seed: 2)
    service.send(SIGHUP)
    try await service.eventually("another answer") { try await client.answer(to: good) != first }
    #expect(try await service.end() == 0)
  }

  @Test("A connection on which no whole line comes is ended by a line, and none that waits for its answers to be read")
  func idle() async throws {
    let workspace = try Workspace()
    try workspace.writeModel(seed: 1)
    let (service, port) = try await workspace.startService("--idle", "1")
    let flood = try await Flood(of: good + "\n", port: port)
    var clients = try (0..<3).map { _ in try Client(port: port) }
    try await clients[1].send(good.prefix(10) + "")
    #expect(try await clients[2].answer(to: good)?.hasPrefix(#"{"class":""#) == true)
    let start = ContinuousClock.now
    let trickle = Task { [client = clients[1]] in
      var client = client
      for _ in 0..<300 {
        try await client.send(" ")
        try await Task.sleep(for: .milliseconds(100))
      }
    }
    defer { trickle.cancel() }
    for index in clients.indices {
      #expect(try await clients[index].line() == #"{"error":"no request came for 1 seconds; connect again"}"#)
      #expect(try await clients[index].line() == nil)
    }
    #expect(ContinuousClock.now - start < .seconds(20))
    #expect(flood.readToEnd().suffix(2).elementsEqual("}\n".utf8) && flood.hasStalled)
    #expect(try await service.end() == 0)
  }

  @Test("A connection too many is refused by a line")
  func connections() async throws {
    let workspace = try Workspace()
    try workspace.writeModel(seed: 1)
    let (service, port) = try await workspace.startService("--maximum-connections", "1")
    var client = try Client(port: port)
    let answer = try await client.answer(to: good)
    var another = try Client(port: port)
    #expect(try await another.line() == #"{"error":"1 connections are already open; try again later"}"#)
    #expect(try await another.line() == nil)
    #expect(try await client.answer(to: good) == answer)
    #expect(try await service.end() == 0)
  }

  @Test("What keeps the service from starting is one line and an exit code")
  func start() async throws {
    let workspace = try Workspace()
    try workspace.writeModel(seed: 1)
    try workspace.write("no model", to: "damaged")
    let (service, port) = try await workspace.startService()
    for (arguments, status, message) in [
      (
        [workspace.path("model"), "--port", "\(port)"], 69,
        "error: cannot listen on 127.0.0.1:\(port): Address already in use"
      ),
      ([workspace.path("none")], 66, "error: \(workspace.path("none")): cannot be opened"),
      ([workspace.path("damaged")], 65, "error: \(workspace.path("damaged")): not a safetensors file"),
    ] as [([String], Int32, String)] {
      let program = try workspace.start("ScoringService", arguments)
      #expect(try await program.status() == status)
      #expect(program.errors.hasPrefix(message) && program.errors.count { $0 == "\n" } == 1, "\(program.errors)")
    }
    for arguments in [
      [], ["a", "b"], ["--port"], ["--port", "x", "a"], ["--prot=1"], ["a", "--host", "nowhere"],
      ["a", "--refuse-missing=no"], ["--refuse-missing=no", "a"],
    ] {
      let program = try workspace.start("ScoringService", arguments.map { $0 == "a" ? workspace.path("model") : $0 })
      #expect(try await program.status() == 64)
      #expect(program.errors.hasSuffix("\nusage: ScoringService MODEL [--port N] [options]\n"), "\(program.errors)")
    }
    #expect(try await service.end() == 0)
  }

  @Test("What keeps the load test from asking is one line and an exit code")
  func loadTestMistakes() async throws {
    let workspace = try Workspace()
    try workspace.writeModel(seed: 1)
    // The port is free again when the service ends.
    let (service, port) = try await workspace.startService()
    #expect(try await service.end() == 0)
    for (arguments, status, message) in [
      (
        ["model", "--port", "\(port)"], 69,
        "127.0.0.1:\(port) does not answer: cannot send: Connection refused; start the service"
      ),
      (["none"], 66, "\(workspace.path("none")): cannot be opened"),
      (["table.csv"], 65, "\(workspace.path("table.csv")): not a safetensors file"),
      (["model", "--clients", "\(Int.max)"], 64, "--clients: expected a whole number from 1 to 65536, found"),
      (["model", "--requests=\(Int.max)"], 64, "--requests: expected a whole number from 1 to 1000000, found"),
      (["model", "--requests", "0"], 64, "--requests: expected a whole number from 1 to 1000000, found"),
      (["model", "--host", "nowhere"], 64, "--host: expected an IPv4 address such as 127.0.0.1, found"),
    ] as [([String], Int32, String)] {
      let program = try workspace.start("LoadTest", [workspace.path(arguments[0])] + arguments.dropFirst())
      #expect(try await program.status() == status)
      #expect(program.errors.hasPrefix("error: \(message)"), "\(program.errors)")
      #expect(program.errors.count { $0 == "\n" } == (status == 64 ? 2 : 1) && program.output.isEmpty)
    }
  }
}
