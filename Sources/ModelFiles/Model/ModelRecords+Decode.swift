import PerceptronDatasets
import PerceptronFiles
import PerceptronLayers

// Decoding of the records. The counts are limited by what the file's tensors make possible, so that a text cannot use
// many times its length of memory.

extension LayerRecord {
  init(_ json: inout JSONReader) throws(FileError) {
    var isFirst = true
    var type: String?
    var inputs: Int?
    var outputs: Int?
    var activation: String?
    var normalization: String?
    var dropout: Double?
    var parametric: Bool?
    while let key = try json.name(&isFirst) {
      switch key {
      case "type" where type == nil: type = try json.string()
      case "inputs" where inputs == nil: inputs = try json.wholeNumber()
      case "outputs" where outputs == nil: outputs = try json.wholeNumber()
      case "activation" where activation == nil: activation = try json.string()
      case "normalization" where normalization == nil: normalization = try json.string()
      case "dropout" where dropout == nil: dropout = try json.number()
      case "parametric" where parametric == nil: parametric = try json.bool()
      case "type", "inputs", "outputs", "activation", "normalization", "dropout", "parametric":
        throw json.error("\(quoted(key)) is given twice")
      default: try json.skip()
      }
    }
    guard let type, let inputs, let outputs, let activation else {
      throw json.error("expected a layer's type, inputs, outputs and activation before this")
    }
    (self.type, self.inputs, self.outputs, self.activation) = (type, inputs, outputs, activation)
    (self.normalization, self.dropout, self.parametric) = (normalization, dropout, parametric)
  }
}

extension MemberRecord {
  /// - Parameters:
  ///   - layers: The largest number of layers.
  ///   - features: The largest number of an embedding's numbers.
  init(_ json: inout JSONReader, layers most: Int, features: Int) throws(FileError) {
    var isFirst = true
    var layers: [LayerRecord]?
    var weight: Double?
    embedding = nil
    while let key = try json.name(&isFirst) {
      switch key {
      case "layers" where layers == nil:
        layers = try json.array(atMost: most, "layers") { json throws(FileError) in try LayerRecord(&json) }
      case "embedding" where embedding == nil: embedding = try EmbeddingRecord(&json, features: features)
      case "weight" where weight == nil: weight = try json.number()
      case "layers", "embedding", "weight": throw json.error("\(quoted(key)) is given twice")
      default: try json.skip()
      }
    }
    guard let layers, let weight else { throw json.error("expected a network's layers and weight before this") }
    (self.layers, self.weight) = (layers, weight)
  }
}

extension EmbeddingRecord {
  /// - Parameter features: The number of inputs of the first layer.
  init(_ json: inout JSONReader, features: Int) throws(FileError) {
    var isFirst = true
    var counts: [String: Int] = [:]
    var numbers: [Int]?
    var edges: [[Double]]?
    while let key = try json.name(&isFirst) {
      switch key {
      case "inputs" where counts[key] == nil, "frequencies" where counts[key] == nil,
        "components" where counts[key] == nil:
        counts[key] = try json.wholeNumber()
      case "numbers" where numbers == nil:
        numbers = try json.array(atMost: features, "numbers") { json throws(FileError) in try json.wholeNumber() }
      case "edges" where edges == nil:
        edges = try json.array(atMost: features, "lists of edges") { json throws(FileError) in
          try json.numbers(atMost: Embedding.mostPieces + 1, "edges")
        }
      case "inputs", "frequencies", "components", "numbers", "edges": throw json.error("\(quoted(key)) is given twice")
      default: try json.skip()
      }
    }
    guard let inputs = counts["inputs"], let numbers,
      edges != nil || counts["frequencies"] != nil && counts["components"] != nil
    else {
      throw json.error(
        "expected an embedding's inputs and numbers, and frequencies and components or edges, before this")
    }
    (self.inputs, self.numbers, self.edges) = (inputs, numbers, edges)
    (frequencies, components) = (counts["frequencies"], counts["components"])
  }
}

extension ScalingRecord {
  init(_ json: inout JSONReader, features: Int) throws(FileError) {
    var isFirst = true
    var method: String?
    var offsets: [Double]?
    var factors: [Double]?
    var quantiles: [[Double]]?
    var limits: [[Double]]?
    while let key = try json.name(&isFirst) {
      switch key {
      case "method" where method == nil: method = try json.string()
      case "offsets" where offsets == nil: offsets = try json.numbers(atMost: features, "offsets")
      case "factors" where factors == nil: factors = try json.numbers(atMost: features, "factors")
      case "quantiles" where quantiles == nil:
        quantiles = try json.array(atMost: features, "features") { json throws(FileError) in
          try json.numbers(atMost: Quantiles.most, "quantiles")
        }
      case "limits" where limits == nil:
        limits = try json.array(atMost: features, "limits") { json throws(FileError) in
          try json.numbers(atMost: 2, "numbers of a limit")
        }
      case "method", "offsets", "factors", "quantiles", "limits": throw json.error("\(quoted(key)) is given twice")
      default: try json.skip()
      }
    }
    guard let method else { throw json.error("expected a scaling's method before this") }
    (self.method, self.offsets, self.factors, self.quantiles) = (method, offsets, factors, quantiles)
    self.limits = limits
  }
}

