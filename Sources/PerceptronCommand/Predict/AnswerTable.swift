import Perceptron

/// Answers as a CSV table: a header, then one line for each sample.
struct AnswerTable<Scalar: BLASScalar> {
  private let answers: Matrix<Double>
  private let header: [String]
  private let names: Names
  private let numbers: Numbers
  /// For each column at the start of the lines, its fields.
  private let besides: [[String]]

  /// The class names at the start of a line.
  private enum Names {
    case none
    /// The field of the most probable class.
    case mostProbable([[UInt8]])
    /// For each label, the field of its more probable class.
    case labels([[[UInt8]]])
  }

  /// The numbers after the class names.
  private enum Numbers {
    case none
    /// In the precision of the model; `Float` needs fewer digits.
    case probabilities
    /// In `Double`.
    case values
  }

  /// - Parameters:
  ///   - answers: The answers, followed by the bounds if the model has intervals.
  ///   - columns: Columns that are copied into the table, before the answers.
  init(
    _ answers: Matrix<Double>, _ preparation: Preparation, hasIntervals: Bool, withProbabilities: Bool,
    beside columns: [(name: String, fields: [String])] = []
  ) {
    self.answers = answers
    besides = columns.map(\.fields)
    let header: [String]
    switch preparation.outputs {
    case .classes(let classes, let column):
      header = [column ?? "class"] + (withProbabilities ? classes : [])
      names = .mostProbable(classes.map(Self.field))
    case .labels(let columns, let classes):
      header = columns + (withProbabilities ? zip(columns, classes).map { "\($0)=\($1[1])" } : [])
      names = .labels(classes.map { $0.map(Self.field) })
    case .values, .quantiles:
      let outputs = preparation.outputs
      header = outputs.names + (hasIntervals ? PredictionInterval.names(outputs) : [])
      names = .none
    }
    self.header = columns.map(\.name) + header
    numbers = preparation.task == .regression ? .values : withProbabilities ? .probabilities : .none
  }

  /// The bytes of the table. The team's threads each make parts of it.
  func csv(_ team: Team) -> [UInt8] {
    let (count, partSize) = (answers.columns, 4096)
    let parts = team.map((count + partSize - 1) / partSize) { part in
      lines(part * partSize..<min((part + 1) * partSize, count))
    }
    var bytes = Array(header.map(Self.field).joined(separator: [Self.comma])) + [Self.newline]
    bytes.reserveCapacity(parts.reduce(bytes.count) { $0 + $1.count })
    for part in parts { bytes += part }
    return bytes
  }

  private func lines(_ samples: Range<Int>) -> [UInt8] {
    var bytes: [UInt8] = []
    answers.withSpan { answers in
      let rows = self.answers.rows
      for sample in samples {
        for fields in besides { bytes += Self.field(fields[sample]) + [Self.comma] }
        appendLine(answers.extracting(sample * rows..<(sample + 1) * rows), to: &bytes)
      }
    }
    return bytes
  }

  private func appendLine(_ outputs: Span<Double>, to bytes: inout [UInt8]) {
    switch names {
    case .none: break
    case .mostProbable(let fields):
      var best = 0
      for index in 1..<outputs.count where outputs[index] > outputs[best] { best = index }
      bytes += fields[best]
    case .labels(let fields):
      for index in outputs.indices {
        if index > 0 { bytes.append(Self.comma) }
        bytes += fields[index][outputs[index] >= 0.5 ? 1 : 0]
      }
    }
    switch numbers {
    case .none: break
    case .probabilities:
      for index in outputs.indices {
        bytes.append(Self.comma)
        bytes += "\(Scalar(outputs[index]))".utf8
      }
    case .values:
      for index in outputs.indices {
        if index > 0 { bytes.append(Self.comma) }
        bytes += "\(outputs[index])".utf8
      }
    }
    bytes.append(Self.newline)
  }

  private static var comma: UInt8 { UInt8(ascii: ",") }
  private static var newline: UInt8 { UInt8(ascii: "\n") }

  /// A field's bytes, in quotes if RFC 4180 requires them.
  private static func field(_ text: String) -> [UInt8] {
    let quote = UInt8(ascii: "\"")
    guard text.utf8.contains(where: { $0 == comma || $0 == quote || $0 == newline || $0 == UInt8(ascii: "\r") }) else {
      return Array(text.utf8)
    }
    return [quote] + text.utf8.flatMap { $0 == quote ? [quote, quote] : [$0] } + [quote]
  }
}
