import Foundation
import Glibc
import Testing

/// Classes that depend on all three columns, one of which is text.
private let flowers =
  "length,width,colour,species\n"
  + (0..<90).map { row in
    let kind = row % 3
    let (length, width) = (Double(kind) + Double(row % 7) / 7, 2 * Double(kind) - Double(row % 5) / 5)
    return "\(length),\(width),\(["red", "blue", "a<b>"][row % 4 == 0 ? 0 : kind]),\(["one", "two", "three"][kind])\n"
  }.joined()

private let record = #"{"length": 1.2, "width": 1.9, "colour": "blue"}"#

/// A workspace with the data `t.csv` and the model `flowers.model`.
private func workspace(_ options: String = "") throws -> Workspace {
  let workspace = try Workspace()
  try workspace.write(flowers, to: "t.csv")
  let trained = try workspace.run("train t.csv -o flowers.model --recipe plain --epochs 20 --quiet \(options)")
  try #require(trained.status == 0, "\(trained.errors)")
  return workspace
}

/// Lets this process open so many files, or as many as the system allows, and returns their number.
private func descriptors(upTo count: Int) -> Int {
  let files = __rlimit_resource_t(7)  // RLIMIT_NOFILE, a macro that Swift does not see.
  var limit = rlimit()
  guard getrlimit(files, &limit) == 0 else { return 1024 }
  if limit.rlim_cur < count {
    limit.rlim_cur = min(rlim_t(count), limit.rlim_max)
    setrlimit(files, &limit)
  }
  return min(Int(clamping: limit.rlim_cur), count)
}

@Suite struct ServeTests {
  @Test("A service answers records, lists, rows and tables as the command does")
  func serviceAnswers() throws {
    let workspace = try workspace()
    let service = try RunningService("flowers.model", in: workspace)
    let one = try #require(try service.predict(record) as? [String: Any])
    let probabilities = try #require(one["probabilities"] as? [String: Double])
    let (best, share) = try #require(probabilities.max { $0.value < $1.value })
    #expect(one["prediction"] as? String == best && one["probability"] as? Double == share)
    #expect(Set(probabilities.keys) == ["one", "two", "three"] && abs(probabilities.values.reduce(0, +) - 1) < 1e-5)

    let list = try #require(try service.predict("[\(record), \(record)]") as? [[String: Any]])
    #expect(list.count == 2 && (list[1]["probabilities"] as? [String: Double]) == probabilities)
    let row = try #require(try service.predict(#"[1.2, 1.9, "blue"]"#) as? [String: Any])
    #expect(row["probabilities"] as? [String: Double] == probabilities)
    #expect((try service.predict(#"[[1.2, 1.9, "blue"]]"#) as? [[String: Any]])?.count == 1)
    #expect((try service.predict("[]") as? [Any])?.isEmpty == true)

    let csv = try service.ask(
      "POST", "/models/flowers/predict", flowers, fields: ["Content-Type": "text/csv; charset=utf-8"])
    let predicted = try workspace.run("predict flowers.model t.csv --probabilities").output
    #expect(csv.status == 200 && csv.text == predicted)
    service.send(SIGTERM)
    #expect(try service.status() == 0)
  }

