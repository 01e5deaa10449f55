import FoundationEssentials
import Perceptron
import Wire

/// A request and its correct answers.
struct Question: Sendable {
  let request: [UInt8]
  /// One answer for each model.
  let answers: Set<String>

  /// Makes a record that fits a model's columns, and computes the answers with the models themselves.
  init(for models: [Predictor<Float>], using generator: inout Philox) throws {
    var record: [String: InputValue] = [:]
    for column in models[0].columns {
      switch column {
      case .number(let name, let mean, _, _):
        let mean = mean ?? 0
        record[name] = .number(mean + Double.random(in: -1...1, using: &generator) * (abs(mean) + 1))
      case .category(let name, let values, _):
        record[name] = values.randomElement(using: &generator).map { .text($0) } ?? nil
      case .date(let name, _, _, _): record[name] = .missing
      }
    }
    request = Array(try JSONEncoder().encode(record)) + [UInt8(ascii: "\n")]
    answers = Set(try models.map { AnswerLine.answer(try $0.predict(record)) })
  }
}
