import Perceptron

/// `perceptron inspect MODEL`.
enum InspectCommand: Command {
  static let name = "inspect"
  static let usage = "perceptron inspect MODEL [--json]"
  static let summary = "layers, shapes, parameter count, preprocessing, and how a model was trained"
  static let options = [Option("--json", nil, "print one JSON object")]

  private struct Description: Encodable {
    struct Member: Encodable {
      let weight: Double
      let layers: [LayerRow]
    }
    struct Interval: Encodable {
      let level: Double
      let margins: [Double]
    }
    let task: String
    let precision: String
    let loss: String
    /// More than one if the model is an ensemble.
    let networks: Int
    /// The number of parameters of all networks together.
    let parameters: Int
    /// The layers of the first network.
    let layers: [LayerRow]
    /// The networks, if they differ in their layers or weights.
    var members: [Member]?
    var columns: [String]?
    var image: [Int]?
    let scaling: String
    var classes: [String]?
    var targets: [String]?
    var quantiles: [Double]?
    var interval: Interval?
    let training: [String: String]
  }

  static func run(_ arguments: Arguments) throws {
    let file = try ModelFile(contentsOf: try arguments.positional("MODEL")[0])
    // The numbers are also read, so that a damaged file is detected.
    if file.isDouble { _ = try TrainedModel<Double>(file) } else { _ = try TrainedModel<Float>(file) }
    let description = describe(file)
    if arguments.flag("--json") {
      try printLine(json(description))
      return
    }
    for kind in kinds(file.members) {
      if let title = kind.title { try printLine(title) }
      try printTable(
        [["layer", "inputs", "outputs", "normalization", "activation", "dropout", "parameters"]]
          + kind.member.rows.map {
            [
              $0.type, "\($0.inputs)", "\($0.outputs)", $0.normalization, $0.activation, "\($0.dropout)",
              "\($0.parameters)",
            ]
          })
      try printLine("")
    }
    let facts =
      [
        ("task", description.task), ("loss", description.loss), ("networks", networks(file)),
        ("parameters", "\(description.parameters), \(description.precision)"),
        ("inputs", inputs(file)), ("scaling", description.scaling), ("outputs", file.preparation.outputs.text),
      ] + (file.interval.map { [("interval", interval($0, file.preparation.outputs))] } ?? [])
    for (name, value) in facts { try printLine("\(name.padded(to: 12))\(printable(value))") }
    guard !description.training.isEmpty else { return }
    try printLine("\ntrained with")
    let notes = description.training.sorted { $0.key < $1.key }.map { (printable($0), printable($1)) }
    let width = notes.map(\.0.count).max() ?? 0
    for (name, value) in notes {
      try printLine("  \(name.padded(to: width + 2))\(value)")
    }
  }

  private static func describe(_ file: ModelFile) -> Description {
    var description = Description(
      task: file.preparation.task.rawValue, precision: file.isDouble ? "double" : "float", loss: file.loss.rawValue,
      networks: file.members.count,
      parameters: file.members.reduce(0) { $0 + $1.rows.reduce(0) { $0 + $1.parameters } },
      layers: file.members[0].rows,
      scaling: file.preparation.inputScaling.method.rawValue, training: file.training)
    if kinds(file.members).count > 1 {
      description.members = file.members.map { .init(weight: $0.weight, layers: $0.rows) }
    }
    switch file.preparation.inputs {
    case .columns(let columns): description.columns = columns.map(\.name)
    case .pixels(let shape): description.image = shape
    }
    switch file.preparation.outputs {
    case .classes(let names, let column): (description.classes, description.targets) = (names, column.map { [$0] })
    case .labels(let columns, _), .values(let columns, _): description.targets = columns
    case .quantiles(let columns, let levels, _): (description.targets, description.quantiles) = (columns, levels)
    }
    description.interval = file.interval.map { .init(level: $0.level, margins: $0.margins) }
    return description
  }

  private static func networks(_ file: ModelFile) -> String {
    let members = file.members
    let mean = Set(members.map(\.weight)).count > 1 ? "weighted mean" : "mean"
    return members.count == 1 ? "1" : "\(members.count) with these layers; the answer is their \(mean)"
  }

  private static func inputs(_ file: ModelFile) -> String {
    switch file.preparation.inputs {
    case .columns(let columns): "\(columns.count) columns: \(abbreviated(columns.map(described)))"
    case .pixels(let shape): "images of \(shape.map(String.init).joined(separator: " × ")) pixels"
    }
  }

  /// Such as "0.9 within ±2.5" or, beside quantiles, "0.9 from price 0.05 - 2.5 to price 0.95 + 2.5".
  private static func interval(_ interval: PredictionInterval, _ outputs: Preparation.Outputs) -> String {
    let names = outputs.names
    let bounds = zip(interval.places, interval.margins).map { place, margin in
      place.lower == place.upper
        ? "±\(margin.short)"
        : "\(names[place.lower]) \(margin < 0 ? "+" : "-") \(margin.magnitude.short) to \(names[place.upper])"
          + " \(margin < 0 ? "-" : "+") \(margin.magnitude.short)"
    }
    let isPair = interval.places[0].lower != interval.places[0].upper
    return "\(interval.level) \(isPair ? "from" : "within") \(abbreviated(bounds))"
  }

  private static func described(_ column: InputColumn) -> String {
    switch column {
    case .number(let name, _, let format, _): format == .plain ? name : "\(name) (\(format))"
    case .category(let name, let values, let gathersOthers):
      "\(name) (\(values.count) strings\(gathersOthers ? " and all others" : ""))"
    case .date(let name, let format, _, _): "\(name) (dates \(format.pattern))"
    }
  }
}

/// The networks of the same layers and weight, in the order of the first of each, with a title if there are several
/// kinds.
func kinds(_ members: [ModelFile.Member]) -> [(title: String?, member: ModelFile.Member)] {
  var kinds: [(member: ModelFile.Member, numbers: [Int])] = []
  for (index, member) in members.enumerated() {
    if let kind = kinds.firstIndex(where: { $0.member == member }) {
      kinds[kind].numbers.append(index + 1)
    } else {
      kinds.append((member, [index + 1]))
    }
  }
  return kinds.map { member, numbers in
    let names = numbers.map(String.init).joined(separator: ", ")
    let each = numbers.count > 1 ? " each" : ""
    return (kinds.count > 1 ? "network \(names): weight \(member.weight.fixed(4))\(each)" : nil, member)
  }
}

extension ModelFile.Member {
  /// The embedding, if there is one, and the layers.
  var rows: [LayerRow] { (embedding.map { [LayerRow($0)] } ?? []) + layers.map { LayerRow($0) } }
}

/// A row of a table of layers.
struct LayerRow: Encodable {
  let type: String
  let inputs: Int
  let outputs: Int
  let normalization: String
  let activation: String
  let dropout: Double
  let parameters: Int

  init(_ embedding: Embedding) {
    (type, inputs, outputs) = ("embedding", embedding.inputSize, embedding.outputSize)
    (normalization, activation, dropout, parameters) = ("none", "none", 0, embedding.parameterCount)
  }

  init(_ layer: Dense) {
    (type, inputs, outputs) = ("dense", layer.inputSize, layer.outputSize)
    (normalization, activation) = (layer.normalization.rawValue, layer.activationName)
    (dropout, parameters) = (layer.dropout, layer.parameterCount)
  }
}

extension Dense {
  /// The activation's name, and whether it is parametric.
  var activationName: String { (isParametric ? "parametric " : "") + activation.rawValue }
}
