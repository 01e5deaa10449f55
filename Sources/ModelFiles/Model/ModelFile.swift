import PerceptronDatasets
import PerceptronFiles
import PerceptronLayers
import Tensor

/// A model file whose container and metadata have been read and checked. Its parameters are not decoded yet.
public struct ModelFile: Sendable {
  /// The file's path, for messages.
  public let path: String
  /// What one network consists of.
  public struct Member: Sendable, Equatable {
    /// What the network does with its inputs before the first layer; nil for nothing.
    public let embedding: Embedding?
    /// The layers.
    public let layers: [Dense]
    /// The network's share in the answer.
    public let weight: Double

    init(embedding: Embedding?, layers: [Dense], weight: Double) {
      (self.embedding, self.layers, self.weight) = (embedding, layers, weight)
    }

    /// The description of a network.
    package init<Scalar>(_ network: Network<Scalar>, weight: Double) {
      self.init(embedding: network.embedding, layers: network.layers, weight: weight)
    }
  }

  /// The networks: one, or the members of an ensemble.
  public let members: [Member]
  /// What the networks were trained to minimise.
  public let loss: Loss
  /// How inputs become features, and what outputs mean.
  public let preparation: Preparation
  /// Notes on the training, as names and values for people to read.
  public let training: [String: String]
  /// The share of each answer that is the same for all classes; 0 if there is none.
  public let uniformShare: Double
  /// The bounds of new values around the answers; nil if there are none.
  public let interval: PredictionInterval?
  private let tensors: SafeTensors

  /// How many bytes the text in the metadata may take beyond the size of the tensors.
  static let mostText = 8 << 20

  /// Reads a file.
  ///
  /// - Throws: ``FileError`` if the file does not exist or is not a model.
  public init(contentsOf path: String) throws(FileError) {
    let bytes = try SafeTensors.bytes(of: path)
    try self.init(bytes, path: path)
  }

