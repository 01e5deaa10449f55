import FoundationEssentials
import PerceptronDatasets
import PerceptronFiles
import PerceptronLayers
import Tensor

// The parts of the metadata's JSON. The records know the names used in the file; the types that they represent do not.

struct LayerRecord: Codable {
  var type = "dense"
  let inputs: Int
  let outputs: Int
  let activation: String
  /// Absent if there is none.
  var normalization: String?
  /// Absent if there is no dropout in training.
  var dropout: Double?
  /// Absent if it is false.
  var parametric: Bool?

  init(_ layer: Dense) {
    inputs = layer.inputSize
    outputs = layer.outputSize
    activation = layer.activation.rawValue
    normalization = layer.normalization == .none ? nil : layer.normalization.rawValue
    dropout = layer.dropout > 0 ? layer.dropout : nil
    parametric = layer.isParametric ? true : nil
  }

  /// The layer, or nil if the record does not describe a valid layer.
  var layer: Dense? {
    guard type == "dense", inputs >= 1, outputs >= 1, let activation = Activation(rawValue: activation),
      case (let weights, let overflow) = inputs.multipliedReportingOverflow(by: outputs), !overflow,
      weights <= Int.max / 16, (0..<1).contains(dropout ?? 0), dropout == nil || activation != .softmax,
      let normalization = Normalization(rawValue: normalization ?? "none"),
      normalization != .batch || activation != .softmax,
      parametric != true || activation != .softmax && activation != .identity
    else { return nil }
    return Dense(
      inputs, outputs, activation, isParametric: parametric ?? false, normalization: normalization,
      dropout: dropout ?? 0)
  }
}

struct EmbeddingRecord: Codable {
  let inputs: Int
  let numbers: [Int]
  /// The sizes of waves; absent if there are edges.
  let frequencies, components: Int?
  /// The edges of each number's bins; absent if there are waves.
  let edges: [[Double]]?

  init(_ embedding: Embedding) {
    (inputs, numbers) = (embedding.inputSize, embedding.numbers)
    switch embedding.encoding {
    case .waves(let frequencies, let components):
      (self.frequencies, self.components, edges) = (frequencies, components, nil)
    case .pieces(let edges): (frequencies, components, self.edges) = (nil, nil, edges)
    }
  }

  /// The embedding, or nil if the record does not describe a valid one.
  var embedding: Embedding? {
    let encoding: Embedding.Encoding
    switch (frequencies, components, edges) {
    case (let frequencies?, let components?, nil):
      encoding = .waves(frequencies: frequencies, components: components)
    case (nil, nil, let edges?): encoding = .pieces(edges: edges)
    default: return nil
    }
    return Embedding.isPossible(inputs, numbers: numbers, encoding: encoding)
      ? Embedding(inputs, numbers: numbers, encoding: encoding) : nil
  }
}

/// One of several networks that differ.
struct MemberRecord: Codable {
  let layers: [LayerRecord]
  /// Absent if there is none.
  var embedding: EmbeddingRecord?
  let weight: Double

  init<Scalar>(_ network: Network<Scalar>, weight: Double) {
    layers = network.layers.map(LayerRecord.init)
    embedding = network.embedding.map { EmbeddingRecord($0) }
    self.weight = weight
  }
}

struct ScalingRecord: Codable {
  let method: String
  var offsets: [Double]?
  var factors: [Double]?
  var quantiles: [[Double]]?
  /// The limits of answers; absent if there are none.
  var limits: [[Double]]?

  init(_ scaling: Scaling) {
    method = scaling.method.rawValue
    limits = scaling.limits.isEmpty ? nil : scaling.limits.map { [$0.lowerBound, $0.upperBound] }
    if scaling.method == .quantile {
      quantiles = scaling.quantiles.map(\.values)
    } else {
      (offsets, factors) = (scaling.offsets, scaling.factors)
    }
  }

  /// The scaling, or nil if the record does not describe a valid scaling.
  var scaling: Scaling? {
    guard let map else { return nil }
    guard let limits else { return map }
    guard limits.count == map.offsets.count, limits.allSatisfy({ $0.count == 2 && $0[0] <= $0[1] }) else { return nil }
    return map.withLimits(limits.map { $0[0]...$0[1] })
  }

