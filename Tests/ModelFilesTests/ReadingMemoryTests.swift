import Glibc
import PerceptronDatasets
import PerceptronFiles
import PerceptronLayers
import PerceptronModelFiles
import Tensor
import Testing

private let isMeasurable = access("/proc/self/clear_refs", W_OK) == 0 && memory("VmHWM") != nil

/// Bytes of this process's memory: VmRSS those that are resident, VmHWM the most there have been.
private func memory(_ name: String) -> Int? {
  guard let status = try? ByteFile.read("/proc/self/status") else { return nil }
  let line = String(decoding: status, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("\(name):") }
  return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }.map { $0 << 10 }
}

/// What is read, and whether it can be.
private enum Reading: Codable, Sendable {
  case model, graph, stateDictionary, stateDictionaryOfTwo, wrongModel

  func read(_ path: String) throws {
    switch self {
    case .model: _ = try TrainedModel<Float>(contentsOf: path)
    case .graph: _ = try Network<Float>(onnx: path)
    case .stateDictionary:
      _ = try Network<Float>(
        stateDictionary: path,
        modules: [.linear, .activation(.relu), .linear, .activation(.relu), .linear, .activation(.softmax)])
    case .stateDictionaryOfTwo:
      _ = try Network<Float>(
        stateDictionary: path, modules: [.linear, .activation(.relu), .linear, .activation(.softmax)])
    case .wrongModel: #expect(throws: FileError.self) { try ModelFile(contentsOf: path) }
    }
  }
}

/// Checks that to read the file takes no more memory than twice its length and 16 MB, in a process that does nothing
/// else.
private func check(_ reading: Reading, _ path: String, _ comment: Comment) async throws {
  let size = try ByteFile.read(path).count
  try #require(size >= 20 << 20, comment)
  await #expect(processExitsWith: .success, comment) { [reading, path, size = size as Int] in
    let file = try #require(fopen("/proc/self/clear_refs", "w"))
    fputs("5", file)  // from now on VmHWM is of what comes
    fclose(file)
    let before = try #require(memory("VmRSS"))
    try reading.read(path)
    let taken = try #require(memory("VmHWM")) - before
    #expect(taken <= 2 * size + 16 << 20, "\(taken >> 20) MB for \(size >> 20) MB")
  }
}

private func withTemporaryPath(_ body: (String) async throws -> Void) async throws {
  let path = "/tmp/perceptron-\(UInt64.random(in: 0 ... .max))"
  defer { unlink(path) }
  try await body(path)
}

private func model(_ layers: [Dense], isImage: Bool = false, isScaled: Bool = false) -> TrainedModel<Float> {
  var generator = Philox(seed: 1)
  let inputs = layers[0].inputSize
  return TrainedModel(
    network: Network<Float>(layers, initializer: .heNormal, using: &generator), loss: .crossEntropy,
    preparation: Preparation(
      inputs: isImage
        ? .pixels(shape: [inputs])
        : .columns((0..<inputs).map { .number(name: "x\($0)", mean: 0) }),
      inputScaling: isScaled
        ? Scaling(
          method: .standard, offsets: Array(repeating: 0.5, count: inputs), factors: Array(repeating: 2, count: inputs))
        : .unscaled(inputs),
      outputs: .classes((0..<layers.last!.outputSize).map(String.init), column: nil)))
}

/// A text as JSON writes it, without its quotation marks.
private func json(_ text: String) -> String {
  text.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\\\")
    .split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"")
}

@Suite("Reading takes no more memory than twice the file and 16 MB", .enabled(if: isMeasurable, "no /proc"))
struct ReadingMemoryTests {
  @Test("of a large model, graph or state dictionary")
  func large() async throws {
    let model = model([Dense(1500, 2500, .relu), Dense(2500, 1000, .relu), Dense(1000, 10, .softmax)])
    try await withTemporaryPath { path in
      try model.write(to: path)
      try await check(.model, path, "model")
      try await check(.stateDictionary, path, "state dictionary")
      try model.writeONNX(to: path)
      try await check(.graph, path, "graph")
    }
  }

  @Test(
    "of a model, graph or state dictionary with one large matrix, or one with very long rows",
    arguments: [[4000, 1500], [100_000, 60], [500_000, 12]])
  func oneMatrix(sizes: [Int]) async throws {
    let model = model([Dense(sizes[0], sizes[1], .relu), Dense(sizes[1], 2, .softmax)], isImage: true)
    try await withTemporaryPath { path in
      try model.write(to: path)
      try await check(.model, path, "model")
      try await check(.stateDictionaryOfTwo, path, "state dictionary")
      guard sizes[0] <= 100_000 else { return }  // the most inputs of a graph
      try model.writeONNX(to: path)
      try await check(.graph, path, "graph")
    }
  }

  @Test("of a graph whose first weights take up a scaling of the inputs")
  func scaledGraph() async throws {
    let model = model([Dense(4000, 1500, .relu), Dense(1500, 2, .softmax)], isImage: true, isScaled: true)
    try await withTemporaryPath { path in
      try model.writeONNX(to: path)
      try await check(.graph, path, "graph")
    }
  }

  @Test(
    "of a model with long metadata that say nothing, or are wrong",
    arguments: [
      ("unknown", "", "\u{E9}", ""), ("unknown", "\"", "b", ""),
      ("layers", "[", "0,", "0]"), ("layers", "", "[", ""), ("layers", "[", "1", "]"), ("layers", "[0.", "1", "]"),
      ("preparation", "{\"x\":[", "[],", "0]}"), ("preparation", "{\"x\":", "1", "}"),
      ("preparation", "{\"scaling\":{\"method\":\"standard\",\"offsets\":[", "0,", "0]}}"),
      ("preparation", "{\"scaling\":{\"method\":\"quantile\",\"quantiles\":[", "[0,0],", "[]]}}"),
      ("preparation", "{\"scaling\":{\"method\":\"quantile\",\"quantiles\":[[", "0,", "0]]}}"),
      ("preparation", "{\"columns\":[{\"name\":\"a\",\"texts\":[", "\"\",", "\"\"]}]}"),
      ("preparation", "{\"columns\":[{\"name\":\"", "b", "\"}]}"),
      ("training", "{", "\"\":\"\",", "\"a\":\"\"}"),
      ("training", "{\"a\":\"", "b", "\"}"), ("training", "{\"a\":\"\\n", "b", "\"}"),
    ])
  func metadata(key: String, start: String, part: String, end: String) async throws {
    try await withTemporaryPath { path in
      try model([Dense(3, 2, .softmax)]).write(to: path)
      let file = try SafeTensors(bytes: ByteFile.read(path), path: path)
      let text = json(start) + String(repeating: json(part), count: (24 << 20) / part.utf8.count) + json(end)
      var header = "{\"__metadata__\":{\"\(key)\":\"\(text)\""
      for (other, value) in file.metadata where other != key { header += ",\"\(other)\":\"\(json(value))\"" }
      header += """
        },"0.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},\
        "0.bias":{"dtype":"F32","shape":[2],"data_offsets":[24,32]}}
        """
      var bytes = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) }
      bytes += header.utf8
      bytes += [UInt8](repeating: 0, count: 32)
      let output = try #require(fopen(path, "w"))
      try #require(fwrite(bytes, 1, bytes.count, output) == bytes.count)
      fclose(output)
      try await check(key == "unknown" ? .model : .wrongModel, path, "\(key) \(start)\(part)…")
    }
  }
}
