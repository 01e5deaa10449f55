import Perceptron

/// `perceptron predict MODEL DATA`.
enum PredictCommand: Command {
  static let name = "predict"
  static let usage = "perceptron predict MODEL DATA [-o FILE] [--probabilities]"
  static let summary = "one prediction a line, as CSV with a header"
  static let options = [
    Option("-o", "FILE", "the file to write (standard output)"),
    Option("--probabilities", nil, "the probability of every class after the class"),
    Option("--header", nil, "the first row is a header (found out by itself)"),
    Option("--no-header", nil, "the first row is data"),
  ]

  static func run(_ arguments: Arguments) throws {
    let words = try arguments.positional("MODEL", "DATA")
    let source = try DataSource(words[1])
    try source.check(arguments)
    let path = arguments.string("-o")
    if let path {
      if isSameFile(path, words[0]) { throw CommandError.usage("-o \(path) is the model; name another file") }
      try source.check(output: path, .test)
      try AtomicFile.checkWritable(path)
    }
    let file = try ModelFile(words[0])
    let lines =
      if file.isDouble {
        try predict(Model<Double>(file), source, arguments)
      } else {
        try predict(Model<Float>(file), source, arguments)
      }
    if let path {
      try AtomicFile.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: path)
    } else {
      try printLine(lines.joined(separator: "\n"))
    }
  }

  private static func predict<Scalar>(
    _ model: Model<Scalar>, _ source: DataSource, _ arguments: Arguments
  ) throws -> [String] {
    let data = try RawData<Scalar>(source, part: .test, header: headerMode(arguments), needsLabels: false, team: Team())
    let answers = model.predict(try data.features(model.preparation))
    try checkFinite(answers)
    let wantsProbabilities = arguments.flag("--probabilities")
    switch model.preparation.outputs {
    case .classes(let names, let column):
      let header = [column ?? "class"] + (wantsProbabilities ? names : [])
      return [csvLine(header)]
        + answers.predictedClasses().enumerated().map { sample, label in
          let probabilities = wantsProbabilities ? (0..<names.count).map { "\(answers[$0, sample])" } : []
          return csvLine([names[label]] + probabilities)
        }
    case .value(let column, _):
      if wantsProbabilities {
        throw CommandError.usage("--probabilities is for classification; this model predicts a value")
      }
      return [csvLine([column])] + answers.elements.map { "\($0)" }
    }
  }

  /// Fields with commas between them, quoted where RFC 4180 asks for it.
  private static func csvLine(_ fields: [String]) -> String {
    fields.map { field in
      guard field.contains(where: { ",\"\n\r".contains($0) }) else { return field }
      return "\"" + field.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }.joined(separator: ",")
  }
}
