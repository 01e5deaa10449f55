import Perceptron
import Wire

/// Answers requests, each a line of JSON, from the model that is current.
struct Scorer: Sendable {
  let live: ReloadablePredictor<Float>
  /// Nil if each request is answered by itself.
  let batching: BatchingPredictor<Float>?

  struct Reply {
    let line: String
    /// Whether what came is no record, so that what comes next cannot be trusted to be one.
    var isLast = false
  }

  func reply(to request: ArraySlice<UInt8>) async -> Reply {
    do {
      let record = try RecordReader.record(request)
      let prediction =
        if let batching { try await batching.predict(record) } else { try live.predictor.predict(record) }
      return Reply(line: AnswerLine.answer(prediction))
    } catch {
      let isGarbage = if case RecordReader.Failure.noObject = error { true } else { false }
      return Reply(line: AnswerLine.error("\(error)"), isLast: isGarbage)
    }
  }
}