  /// The scaling without its limits.
  private var map: Scaling? {
    switch (Scaling.Method(rawValue: method), offsets, factors, quantiles) {
    case (.quantile?, nil, nil, let quantiles?):
      guard quantiles.allSatisfy({ !$0.isEmpty && zip($0, $0.dropFirst()).allSatisfy { $0 <= $1 } }) else { return nil }
      return Scaling(quantiles.map { Quantiles($0) })
    case (let method?, let offsets?, let factors?, nil) where method != .quantile:
      guard offsets.count == factors.count, factors.allSatisfy({ $0 >= 0 }) else { return nil }
      return Scaling(method: method, offsets: offsets, factors: factors)
    default: return nil
    }
  }
}

/// How numbers are written; plain numbers if all members are absent.
struct FormatRecord: Codable {
  var decimal: String?
  var thousands: String?
  var unit: String?

  init(_ format: NumberFormat) {
    decimal = format.decimal == .point ? nil : format.decimal.rawValue
    thousands = format.thousands?.rawValue
    unit = format.unit.isEmpty ? nil : format.unit
  }

  /// The format, or nil if the record does not describe a valid format.
  var format: NumberFormat? {
    guard let decimal = NumberFormat.Mark(rawValue: decimal ?? ".") else { return nil }
    let mark = thousands.map { NumberFormat.Mark(rawValue: $0) }
    if case .some(nil) = mark { return nil }
    let thousands = mark ?? nil
    return NumberFormat.isPossible(decimal, thousands)
      ? NumberFormat(decimal: decimal, thousands: thousands, unit: unit ?? "") : nil
  }
}

/// A feature column: of numbers with their mean, of dates with the means of their numbers, or of strings.
struct ColumnRecord: Codable {
  let name: String
  /// Absent if missing numbers are refused.
  var mean: Double?
  var texts: [String]?
  /// Whether there is one more feature for all other strings.
  var others: Bool?
  var format: FormatRecord?
  /// The pattern of dates.
  var date: String?
  var means: [Double]?
  /// Strings that mark missing values in this column.
  var missing: [String]?

  init(_ column: InputColumn) {
    name = column.name
    switch column {
    case .number(_, let mean, let format, let missing):
      self.mean = mean
      self.format = format == .plain ? nil : FormatRecord(format)
      self.missing = missing.isEmpty ? nil : missing
    case .category(_, let values, let gathersOthers):
      texts = values
      others = gathersOthers ? true : nil
    case .date(_, let format, let means, let missing):
      date = format.pattern
      self.means = means
      self.missing = missing.isEmpty ? nil : missing
    }
  }

  /// The column, or nil if the record does not describe a valid column.
  var column: InputColumn? {
    switch (mean, texts, date, means) {
    case (let mean, nil, nil, nil) where others == nil:
      guard let format = (format ?? FormatRecord(.plain)).format else { return nil }
      return .number(name: name, mean: mean, format: format, missing: missing ?? [])
    case (nil, let texts?, nil, nil) where format == nil && missing == nil:
      return .category(name: name, values: texts, gathersOthers: others ?? false)
    case (nil, nil, let pattern?, let means?) where format == nil && others == nil:
      guard let format = DateFormat(pattern), means.count == format.parts.count else { return nil }
      return .date(name: name, format: format, means: means, missing: missing ?? [])
    default: return nil
    }
  }
}

struct PreparationRecord: Codable {
  var columns: [ColumnRecord]?
  var image: [Int]?
  let scaling: ScalingRecord
  var classes: [String]?
  var targets: [String]?
  var labels: [[String]]?
  var targetScaling: ScalingRecord?
  /// The levels of quantiles; absent if the outputs are none.
  var quantiles: [Double]?
  /// How the targets' numbers are written; absent if all are plain.
  var targetFormats: [FormatRecord]?
  /// Additional strings that mark missing values, and usual ones that do not.
  var missing: [String]?
  var notMissing: [String]?
  /// Columns that are not used for training.
  var ignored: [String]?
  var identifier: String?
  /// True for version 1 of the format, which has a weight for a column with only one string.
  var weighsConstantTexts = false

  private enum CodingKeys: CodingKey {
    case columns, image, scaling, classes, targets, labels, targetScaling, targetFormats, missing, notMissing, ignored
    case identifier, quantiles
  }

