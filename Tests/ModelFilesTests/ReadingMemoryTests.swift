import Datasets
import Glibc
import Layers
import ModelFiles
import Tensor
import Testing

private let isMeasurable = access("/proc/self/clear_refs", W_OK) == 0 && memory("VmHWM") != nil

/// Bytes of this process's memory: VmRSS those that are resident, VmHWM the most there have been.
private func memory(_ name: String) -> Int? {
  guard let status = try? ByteFile.read("/proc/self/status") else { return nil }
  let line = String(decoding: status, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("\(name):") }
  return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }.map { $0 << 10 }
}

/// Returns how many bytes were written.
private func write(_ bytes: [UInt8], _ path: String) throws -> Int {
  let file = try #require(fopen(path, "w"))
  defer { fclose(file) }
  return fwrite(bytes, 1, bytes.count, file)
}

/// Reads a file of these bytes, and checks that it takes no more memory than twice its length and 16 MB.
private func check(_ what: String, _ bytes: @autoclosure () -> [UInt8], _ read: (String) throws -> Void) throws {
  let path = "/tmp/perceptron-\(UInt64.random(in: 0 ... .max))"
  defer { unlink(path) }
  let size = try write(bytes(), path)
  try #require(size >= 20 << 20)
  _ = try write(Array("5".utf8), "/proc/self/clear_refs")  // from now on VmHWM is of what comes
  let before = try #require(memory("VmRSS"))
  try read(path)
  let taken = try #require(memory("VmHWM")) - before
  #expect(taken <= 2 * size + 16 << 20, "\(what): \(taken >> 20) MB for \(size >> 20) MB")
}

private func model() -> Model<Float> {
  var generator = Philox(seed: 1)
  let network = Network<Float>(
    [Dense(1500, 2500, .relu), Dense(2500, 1000, .relu), Dense(1000, 10, .softmax)], initializer: .heNormal,
    using: &generator)
  return Model(
    network: network, loss: .crossEntropy,
    preparation: Preparation(
      inputs: .columns((0..<1500).map { .number(name: "x\($0)", mean: 0) }), inputScaling: .unscaled(1500),
      outputs: .classes((0..<10).map(String.init), column: nil)))
}

private func bytes(_ write: (String) throws -> Void) rethrows -> [UInt8] {
  let path = "/tmp/perceptron-\(UInt64.random(in: 0 ... .max))"
  defer { unlink(path) }
  try write(path)
  return try! ByteFile.read(path)
}

@Suite("Reading takes no more memory than twice the file and 16 MB", .enabled(if: isMeasurable, "no /proc"))
struct ReadingMemoryTests {
  @Test("of a large model, graph or state dictionary")
  func large() async {
    await #expect(processExitsWith: .success) {
      try check("model", bytes { try! model().write(to: $0) }) { _ = try Model<Float>(contentsOf: $0) }
      try check("graph", bytes { try! model().writeONNX(to: $0) }) { _ = try Network<Float>(onnx: $0) }
      try check("state dictionary", bytes { try! model().write(to: $0) }) {
        _ = try Network<Float>(
          stateDictionary: $0,
          modules: [
            .linear, .activation(.relu), .linear, .activation(.relu), .linear, .activation(.softmax),
          ])
      }
    }
  }

  @Test("of a model whose metadata are long and wrong")
  func metadata() async {
    await #expect(processExitsWith: .success) {
      let metadata = try SafeTensors(
        bytes: bytes {
          try! Model(
            network: Network<Float>([Dense(3, 2, .softmax)]), loss: .crossEntropy,
            preparation: Preparation(
              inputs: .columns((0..<3).map { .number(name: "x\($0)", mean: 0) }), inputScaling: .unscaled(3),
              outputs: .classes(["a", "b"], column: nil))
          ).write(to: $0)
        }, path: "m"
      ).metadata
      func json(_ text: String) -> String {
        text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"")
      }
      func long(_ start: String, _ part: String, _ end: String) -> String {
        json(start) + String(repeating: json(part), count: (24 << 20) / part.utf8.count) + json(end)
      }
      func file(_ changedKey: String, _ text: String) -> [UInt8] {
        var header = "{\"__metadata__\":{\"\(changedKey)\":\"\(text)\""
        for (key, value) in metadata where key != changedKey { header += ",\"\(key)\":\"\(json(value))\"" }
        header += """
          },"0.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},\
          "0.bias":{"dtype":"F32","shape":[2],"data_offsets":[24,32]}}
          """
        var bytes = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) }
        bytes += header.utf8
        return bytes + [UInt8](repeating: 0, count: 32)
      }
      for (key, text) in [
        ("layers", long("[", "0,", "0]")), ("layers", long("", "[", "")), ("unknown", long("", "\u{E9}", "")),
        ("preparation", long("{\"x\":[", "[],", "0]}")),
        ("preparation", long("{\"scaling\":{\"method\":\"standard\",\"offsets\":[", "0,", "0]}}")),
        ("preparation", long("{\"scaling\":{\"method\":\"quantile\",\"quantiles\":[", "[0,0],", "[]]}}")),
        ("preparation", long("{\"scaling\":{\"method\":\"quantile\",\"quantiles\":[[", "0,", "0]]}}")),
        ("preparation", long("{\"columns\":[{\"name\":\"a\",\"texts\":[", "\"\",", "\"\"]}]}")),
        ("training", long("{", "\"\":\"\",", "\"a\":\"\"}")),
      ] {
        try check("\(key) \(text.prefix(60))", file(key, text)) { path in
          if key == "unknown" {
            _ = try ModelFile(path)
          } else {
            #expect(throws: ModelError.self) { try ModelFile(path) }
          }
        }
      }
    }
  }
}
