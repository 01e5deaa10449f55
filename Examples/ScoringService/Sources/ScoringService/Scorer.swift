import Perceptron
import Wire

/// Answers requests, each a line of JSON, with the current model. Whatever a service does beyond the model belongs
/// here: this one marks answers that are too uncertain to act on.
struct Scorer: Sendable {
  let live: ReloadablePredictor<Float>
  /// Nil if each request is answered by itself.
  let batching: BatchingPredictor<Float>?
  /// The least probability of a class that needs no review.
  let review: Double

  struct Reply {
    let line: String
    /// Whether the request is not a record; the input after it cannot be trusted either.
    var isLast = false
  }

  func reply(to request: ArraySlice<UInt8>) async -> Reply {
    do {
      let record = try [String: InputValue](json: request)
      let prediction =
        if let batching { try await batching.predict(record) } else { try live.predictor.predict(record) }
      let isUncertain = prediction.probability.map { $0 < review } ?? false
      return Reply(line: AnswerLine.answer(prediction, isForReview: isUncertain))
    } catch {
      let isGarbage = if case PredictionError.notARecord = error { true } else { false }
      return Reply(line: AnswerLine.error("\(error)"), isLast: isGarbage)
    }
  }
}