  @Test("Values have their bounds, and several models have names")
  func severalModels() throws {
    let workspace = try workspace()
    try workspace.write(table(rows: 300) { "\($0 - $1)" }, to: "values.csv")
    let trained = try workspace.run(
      "train values.csv -o v --recipe plain --epochs 5 --validation-split 0.3 --interval 0.9 --task regression --quiet")
    #expect(trained.status == 0)
    let service = try RunningService("flowers.model difference=v", in: workspace)
    let answer = try #require(
      try service.predict(#"{"a": 3, "b": null}"#, path: "/models/difference/predict") as? [String: Any])
    let interval = try #require(answer["interval"] as? [String: Double])
    let value = try #require(answer["prediction"] as? Double)
    #expect(interval["level"] == 0.9 && interval["lower"]! < value && value < interval["upper"]!)
    try workspace.write("a,b\n3,\n", to: "new.csv")
    let line = try workspace.run("predict v new.csv").lines[1].split(separator: ",").map { Double($0)! }
    #expect(line == [value, interval["lower"]!, interval["upper"]!])
    let models = try #require(service.ask("GET", "/models").json as? [[String: Any]])
    #expect(models.map { $0["name"] as? String } == ["flowers", "difference"])
    let missing = try service.ask("POST", "/models/other/predict", record)
    #expect(missing.status == 404 && (missing["detail"] as? String)?.contains("flowers, difference") == true)
  }

  @Test("A request that cannot be answered gets a problem that names the field")
  func serviceProblems() throws {
    let workspace = try workspace()
    let service = try RunningService("flowers.model --max-body 2000 --refuse-missing", in: workspace)
    func problem(
      _ body: String, _ path: String = "/predict", _ method: String = "POST", type: String = "application/json"
    )
      throws -> HTTPConnection.Answer
    {
      let answer = try service.ask(method, path, body, fields: ["Content-Type": type])
      #expect(answer.fields["content-type"] == "application/problem+json")
      #expect(answer["status"] as? Int == answer.status)
      return answer
    }
    let unknown = try problem(#"[\#(record), {"length": 1, "width": 2, "color": "red"}]"#)
    #expect(unknown.status == 422 && unknown["column"] as? String == "colour" && unknown["sample"] as? Int == 2)
    let text = try problem(#"{"length": "long", "width": 2, "colour": "red"}"#)
    #expect(text.status == 422 && text["column"] as? String == "length")
    #expect(try problem(#"{"length": null, "width": 2, "colour": "red"}"#)["column"] as? String == "length")
    #expect(try problem(#"{"length": [1], "width": 2, "colour": "red"}"#)["column"] as? String == "length")
    #expect(try problem("[1, 2]").status == 422)
    for body in ["", "{", "[{]", "nonsense", record + record, "\u{0}", #"{"length": 1e999999"#] {
      #expect(try problem(body).status == 400, "\(body)")
    }
    #expect(try problem("length,width\n1,2\n", type: "text/csv").status == 422)
    #expect(try problem(record, type: "application/xml").status == 415)
    #expect(try problem("", "/nothing").status == 404)
    let method = try problem("", "/predict", "GET")
    #expect(method.status == 405 && method.fields["allow"] == "POST")
    #expect(try problem("{}", "/health").status == 405)
    let large = try problem("[" + Array(repeating: record, count: 100).joined(separator: ",") + "]")
    #expect(large.status == 413 && (large["detail"] as? String)?.contains("2000") == true)
    // The service is as it was.
    #expect((try service.predict(record) as? [String: Any])?["prediction"] is String)
    let metrics = try service.ask("GET", "/metrics").text
    #expect(metrics.contains(#"perceptron_errors_total{kind="too_large"} 1"#))
    #expect(metrics.contains(#"perceptron_requests_total{endpoint="predict",model="flowers",status="200"} 1"#))
  }

  @Test("Connections are kept alive, requests may be pipelined and come byte by byte")
  func connections() throws {
    let workspace = try workspace()
    let service = try RunningService("flowers.model --threads 2", in: workspace)
    let connection = try HTTPConnection(port: service.port)
    let request = HTTPConnection.request("POST", "/predict", Array(record.utf8))
    try connection.send(request + HTTPConnection.request("GET", "/health") + request)
    let answers = try (0..<3).map { _ in try connection.answer() }
    #expect(answers.map(\.status) == [200, 200, 200] && answers[1]["status"] as? String == "alive")
    #expect(answers[0].text == answers[2].text)
    for byte in request { try connection.send([byte]) }
    #expect(try connection.answer().text == answers[0].text)
    // In chunks.
    let head = "POST /predict HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
    let half = record.utf8.count / 2
    var chunked = Array(head.utf8)
    for chunk in [String(record.prefix(half)), String(record.dropFirst(half)), ""] {
      chunked += Array("\(String(chunk.utf8.count, radix: 16))\r\n\(chunk)\r\n".utf8)
    }
    try connection.send(chunked)
    #expect(try connection.answer().text == answers[0].text)
    // Garbage ends its connection and no other.
    for garbage in ["\r\n\r\n\r\n", "GET\r\n\r\n", String(repeating: "x", count: 100_000), "GET / HTTP/9.9\r\n\r\n"] {
      let other = try HTTPConnection(port: service.port)
      try? other.send(Array(garbage.utf8))
    }
    try connection.send(request)
    #expect(try connection.answer().status == 200)
  }

  @Test("A slow client is closed, and as many connections as allowed are open")
  func limits() throws {
    let workspace = try workspace()
    let service = try RunningService("flowers.model --timeout 1 --connections 2 --threads 1", in: workspace)
    let slow = [try HTTPConnection(port: service.port), try HTTPConnection(port: service.port)]
    for connection in slow { try connection.send(Array("POST /predict HTTP/1.1\r\nHo".utf8)) }
    // This one waits until the others are closed.
    let waiting = try HTTPConnection(port: service.port)
    try waiting.send(HTTPConnection.request("POST", "/predict", Array(record.utf8)))
    for connection in slow { #expect(connection.isClosed()) }
    #expect(try waiting.answer().status == 200)
    // A byte now and then is not enough.
    let trickling = try HTTPConnection(port: service.port)
    var isClosed = false
    for byte in HTTPConnection.request("GET", "/health") where !isClosed {
      isClosed = (try? trickling.send([byte])) == nil
      usleep(200_000)
    }
    #expect(isClosed)
  }

  @Test("A service ends after the requests that have begun")
  func gracefulEnd() throws {
    let workspace = try workspace()
    // The limits are longer than the test takes on any machine.
    let service = try RunningService("flowers.model --timeout 3600 --grace 3600", in: workspace)
    let (begun, idle) = (try HTTPConnection(port: service.port), try HTTPConnection(port: service.port))
    let request = HTTPConnection.request("POST", "/predict", Array(record.utf8))
    try idle.send(request)
    #expect(try idle.answer().status == 200)
    // The header is there, as the service confirms, and the body is on its way.
    let slow = HTTPConnection.request("POST", "/predict", Array(record.utf8), fields: ["Expect": "100-continue"])
    try begun.send(Array(slow.dropLast(record.utf8.count)))
    #expect(try begun.answer().status == 100)
    try begun.send(Array(record.utf8.dropLast(5)))
    try service.eventually("two connections are open") {
      try service.ask("GET", "/metrics").text.contains("perceptron_connections 3\n")
    }
    service.send(SIGTERM)
    try service.eventually("it ends") { service.errors.contains("ending") }
    // A new connection is closed at once.
    #expect(try HTTPConnection(port: service.port).isClosed())
    try begun.send(Array(record.utf8.suffix(5)))
    let answer = try begun.answer()
    #expect(answer.status == 200 && answer.fields["connection"]?.lowercased() == "close")
    #expect(idle.isClosed())
    #expect(try service.status() == 0)
  }

  @Test(
    "A model is read again by SIGHUP and when its file changes, and stays if the new file is none",
    arguments: ["", "--batch"])
  func reload(option: String) throws {
    let workspace = try workspace()
    let other = try workspace.run("train t.csv -o other.model --recipe plain --epochs 3 --seed 7 --quiet")
    #expect(other.status == 0)
    let (first, second) = (try workspace.read("flowers.model"), try workspace.read("other.model"))
    let service = try RunningService("flowers.model --watch \(option)", in: workspace)
    func share() throws -> Double {
      try #require((try service.predict(record) as? [String: Any])?["probability"] as? Double)
    }
    let before = try share()
    func replace(_ bytes: [UInt8]) throws {
      try workspace.write(bytes, to: "next")
      let directory = workspace.directory.path
      #expect(Glibc.rename("\(directory)/next", "\(directory)/flowers.model") == 0)
    }
    try replace(second)
    service.send(SIGHUP)
    try service.eventually("the model is another") { try share() != before }
    let after = try share()
    try replace(first)
    try service.eventually("the change is seen") { try share() == before }
    try replace(Array(second.prefix(second.count / 2)))
    try service.eventually("the damage is seen") { service.errors.contains("warning: flowers stays as it was") }
    #expect(try share() == before)
    #expect(try service.ask("GET", "/metrics").text.contains(#"result="failed"} 1"#))
    // While the model is replaced again and again, each answer is that of one or the other.
    let connection = try HTTPConnection(port: service.port)
    for round in 0..<40 {
      try replace(round % 2 == 0 ? second : first)
      service.send(SIGHUP)
      for _ in 0..<20 {
        try connection.send(HTTPConnection.request("POST", "/predict", Array("[\(record),\(record)]".utf8)))
        let answers = try #require(connection.answer().json as? [[String: Any]])
        let shares = answers.map { $0["probability"] as? Double }
        #expect(shares == [before, before] || shares == [after, after])
      }
    }
  }

  @Test("SIGHUP alone lets a service read its models again, also under nohup, where other programs ignore it")
  func reloadUnderNohup() throws {
    let workspace = try workspace()
    let service = try RunningService("flowers.model", in: workspace, launcher: ["nohup"])
    service.send(SIGHUP)
    try service.eventually("it is read again") { service.errors.contains("read again: flowers") }
    service.send(SIGTERM)
    #expect(try service.status() == 0)
  }

  @Test("Answers together are those of one by one")
  func batches() throws {
    let workspace = try workspace()
    let (alone, together) = (
      try RunningService("flowers.model", in: workspace), try RunningService("flowers.model --batch", in: workspace)
    )
    let connections = try (0..<16).map { _ in try HTTPConnection(port: together.port) }
    for (index, connection) in connections.enumerated() {
      let body = #"{"length": \#(index), "width": 1.9, "colour": "red"}"#
      try connection.send(HTTPConnection.request("POST", "/predict", Array(body.utf8)))
    }
    for (index, connection) in connections.enumerated() {
      let body = #"{"length": \#(index), "width": 1.9, "colour": "red"}"#
      #expect(try connection.answer().text == alone.ask("POST", "/predict", body).text)
    }
    #expect(try together.ask("POST", "/predict", #"{"length": 1}"#).status == 422)
    #expect(try together.ask("GET", "/metrics").text.contains(#"perceptron_batch_requests_total{model="flowers"} 17"#))
    together.send(SIGINT)
    #expect(try together.status() == 0)
  }

  @Test("The open inference protocol is spoken, in JSON and in binary")
  func inference() throws {
    let workspace = try workspace()
    let service = try RunningService("flowers.model", in: workspace)
    let wanted = try #require((try service.predict(record) as? [String: Any])?["probabilities"] as? [String: Double])
    #expect(try service.ask("GET", "/v2/health/live")["live"] as? Bool == true)
    #expect(try service.ask("GET", "/v2/models/flowers/ready").status == 200)
    let metadata = try service.ask("GET", "/v2/models/flowers/versions/1")
    let inputs = try #require(metadata["inputs"] as? [[String: Any]])
    #expect(inputs.map { $0["datatype"] as? String } == ["FP64", "FP64", "BYTES"])

    let request = """
      {"id": "7", "inputs": [{"name": "length", "shape": [2, 1], "datatype": "FP32", "data": [[1.2], [0]]},
       {"name": "width", "shape": [2], "datatype": "FP64", "data": [1.9, 0]},
       {"name": "colour", "shape": [2, 1], "datatype": "BYTES", "data": ["blue", "red"]}]}
      """
    let answer = try service.ask("POST", "/v2/models/flowers/infer", request)
    #expect(answer.status == 200 && answer["id"] as? String == "7" && answer["model_name"] as? String == "flowers")
    let outputs = try #require(answer["outputs"] as? [[String: Any]])
    #expect(outputs.map { $0["name"] as? String } == ["label", "probabilities"])
    #expect(outputs[1]["shape"] as? [Int] == [2, 3])
    let shares = try #require(outputs[1]["data"] as? [Double])
    // A number came in single precision.
    #expect(zip(shares.prefix(3).sorted(), wanted.values.sorted()).allSatisfy { abs($0 - $1) < 1e-4 })

    // One row, binary: two numbers in double precision, and a string after its length.
    func little<Number>(_ value: Number) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }
    let header = Array(
      """
      {"inputs": [{"name": "length", "shape": [1], "datatype": "FP64", "parameters": {"binary_data_size": 8}},
       {"name": "width", "shape": [1], "datatype": "FP64", "parameters": {"binary_data_size": 8}},
       {"name": "colour", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": 8}}],
       "outputs": [{"name": "probabilities", "parameters": {"binary_data": true}}, {"name": "label"}]}
      """.utf8)
    let body = header + little(1.2) + little(1.9) + little(UInt32(4)) + Array("blue".utf8)
    let connection = try HTTPConnection(port: service.port)
    let length = ["Inference-Header-Content-Length": "\(header.count)"]
    try connection.send(HTTPConnection.request("POST", "/v2/models/flowers/infer", body, fields: length))
    let binary = try connection.answer()
    let count = try #require(Int(binary.fields["inference-header-content-length"] ?? ""))
    #expect(binary.body.count == count + 3 * 4)
    let found = (0..<3).map { number in
      Float(bitPattern: binary.body[(count + 4 * number)...].prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) })
    }
    #expect(found.sorted() == wanted.values.map { Float($0) }.sorted())

    for (change, to) in [
      ("[2, 1], \"datatype\": \"FP32\"", "[3, 1], \"datatype\": \"FP32\""), ("\"width\"", "\"height\""),
      ("\"data\"", "\"dat\""),
      ("[2],", "[4611686018427387904, 4],"), ("\"inputs\"", "\"input\""),
      ("\"id\": \"7\"", "\"outputs\": [{\"name\": \"x\"}]"),
    ] {
      let answer = try service.ask(
        "POST", "/v2/models/flowers/infer", request.replacing(change, with: to, maxReplacements: 1))
      #expect(answer.status == 400 || answer.status == 422, "\(change)")
      #expect(answer["error"] is String)
    }
    #expect(try service.ask("GET", "/v2/models/none")["error"] is String)
    for length in ["x", "-1", "1000000"] {
      let answer = try service.ask(
        "POST", "/v2/models/flowers/infer", request, fields: ["Inference-Header-Content-Length": length])
      #expect(answer.status == 400)
    }
  }

  @Test("A thousand connections at once are served, and those beyond the limit wait until there is room")
  func thousandConnections() throws {
    // Fewer only if the system does not let this process open so many.
    let limit = descriptors(upTo: 1600) - 600
    let beyond = 100
    try #require(limit > 2 * beyond)
    let workspace = try workspace()
    let service = try RunningService("flowers.model --threads 2 --connections \(limit)", in: workspace)
    var connections = try (0..<limit + beyond).map { _ in try HTTPConnection(port: service.port) }
    let request = HTTPConnection.request("POST", "/predict", Array(record.utf8))
    func ask(_ connection: HTTPConnection) throws -> String? {
      try connection.send(request)
      let answer = try connection.answer()
      return answer.status == 200 ? answer.text : nil
    }
    let expected = try #require(try ask(connections[0]))
    // Connections are taken in the order in which they came.
    try service.eventually("all are taken") {
      try connections[0].send(HTTPConnection.request("GET", "/metrics"))
      return try connections[0].answer().text.contains("\nperceptron_connections \(limit)\n")
    }
    let asked = stride(from: 0, to: limit, by: 10).map { connections[$0] }
    for connection in asked { try connection.send(request) }
    for connection in asked { #expect(try connection.answer().text == expected) }
    // Those beyond the limit are answered once others are closed, and then there is room for another one.
    let waiting = Array(connections[limit...])
    for connection in waiting { try connection.send(request) }
    connections.removeFirst(2 * beyond)
    for connection in waiting { #expect(try connection.answer().text == expected) }
    #expect(try ask(HTTPConnection(port: service.port)) == expected)
    #expect(try ask(connections[0]) == expected)
    service.send(SIGTERM)
    #expect(try service.status() == 0)
    // Connections at rest are closed.
    #expect(connections.allSatisfy { $0.isClosed() })
  }

  @Test("A page and a description are made from the columns, and nothing in the data can be a part of them")
  func pageAndDescription() throws {
    let workspace = try Workspace()
    try workspace.write(
      flowers.replacing("colour", with: "</script><b>", maxReplacements: 1).replacing(
        "blue", with: "\u{600}</script>"), to: "t.csv")
    #expect(try workspace.run("train t.csv -o m --recipe plain --epochs 1 --quiet").status == 0)
    let service = try RunningService("m", in: workspace)
    let page = try service.ask("GET", "/")
    #expect(page.status == 200 && page.fields["content-type"] == "text/html; charset=utf-8")
    #expect(page.text.contains("<label for=\"c0\">length</label>"))
    #expect(
      page.text.contains("&lt;/script&gt;&lt;b&gt;")
        && page.text.contains("<option value=\"a&lt;b&gt;\">a&lt;b&gt;</option>"))
    #expect(!page.text.contains("</script><b>") && page.text.components(separatedBy: "<script").count == 3)
    // A mark before "<" makes one character of both.
    #expect(page.body.ranges(of: Array("</script".utf8)).count == 2)
    #expect(page.fields["content-security-policy"]?.contains("default-src 'none'") == true)
    let description = try #require(service.ask("GET", "/openapi.json").json as? [String: Any])
    let schemas = (description["components"] as? [String: Any])?["schemas"] as? [String: Any]
    let record = schemas?["m.Record"] as? [String: Any]
    #expect(record?["required"] as? [String] == ["length", "width", "</script><b>"])
    #expect(try service.ask("GET", "/ready").status == 200)
  }

  @Test("Mistakes in the call end with one line")
  func serveMistakes() throws {
    let workspace = try workspace()
    #expect(try workspace.run("serve").error == "error: MODEL is missing")
    #expect(try workspace.run("serve nothing.model").status == 66)
    #expect(try workspace.run("serve t.csv").status == 65)
    #expect(try workspace.run("serve flowers.model flowers.model").error.contains("two models are called flowers"))
    #expect(try workspace.run("serve a/b=flowers.model").error.contains("cannot be part of a URL"))
    #expect(try workspace.run("serve flowers.model --port 70000").status == 64)
    #expect(Glibc.mkfifo(workspace.directory.appending(path: "pipe").path, 0o600) == 0)
    #expect(try workspace.run("serve pipe").error.contains("not a regular file"))
    let service = try RunningService("flowers.model", in: workspace)
    let taken = try workspace.run("serve flowers.model --port \(service.port)")
    #expect(taken.status == 69 && taken.error.contains("Address already in use"))
    #expect(try workspace.run("serve flowers.model --host no.such.host.invalid").status == 69)
  }
}
