import Perceptron
import PerceptronFiles

/// `perceptron predict MODEL DATA`.
enum PredictCommand: Command {
  static let name = "predict"
  static let usage = "perceptron predict MODEL DATA [-o FILE] [--probabilities] [--id A]"
  static let summary = "one prediction per line, as CSV with a header, or a NumPy array"
  static let options =
    [
      Option("-o", "FILE", "the file to write, a NumPy array if it is named .npy (standard output)"),
      Option("--probabilities", nil, "also write the probability of every class"),
      Option("--id", "A", "the column to keep beside each prediction (that of train)"),
    ] + TableOptions.formatOptions

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
    let file = try readModel(words[0], Self.self)
    let bytes =
      if file.isDouble {
        try predict(TrainedModel<Double>(file), source, arguments)
      } else {
        try predict(TrainedModel<Float>(file), source, arguments)
      }
    if let path {
      try AtomicFile.write(bytes, to: path)
    } else {
      try printData(bytes)
    }
  }

  private static func predict<Scalar>(
    _ model: TrainedModel<Scalar>, _ source: DataSource, _ arguments: Arguments
  ) throws -> [UInt8] {
    let team = try makeTeam()
    let data = try RawData<Scalar>(
      source, part: .test, format: TableOptions.format(arguments, for: model.preparation), needsLabels: false,
      for: model.preparation, team: team)
    let wantsProbabilities = arguments.flag("--probabilities")
    if wantsProbabilities && model.preparation.task == .regression {
      throw CommandError.usage("--probabilities is for classification; this model predicts a value")
    }
    var answers = try Predictor(model, team: team).predict(prepared: data.features(model.preparation, team: team))
    if let interval = model.interval { answers.append(rowsOf: interval.bounds(of: answers)) }
    if arguments.string("-o").map({ isNamed($0, ".npy") }) == true {
      if arguments.string("--id") != nil {
        throw CommandError.usage("--id is for tables; a NumPy array holds only the answers")
      }
      return array(answers, model, wantsProbabilities)
    }
    return AnswerTable<Scalar>(
      answers, model.preparation, hasIntervals: model.interval != nil, withProbabilities: wantsProbabilities,
      beside: [try identifiers(data, model.preparation, arguments)].compactMap(\.self)
    ).csv(team)
  }

  /// Returns the column that identifies the rows: the column given by the option, or the model's if the data contain
  /// it.
  private static func identifiers<Scalar>(
    _ data: RawData<Scalar>, _ preparation: Preparation, _ arguments: Arguments
  ) throws -> (name: String, fields: [String])? {
    guard case .table(let table) = data else { return nil }
    if let name = arguments.string("--id") { return (name, try table.fields(ofColumn: name)) }
    guard let name = preparation.identifier, table.columnNames.contains(name) else { return nil }
    return (name, try table.fields(ofColumn: name))
  }

  /// Encodes the answers as a NumPy array, samples first. Values are in double precision, and probabilities in the
  /// model's precision. Classes are integers if all their names are integers.
  private static func array<Scalar>(
    _ answers: Matrix<Double>, _ model: TrainedModel<Scalar>, _ wantsProbabilities: Bool
  ) -> [UInt8] {
    let samples = answers.columns
    func encode(_ names: [String], among all: [String], shape: [Int]) -> [UInt8] {
      NPY.encode(
        all.allSatisfy { Int($0).map(String.init) == $0 } ? .integers(names.compactMap { Int($0) }) : .texts(names),
        shape: shape)
    }
    switch model.preparation.outputs {
    case .classes(let names, _) where !wantsProbabilities:
      return encode(answers.predictedClasses().map { names[$0] }, among: names, shape: [samples])
    case .labels(let columns, let classes) where !wantsProbabilities:
      let names = answers.elements.enumerated().map { classes[$0 % columns.count][$1 >= 0.5 ? 1 : 0] }
      return encode(names, among: classes.flatMap { $0 }, shape: [samples, columns.count])
    case .classes, .labels, .values, .quantiles:
      let shape = answers.rows == 1 ? [samples] : [samples, answers.rows]
      return Scalar.self == Double.self || model.preparation.task == .regression
        ? NPY.encode(.doubles(answers.elements), shape: shape)
        : NPY.encode(.floats(answers.elements.map { Float($0) }), shape: shape)
    }
  }
}

extension Matrix<Double> {
  /// Appends the rows of a matrix with the same number of columns.
  mutating func append(rowsOf other: Matrix) {
    let (top, bottom) = (elements, other.elements)
    var all: [Double] = []
    all.reserveCapacity(top.count + bottom.count)
    for column in 0..<columns {
      all += top[column * rows..<(column + 1) * rows]
      all += bottom[column * other.rows..<(column + 1) * other.rows]
    }
    self = Matrix(rows: rows + other.rows, columns: columns, columnMajor: all)
  }
}