  /// Reads a file's bytes; the path is for messages.
  package init(_ bytes: [UInt8], path: String) throws(FileError) {
    let tensors = try SafeTensors(bytes: bytes, path: path)
    func metadata(_ key: String) throws(FileError) -> String {
      guard let text = tensors.text(key) else { throw .missingMetadata(path: path, key: key) }
      return text
    }
    func bad(_ key: String, _ problem: String) -> FileError { .badMetadata(path: path, key: key, problem: problem) }
    // A longer text would take more memory than twice the file.
    var textLeft = Self.mostText + tensors.dataCount
    func decode<Record>(
      _ key: String, _ read: (inout JSONReader) throws(FileError) -> Record
    ) throws(FileError) -> Record {
      guard let bytes = tensors.metadataBytes[key] else { throw .missingMetadata(path: path, key: key) }
      var json = JSONReader(bytes, 0..<bytes.count, mostText: textLeft, endName: "its end") { byte, problem in
        .badMetadata(path: path, key: key, problem: "byte \(byte): \(problem)")
      }
      let record = try read(&json)
      try json.finish("bracket")
      textLeft = json.textLeft
      return record
    }

    let format = try metadata("format")
    guard format == modelFormat else {
      throw bad("format", "found \(quoted(format)), expected \(quoted(modelFormat))")
    }
    try tensors.verifyChecksum()
    guard let version = Int(try metadata("version")), version >= 1 else {
      throw bad("version", "it is not a whole number")
    }
    guard version <= modelVersion else { throw .newerVersion(path: path, found: version, supported: modelVersion) }

    if tensors.metadataBytes["members"] != nil {
      let records = try decode("members") { json throws(FileError) in
        try json.array(atMost: networkCounts.upperBound, "networks") { json throws(FileError) in
          try MemberRecord(&json, layers: mostLayers, features: tensors.dataCount)
        }
      }
      members = try records.map { record throws(FileError) in
        try Self.member(record.layers, record.embedding, weight: record.weight) { bad("members", $0) }
      }
      guard !members.isEmpty, members.allSatisfy({ $0.weight > 0 }),
        abs(members.reduce(0) { $0 + $1.weight } - 1) < 1e-6
      else { throw bad("members", "the weights of the networks are not positive, or their sum is not 1") }
      let sizes = members.map { [$0.embedding?.inputSize ?? $0.layers[0].inputSize, $0.layers.last!.outputSize] }
      guard Set(sizes).count == 1, Set(members.map { $0.layers.last!.activation }).count == 1 else {
        throw bad("members", "the networks differ in their inputs or outputs")
      }
    } else {
      let layers = try decode("layers") { json throws(FileError) in
        try json.array(atMost: mostLayers, "layers") { json throws(FileError) in try LayerRecord(&json) }
      }
      let embedding =
        try tensors.metadataBytes["embedding"] == nil
        ? nil
        : decode("embedding") { json throws(FileError) in
          let inputs = layers.first?.inputs ?? 0
          let record = try EmbeddingRecord(&json, features: inputs)
          guard record.embedding?.outputSize == inputs else {
            throw json.error(
              "the embedding is impossible, or its outputs are not the first layer's \(inputs) inputs")
          }
          return record
        }
      let count = try Self.networkCount(tensors, path)
      let member = try Self.member(layers, embedding, weight: 1 / Double(count)) { bad("layers", $0) }
      members = Array(repeating: member, count: count)
    }
    // This check comes before anything is allocated for the layers: the tensors in the file bound the sizes.
    var tensorCount = 0
    for (network, member) in members.enumerated() {
      for parameter in member.embedding?.parameters ?? [] {
        let (rows, columns) = member.embedding!.shape(of: parameter)
        try Self.check(tensors, parameter.tensorName(ofNetwork: network, of: members.count), [rows, columns], path)
        tensorCount += 1
      }
      for (index, layer) in member.layers.enumerated() {
        let names = LayerTensors(member.layers, index, ofNetwork: network, of: members.count)
        for parameter in layer.parameters {
          let (rows, columns) = layer.shape(of: parameter)
          let shape = parameter == .weights ? [rows, columns] : [rows]
          try Self.check(tensors, names.name(of: parameter), shape, path)
        }
        tensorCount += layer.parameters.count
      }
    }
    // Without this check, networks beyond the stated count would silently be ignored.
    guard members.count == 1 || tensors.entries.count == tensorCount else {
      throw bad(
        "networks",
        "it says \(members.count), which have \(tensorCount) tensors, but the file holds \(tensors.entries.count)")
    }
    let lossName = try metadata("loss")
    guard let loss = Loss(rawValue: lossName), loss.accepts(members[0].layers.last!.activation) else {
      throw bad("loss", "found \(quoted(lossName)), which is unknown or not defined for the output's activation")
    }
    let first = members[0]
    let (inputs, outputs) = (first.embedding?.inputSize ?? first.layers[0].inputSize, first.layers.last!.outputSize)
    var record = try decode("preparation") { json throws(FileError) in
      try PreparationRecord(&json, inputs: inputs, outputs: outputs)
    }
    record.weighsConstantTexts = version == 1
    guard let preparation = record.preparation else { throw bad("preparation", "its parts contradict each other") }
    guard preparation.inputCount == inputs, preparation.outputCount == outputs else {
      throw bad(
        "preparation",
        "it has \(preparation.inputCount) inputs and \(preparation.outputCount) outputs, which differ from the layers'")
    }
    guard preparation.outputs.levels == loss.levels else {
      throw bad("preparation", "its quantiles are not those of the loss \(quoted(lossName))")
    }
    let share = tensors.metadataBytes["uniform"] == nil ? 0 : Double(try metadata("uniform"))
    guard let share, TrainedModel<Float>.canHave(uniformShare: share, loss, preparation) else {
      throw bad("uniform", "it is not a number from 0 to below 1, or the outputs are not classes")
    }
    uniformShare = share
    if tensors.metadataBytes["interval"] == nil {
      interval = nil
    } else {
      let record = try decode("interval") { json throws(FileError) in try IntervalRecord(&json, outputs: outputs) }
      interval = PredictionInterval(checking: record.level, record.margins, for: preparation.outputs)
      if interval == nil { throw bad("interval", "its level or its margins do not fit the outputs") }
    }
    self.path = path
    self.loss = loss
    self.preparation = preparation
    training = try decode("training") { json throws(FileError) in
      var (training, isFirst) = ([String: String](), true)
      while let name = try json.name(&isFirst) {
        guard training.count < SafeTensors.mostMetadata else {
          throw json.error("found more than \(SafeTensors.mostMetadata) strings, expected }")
        }
        guard training.updateValue(try json.string(), forKey: name) == nil else {
          throw json.error("\(quoted(name)) is given twice")
        }
      }
      return training
    }
    self.tensors = tensors
  }

