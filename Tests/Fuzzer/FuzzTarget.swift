import CPerceptronFuzzer
import PerceptronDatasets
import PerceptronFiles
import Tensor

/// A reader, and how it is tried.
struct FuzzTarget: Sendable {
  let name: String
  /// Small good files, from which mutations begin.
  let seeds: @Sendable () -> [[UInt8]]
  /// What means something to the reader, so that mutations put it in.
  let words: [String]
  /// Reads bytes, and uses what they hold; traps on all that must not happen.
  let read: @Sendable ([UInt8]) -> Void

  static let all: [FuzzTarget] = [
    .idx, .npy, .npz, .table, .gzip, .model, .checkpoint, .stateDictionary, .onnx, .record,
  ]

  /// Writes the seeds as `seeds/0`, `seeds/1`, …, and the dictionary.
  func prepare(in directory: String) throws(FileError) {
    for (number, seed) in seeds().enumerated() { try AtomicFile.write(seed, to: "\(directory)/seeds/\(number)") }
    let lines = words.map { word in
      let bytes = word.utf8.map { byte in
        let digits = String(byte, radix: 16)
        return (0x20..<0x7F).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
          ? String(Unicode.Scalar(byte)) : "\\x" + (byte < 16 ? "0" : "") + digits
      }
      return "\"\(bytes.joined())\"\n"
    }
    try AtomicFile.write(Array(lines.joined().utf8), to: "\(directory)/dictionary")
  }
}

/// What a reader may hold at once for a file of so many bytes.
func memoryBudget(_ fileSize: Int) -> Int { 2 * fileSize + 16 << 20 }

/// Calls `body`, which reads a file of so many bytes; traps if it held more memory at once than it may.
func withinBudget<Result, Failure>(
  _ fileSize: Int, _ body: () throws(Failure) -> Result
) throws(Failure) -> Result {
  start_measuring_allocations()
  defer {
    let held = stop_measuring_allocations()
    if held > memoryBudget(fileSize) { fail("\(held) bytes were held to read a file of \(fileSize)") }
  }
  return try body()
}

/// Traps unless an error is one line of text.
func check(_ error: some Error & CustomStringConvertible) {
  let description = error.description
  if description.isEmpty || description.utf8.contains(where: { $0 < 0x20 }) {
    fail("the error is not one line: \(description.debugDescription)")
  }
}