  init(_ preparation: Preparation) {
    func listed(_ texts: some Collection<String>) -> [String]? { texts.isEmpty ? nil : texts.sorted() }
    missing = listed(preparation.missing.additional)
    notMissing = listed(preparation.missing.excluded)
    ignored = preparation.ignored.isEmpty ? nil : preparation.ignored
    identifier = preparation.identifier
    weighsConstantTexts = preparation.weighsConstantTexts
    targetFormats = preparation.targetFormats.isEmpty ? nil : preparation.targetFormats.map(FormatRecord.init)
    scaling = ScalingRecord(preparation.inputScaling)
    switch preparation.inputs {
    case .columns(let columns): self.columns = columns.map(ColumnRecord.init)
    case .pixels(let shape): image = shape
    }
    switch preparation.outputs {
    case .classes(let names, let column):
      classes = names
      targets = column.map { [$0] }
    case .labels(let columns, let classes):
      targets = columns
      labels = classes
    case .values(let columns, let scaling), .quantiles(let columns, _, let scaling):
      targets = columns
      targetScaling = ScalingRecord(scaling)
    }
    quantiles = preparation.outputs.levels.isEmpty ? nil : preparation.outputs.levels
  }

  /// The preparation, or nil if its parts contradict each other.
  var preparation: Preparation? {
    let inputs: Preparation.Inputs
    switch (columns, image) {
    case (let records?, nil):
      let columns = records.compactMap(\.column)
      guard columns.count == records.count else { return nil }
      inputs = .columns(columns)
    case (nil, let shape?):
      guard let pixels = SafeTensors.elementCount(shape), pixels > 0 else { return nil }
      inputs = .pixels(shape: shape)
    default: return nil
    }
    let outputs: Preparation.Outputs
    switch (classes, targets, labels, targetScaling?.scaling, quantiles) {
    case (let names?, let columns, nil, nil, nil) where columns == nil || columns?.count == 1:
      outputs = .classes(names, column: columns?[0])
    case (nil, let columns?, let labels?, nil, nil): outputs = .labels(columns: columns, classes: labels)
    case (nil, let columns?, nil, let scaling?, nil): outputs = .values(columns: columns, scaling: scaling)
    case (nil, let columns?, nil, let scaling?, let levels?):
      outputs = .quantiles(columns: columns, levels: levels, scaling: scaling)
    default: return nil
    }
    var formats: [NumberFormat] = []
    for record in targetFormats ?? [] {
      guard let format = record.format else { return nil }
      formats.append(format)
    }
    guard let scaling = scaling.scaling,
      Preparation.mistake(inputs: inputs, inputScaling: scaling, outputs: outputs, targetFormats: formats) == nil
    else { return nil }
    return Preparation(
      inputs: inputs, inputScaling: scaling, outputs: outputs,
      missing: MissingSpellings(additional: Set(missing ?? []), excluded: Set(notMissing ?? [])),
      ignored: ignored ?? [],
      identifier: identifier, targetFormats: formats, weighsConstantTexts: weighsConstantTexts && hasConstantText)
  }

  /// Whether a column has only one string.
  private var hasConstantText: Bool { columns?.contains { $0.texts?.count == 1 && $0.others == nil } == true }

  /// Whether the preparation needs something that version 2 of the format does not have.
  var needsVersion3: Bool {
    targetScaling?.limits != nil
      || columns?.contains { $0.mean == nil && $0.texts == nil && $0.date == nil } == true
  }

  /// Whether the preparation needs something that version 1 of the format does not have.
  var needsVersion2: Bool {
    missing != nil || notMissing != nil || ignored != nil || identifier != nil || targetFormats != nil
      || scaling.factors?.contains(0) == true
      || !weighsConstantTexts && hasConstantText
      || columns?.contains { $0.others != nil || $0.format != nil || $0.date != nil || $0.missing != nil } == true
  }
}

/// A prediction interval.
struct IntervalRecord: Codable {
  let level: Double
  let margins: [Double]

  init(_ interval: PredictionInterval) { (level, margins) = (interval.level, interval.margins) }
}

/// Encodes a record as JSON with sorted keys, so that equal models give equal files.
func encode(_ record: some Encodable) -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  // The records hold only finite numbers and strings, so encoding does not fail.
  return String(decoding: try! encoder.encode(record), as: UTF8.self)
}