extension FormatRecord {
  init(_ json: inout JSONReader) throws(FileError) {
    var isFirst = true
    (decimal, thousands, unit) = (nil, nil, nil)
    while let key = try json.name(&isFirst) {
      switch key {
      case "decimal" where decimal == nil: decimal = try json.string()
      case "thousands" where thousands == nil: thousands = try json.string()
      case "unit" where unit == nil: unit = try json.string()
      case "decimal", "thousands", "unit": throw json.error("\(quoted(key)) is given twice")
      default: try json.skip()
      }
    }
  }
}

extension ColumnRecord {
  init(_ json: inout JSONReader, features: Int) throws(FileError) {
    var isFirst = true
    var name: String?
    while let key = try json.name(&isFirst) {
      switch key {
      case "name" where name == nil: name = try json.string()
      case "mean" where mean == nil: mean = try json.number()
      case "texts" where texts == nil: texts = try json.strings(atMost: features, "strings of all columns")
      case "others" where others == nil: others = try json.bool()
      case "format" where format == nil: format = try FormatRecord(&json)
      case "date" where date == nil: date = try json.string()
      case "means" where means == nil: means = try json.numbers(atMost: 4, "means")
      case "missing" where missing == nil: missing = try json.strings(atMost: Self.mostMissing, "missing strings")
      case "name", "mean", "texts", "others", "format", "date", "means", "missing":
        throw json.error("\(quoted(key)) is given twice")
      default: try json.skip()
      }
    }
    guard let name else { throw json.error("expected a column's name before this") }
    self.name = name
  }

  /// The maximum number of strings that mark a missing field.
  static let mostMissing = 100_000
}

extension PreparationRecord {
  init(_ json: inout JSONReader, inputs: Int, outputs: Int) throws(FileError) {
    var isFirst = true
    var columns: [ColumnRecord]?
    var image: [Int]?
    var scaling: ScalingRecord?
    var classes: [String]?
    var targets: [String]?
    var labels: [[String]]?
    var targetScaling: ScalingRecord?
    var targetFormats: [FormatRecord]?
    var missing: [String]?
    var notMissing: [String]?
    var ignored: [String]?
    var identifier: String?
    var quantiles: [Double]?
    // The number of features that text columns can still have.
    var features = inputs
    while let key = try json.name(&isFirst) {
      switch key {
      case "columns" where columns == nil:
        columns = try json.array(atMost: inputs, "columns") { json throws(FileError) in
          let column = try ColumnRecord(&json, features: features)
          features -= column.texts?.count ?? 0
          return column
        }
      case "image" where image == nil:
        image = try json.array(atMost: 64, "sizes") { json throws(FileError) in try json.wholeNumber() }
      case "scaling" where scaling == nil: scaling = try ScalingRecord(&json, features: inputs)
      case "classes" where classes == nil: classes = try json.strings(atMost: outputs + 1, "classes")
      case "targets" where targets == nil: targets = try json.strings(atMost: outputs, "targets")
      case "labels" where labels == nil:
        labels = try json.array(atMost: outputs, "labels") { json throws(FileError) in
          try json.strings(atMost: 2, "strings of a label")
        }
      case "targetScaling" where targetScaling == nil: targetScaling = try ScalingRecord(&json, features: outputs)
      case "targetFormats" where targetFormats == nil:
        targetFormats = try json.array(atMost: outputs, "formats") { json throws(FileError) in
          try FormatRecord(&json)
        }
      case "missing" where missing == nil:
        missing = try json.strings(atMost: ColumnRecord.mostMissing, "missing strings")
      case "notMissing" where notMissing == nil:
        notMissing = try json.strings(atMost: ColumnRecord.mostMissing, "strings")
      case "ignored" where ignored == nil: ignored = try json.strings(atMost: Table.mostColumns, "columns")
      case "identifier" where identifier == nil: identifier = try json.string()
      case "quantiles" where quantiles == nil: quantiles = try json.numbers(atMost: outputs, "quantiles")
      case "columns", "image", "scaling", "classes", "targets", "labels", "targetScaling", "targetFormats", "missing",
        "notMissing", "ignored", "identifier", "quantiles":
        throw json.error("\(quoted(key)) is given twice")
      default: try json.skip()
      }
    }
    guard let scaling else { throw json.error("expected the scaling before this") }
    (self.columns, self.image, self.scaling, self.classes) = (columns, image, scaling, classes)
    (self.targets, self.labels, self.targetScaling) = (targets, labels, targetScaling)
    (self.targetFormats, self.missing, self.notMissing) = (targetFormats, missing, notMissing)
    (self.ignored, self.identifier, self.quantiles) = (ignored, identifier, quantiles)
  }
}

extension IntervalRecord {
  init(_ json: inout JSONReader, outputs: Int) throws(FileError) {
    var isFirst = true
    var level: Double?
    var margins: [Double]?
    while let key = try json.name(&isFirst) {
      switch key {
      case "level" where level == nil: level = try json.number()
      case "margins" where margins == nil: margins = try json.numbers(atMost: outputs, "margins")
      case "level", "margins": throw json.error("\(quoted(key)) is given twice")
      default: try json.skip()
      }
    }
    guard let level, let margins else { throw json.error("expected a level and margins before this") }
    (self.level, self.margins) = (level, margins)
  }
}

extension JSONReader {
  fileprivate mutating func strings(atMost count: Int, _ what: String) throws(FileError) -> [String] {
    try array(atMost: count, what) { json throws(FileError) in try json.string() }
  }

  fileprivate mutating func numbers(atMost count: Int, _ what: String) throws(FileError) -> [Double] {
    try array(atMost: count, what) { json throws(FileError) in try json.number() }
  }
}
