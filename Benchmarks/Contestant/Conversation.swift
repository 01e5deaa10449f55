import FoundationEssentials
import Perceptron
import Tensor

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// A contestant's side of the protocol; see `Benchmarks/README.md`.
package enum Conversation {
  /// Says that the contestant is ready, and answers each line until the input ends.
  package static func hold(_ answer: (String) throws -> String) throws {
    sayReady()
    while let line = readLine() { reply(try answer(line)) }
  }

  /// Like ``hold(_:)``, for asynchronous answers.
  package static func holdAwaiting(_ answer: (String) async throws -> String) async throws {
    sayReady()
    while let line = readLine() { reply(try await answer(line)) }
  }

  private static func sayReady() { reply(#"{"version": "Perceptron", "kernels": "\#(kernelNames())"}"#) }

  /// The answer to a line with a number n: the time of n repetitions, and a figure of their result. Computing the
  /// figure is not timed.
  package static func answer(
    _ line: String, by run: (Int) throws -> Void, figure: () throws -> Double
  ) throws -> String {
    guard let count = Int(line), count > 0 else { throw ContestError("unknown request: \(line)") }
    let time = try ContinuousClock().measure { try run(count) }
    let peak = try peakBytes()
    return #"{"seconds": \#(time / .seconds(1)), "loss": \#(try figure()), "peakBytes": \#(peak)}"#
  }

  /// Writes a line at once, even if the output is not a terminal.
  package static func reply(_ line: String) {
    print(line)
    fflush(nil)
  }

  /// The peak resident memory of this process, in bytes.
  package static func peakBytes() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    guard let kilobytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) }) else {
      throw ContestError("/proc/self/status names no VmHWM")
    }
    return 1024 * kilobytes
  }
}
