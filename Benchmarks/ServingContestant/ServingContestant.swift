import Perceptron
import PerceptronContestant

/// Makes as many predictions as `contest.py` asks for; see `Benchmarks/README.md` for the protocol.
///
///     ServingContestant DIRECTORY THREADS      the workload's samples in turn, batch by batch
///     ServingContestant --write DIRECTORY MODEL  the workload's network as a model file
///     ServingContestant --first MODEL          one prediction by a model file, and the end
///     ServingContestant --tasks MODEL THREADS  single samples from many tasks at once
@main
enum ServingContestant {
  static func main() async throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    switch (arguments.first, arguments.count) {
    case ("--write", 3): try ContestTask(directory: arguments[1]).model().write(to: arguments[2])
    case ("--first", 2): try predictFirst(arguments[1])
    case ("--tasks", 3): try await Conversation.holdAwaiting(ConcurrentPredictions(modelPath: arguments[1]).answer)
    case (_, 2): try predict(arguments[0], arguments[1])
    default:
      throw ContestError(
        "usage: ServingContestant DIRECTORY THREADS|--write DIRECTORY MODEL|--first MODEL|--tasks MODEL THREADS")
    }
  }

  private static func predict(_ directory: String, _ threads: String) throws {
    guard let threads = Int(threads), threads >= 1 else { throw ContestError("no number of threads: \(threads)") }
    var predictions = try RotatingPredictions(ContestTask(directory: directory), team: Team(workers: threads))
    try Conversation.hold { line in
      try Conversation.answer(line, by: { try predictions.run($0) }, figure: { predictions.compare() })
    }
  }

  /// Prints the answer for a sample whose inputs are all 0.5, and then the peak memory.
  private static func predictFirst(_ modelPath: String) throws {
    let predictor = try Predictor<Float>(contentsOf: modelPath)
    let sample = Matrix<Float>(rows: predictor.columns.count, columns: 1, repeating: 0.5)
    let outputs = try predictor.predict(sample).elements
    // The array's own description would look up the protocols of its elements, which takes half a millisecond in a
    // process that has just begun.
    Conversation.reply(#"{"outputs": [\#(outputs.map { "\($0)" }.joined(separator: ", "))]}"#)
    Conversation.reply(#"{"peakBytes": \#(try Conversation.peakBytes())}"#)
  }
}
