import Perceptron

/// `perceptron predict MODEL DATA`.
enum PredictCommand: Command {
  static let name = "predict"
  static let usage = "perceptron predict MODEL DATA [-o FILE] [--probabilities]"
  static let summary = "one prediction a line, as CSV with a header, or a NumPy array"
  static let options = [
    Option("-o", "FILE", "the file to write, a NumPy array if it is named .npy (standard output)"),
    Option("--probabilities", nil, "the probability of every class after the class"),
    Option("--header", nil, "the first row is a header (found out by itself)"),
    Option("--no-header", nil, "the first row is data"),
  ]

  static func run(_ arguments: Arguments) throws {
    let words = try arguments.positional("MODEL", "DATA")
    let source = try DataSource(words[1])
    try source.check(arguments)
    let path = arguments.string("-o").flatMap { $0 == "-" ? nil : $0 }
    if let path {
      if isSameFile(path, words[0]) { throw CommandError.usage("-o \(path) is the model; name another file") }
      try source.check(output: path, .test)
      try AtomicFile.checkWritable(path)
    }
    let file = try ModelFile(words[0])
    let bytes =
      if file.isDouble {
        try predict(Model<Double>(file), source, arguments)
      } else {
        try predict(Model<Float>(file), source, arguments)
      }
    if let path {
      try AtomicFile.write(bytes, to: path)
    } else {
      try printData(String(decoding: bytes, as: UTF8.self))
    }
  }

  private static func predict<Scalar>(
    _ model: Model<Scalar>, _ source: DataSource, _ arguments: Arguments
  ) throws -> [UInt8] {
    let team = Team()
    let data = try RawData<Scalar>(
      source, part: .test, header: headerMode(arguments), needsLabels: false, for: model.preparation, team: team)
    let answers = model.predict(try data.features(model.preparation, team: team))
    try checkFinite(answers)
    let wantsProbabilities = arguments.flag("--probabilities")
    if wantsProbabilities && model.preparation.task == .regression {
      throw CommandError.usage("--probabilities is for classification; this model predicts a value")
    }
    if arguments.string("-o").map({ isNamed($0, ".npy") }) == true {
      return array(answers, model.preparation, wantsProbabilities)
    }
    return Array((lines(answers, model.preparation, wantsProbabilities).joined(separator: "\n") + "\n").utf8)
  }

  /// The answers as a table.
  private static func lines<Scalar>(
    _ answers: Matrix<Scalar>, _ preparation: Preparation, _ wantsProbabilities: Bool
  ) -> [String] {
    switch preparation.outputs {
    case .classes(let names, let column):
      let header = [column ?? "class"] + (wantsProbabilities ? names : [])
      return [csvLine(header)]
        + answers.predictedClasses().enumerated().map { sample, label in
          let probabilities = wantsProbabilities ? (0..<names.count).map { "\(answers[$0, sample])" } : []
          return csvLine([names[label]] + probabilities)
        }
    case .labels(let columns, let classes):
      return [csvLine(columns + (wantsProbabilities ? zip(columns, classes).map { "\($0)=\($1[1])" } : []))]
        + (0..<answers.columns).map { sample in
          let probabilities = columns.indices.map { answers[$0, sample] }
          return csvLine(
            zip(classes, probabilities).map { $0[$1 >= 0.5 ? 1 : 0] }
              + (wantsProbabilities ? probabilities.map { "\($0)" } : []))
        }
    case .values(let columns, _):
      return [csvLine(columns)]
        + (0..<answers.columns).map { sample in columns.indices.map { "\(answers[$0, sample])" }.joined(separator: ",")
        }
    }
  }

  /// The answers as a NumPy array, samples first: numbers in the model's precision, or the classes, as whole numbers where all their
  /// names are.
  private static func array<Scalar>(
    _ answers: Matrix<Scalar>, _ preparation: Preparation, _ wantsProbabilities: Bool
  ) -> [UInt8] {
    let samples = answers.columns
    func encode(_ names: [String], among all: [String], shape: [Int]) -> [UInt8] {
      NPY.encode(
        all.allSatisfy { Int($0) != nil } ? .integers(names.compactMap { Int($0) }) : .texts(names), shape: shape)
    }
    switch preparation.outputs {
    case .classes(let names, _) where !wantsProbabilities:
      return encode(answers.predictedClasses().map { names[$0] }, among: names, shape: [samples])
    case .labels(let columns, let classes) where !wantsProbabilities:
      let names = answers.elements.enumerated().map { classes[$0 % columns.count][$1 >= 0.5 ? 1 : 0] }
      return encode(names, among: classes.flatMap { $0 }, shape: [samples, columns.count])
    case .classes, .labels, .values:
      let shape = answers.rows == 1 ? [samples] : [samples, answers.rows]
      return Scalar.self == Double.self
        ? NPY.encode(.doubles(answers.elements.map { Double($0) }), shape: shape)
        : NPY.encode(.floats(answers.elements.map { Float($0) }), shape: shape)
    }
  }

  /// Fields with commas between them, quoted where RFC 4180 asks for it.
  private static func csvLine(_ fields: [String]) -> String {
    fields.map { field in
      guard field.unicodeScalars.contains(where: { ",\"\n\r".unicodeScalars.contains($0) }) else { return field }
      return "\"" + field.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }.joined(separator: ",")
  }
}
