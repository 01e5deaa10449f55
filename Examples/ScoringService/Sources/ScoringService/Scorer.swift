import FoundationEssentials
import Perceptron
import Wire

/// Answers requests, each a line of JSON, from the model that is current.
struct Scorer: Sendable {
  let live: ReloadablePredictor<Float>
  /// Nil where each request is answered by itself.
  let batching: BatchingPredictor<Float>?

  struct Reply {
    let line: String
    /// Whether what came is no record, so that what comes next cannot be trusted to be one.
    var isLast = false
  }

  func reply(to request: ArraySlice<UInt8>) async -> Reply {
    let record: [String: Field]
    do {
      record = try Self.record(request)
    } catch {
      return Reply(line: AnswerLine.error(error.message), isLast: error.isGarbage)
    }
    do {
      return Reply(line: AnswerLine.answer(try await predict(record)))
    } catch {
      return Reply(line: AnswerLine.error("\(error)"))
    }
  }

  private func predict(_ record: [String: Field]) async throws -> Prediction<Float> {
    if let batching { return try await batching.predict(record) }
    return try live.predictor.predict(record)
  }

  private struct BadRequest: Error {
    let message: String
    let isGarbage: Bool
  }

  private static func record(_ request: ArraySlice<UInt8>) throws(BadRequest) -> [String: Field] {
    guard String(validating: request, as: UTF8.self) != nil else {
      throw BadRequest(message: "the request is not UTF-8", isGarbage: true)
    }
    do {
      return try JSONDecoder().decode([String: Field].self, from: Data(request))
    } catch DecodingError.typeMismatch(_, let context) where !context.codingPath.isEmpty {
      let column = context.codingPath[0].stringValue.debugDescription
      throw BadRequest(message: "column \(column): expected a number, a text or null", isGarbage: false)
    } catch DecodingError.typeMismatch {
      throw BadRequest(
        message: "the request is no JSON object; send one with a member for each column", isGarbage: true)
    } catch {
      throw BadRequest(message: "the request is not JSON; send one object a line", isGarbage: true)
    }
  }
}