  /// Whether the parameters are stored as `Double`, the precision in which the model was trained.
  public var isDouble: Bool { tensors.entries.contains { $0.dataType == .f64 } }

  /// Checks the records of a network.
  ///
  /// - Parameter bad: Makes the error for a problem.
  private static func member(
    _ records: [LayerRecord], _ embedding: EmbeddingRecord?, weight: Double, _ bad: (String) -> FileError
  ) throws(FileError) -> Member {
    let layers = records.compactMap(\.layer)
    guard layers.count == records.count else {
      throw bad("a layer has an unknown type, activation or normalization, or a size or dropout out of range")
    }
    guard !layers.isEmpty, zip(layers, layers.dropFirst()).allSatisfy({ $0.outputSize == $1.inputSize }) else {
      throw bad("the layers do not form a chain")
    }
    guard layers.last!.dropout == 0, !layers.last!.isParametric else {
      throw bad("the last layer has \(layers.last!.isParametric ? "a parametric activation" : "dropout")")
    }
    guard let record = embedding else { return Member(embedding: nil, layers: layers, weight: weight) }
    guard let embedding = record.embedding, embedding.outputSize == layers[0].inputSize else {
      throw bad(
        "the embedding is impossible, or its outputs are not the first layer's \(layers[0].inputSize) inputs")
    }
    return Member(embedding: embedding, layers: layers, weight: weight)
  }

  private static func networkCount(_ tensors: SafeTensors, _ path: String) throws(FileError) -> Int {
    guard let text = tensors.text("networks") else { return 1 }
    guard let count = Int(text), networkCounts.contains(count) else {
      throw .badMetadata(
        path: path, key: "networks",
        problem: "found \(quoted(text)), expected a whole number from \(networkCounts.lowerBound) to"
          + " \(networkCounts.upperBound)")
    }
    return count
  }

  private static func check(
    _ tensors: SafeTensors, _ name: String, _ shape: [Int], _ path: String
  ) throws(FileError) {
    guard let entry = tensors.entry(name) else { throw .missingTensor(path: path, name: name) }
    guard entry.shape == shape else {
      throw .wrongShape(path: path, name: name, found: entry.shape, expected: shape)
    }
  }

  /// Returns a tensor's numbers.
  ///
  /// - Throws: ``FileError`` if one is not finite.
  func values<Scalar: BLASScalar>(_ name: String) throws(FileError) -> [Scalar] {
    let values: [Scalar] = try tensors.values(of: name)
    guard values.allSatisfy({ $0.isFinite }) else { throw .notFinite(path: path, name: name) }
    return values
  }

  /// Copies a tensor's numbers, which are stored row by row, into a matrix of its shape.
  ///
  /// - Throws: ``FileError`` if one is not finite.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func read<Scalar: BLASScalar>(_ name: String, into matrix: Tile<Scalar>) throws(FileError) {
    try tensors.read(name, into: matrix)
    guard matrix.maxMagnitude.isFinite else { throw .notFinite(path: path, name: name) }
  }
}
