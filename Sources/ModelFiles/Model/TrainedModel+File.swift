import FoundationEssentials
import PerceptronDatasets
import PerceptronFiles
import PerceptronLayers
import Tensor

// The metadata of a model file, each value a string:
//
//   format       "perceptron"
//   version      "1", or "2" or "3" if there is a member marked with that number below
//   3: embedding JSON: {"inputs": 8, "numbers": [0, 1, …], "frequencies": 16, "components": 3} or, in place of these
//                two, "edges": [[…], …]; absent if there is none
//   layers       JSON: [{"type": "dense", "inputs": 784, "outputs": 30, "activation": "sigmoid"}, …];
//                with "normalization": "batch", "layer" or "rms", "dropout": 0.5, and 3: "parametric": true, if the
//                layer has them
//   loss         the loss's name
//   preparation  JSON: {"columns": [column, …] or "image": [28, 28],
//                "scaling": {"method", "offsets", "factors" (2: 0 for a constant) or "quantiles": [[…], …],
//                3: "limits": [[low, high], …] of answers},
//                "targets": [name, …] (none for images), "classes": […] or "labels": [[no, yes], …] or
//                "targetScaling": {…}, with "quantiles": [0.05, …] if the outputs are quantiles,
//                2: "targetFormats": [format, …], "missing" and "notMissing": […], "ignored": [name, …],
//                "identifier": name}
//                a column is {"name", "mean" (3: absent if missing numbers are refused), 2: "format",
//                "missing": […]} or {"name", "texts": […], 2: "others": true}
//                or, 2, {"name", "date": pattern, "means": […], "missing": […]};
//                a format is {"decimal": ",", "thousands": ".", "unit": "€"}, each absent if it is as in
//                plain numbers
//   3: uniform   the share of each answer that is the same for all classes: "0.06"; absent if there is none
//   interval     JSON: {"level": 0.9, "margins": [2.5, …]}; absent if there is none
//   training     JSON: how the model was trained, names to strings
//   networks     the number of networks: "5"; absent if there is one
//   3: members   JSON: [{"layers": […], "embedding": {…}, "weight": 0.25}, …], in place of layers, embedding and
//                networks if the networks differ in their layers or in their share of the answer
//
// The tensors have the names that PyTorch gives to the tensors of Sequential(Linear, activation, Linear, …). If a layer
// has a normalisation, its module is before the activation; Dropout is after it. The names are "0.weight" (outputs ×
// inputs, row by row) and "0.bias"; for a normalisation "1.weight" (γ) and, except for RMS, "1.bias" (β); for batch
// normalisation also "1.running_mean" and "1.running_var". The weights α of a parametric activation are
// "0.activation_weight". An embedding has "embedding.scale" and so on. Several networks have the names of a ModuleList
// of such Sequentials: "0.0.weight", "0.0.bias", …, "1.0.weight", ….

private let quote = UInt8(ascii: "\"")
private let backslash = UInt8(ascii: "\\")

package let modelFormat = "perceptron"
/// The latest version. Files are written as the earliest version that has all their members, which earlier programs can
/// read.
let modelVersion = 3

/// The number of a layer's first module in PyTorch's Sequential.
func moduleNumber(_ layers: [Dense], ofLayer index: Int) -> Int {
  layers[..<index].reduce(0) { $0 + 2 + ($1.normalization == .none ? 0 : 1) + ($1.dropout > 0 ? 1 : 0) }
}

/// The names of a layer's tensors.
struct LayerTensors {
  private let module: String
  private let next: String

  /// - Parameters:
  ///   - index: The layer's, counted from 0.
  ///   - network: The number of its network, counted from 0.
  ///   - count: The number of networks.
  init(_ layers: [Dense], _ index: Int, ofNetwork network: Int, of count: Int) {
    let number = moduleNumber(layers, ofLayer: index)
    let list = count == 1 ? "" : "\(network)."
    (module, next) = ("\(list)\(number)", "\(list)\(number + 1)")
  }

  func name(of parameter: LayerParameter) -> String {
    let isOfNext = [.scale, .shift, .runningMean, .runningVariance].contains(parameter)
    return "\(isOfNext ? next : module).\(parameter.tensorName)"
  }
}

extension EmbeddingParameter {
  /// The name of its tensor in the network with this number, counted from 0.
  func tensorName(ofNetwork network: Int, of count: Int) -> String {
    "\(count == 1 ? "" : "\(network).")embedding.\(rawValue)"
  }
}

extension LayerParameter {
  /// The name of its tensor in PyTorch's module.
  var tensorName: String {
    switch self {
    case .weights, .scale: "weight"
    case .bias, .shift: "bias"
    case .activationWeight: "activation_weight"
    case .runningMean: "running_mean"
    case .runningVariance: "running_var"
    }
  }
}

extension TrainedModel {
  /// Writes the model as one safetensors file. An existing file is replaced as a whole; if anything fails, it is
  /// unchanged.
  ///
  /// - Throws: ``FileError`` if the file cannot be written, or if its names and the notes on its training are longer
  ///   than a reader accepts.
  public func write(to path: String) throws(FileError) {
    let metadata = try checkedMetadata(path)
    try SafeTensors.write(tensors, metadata: metadata, to: path) {
      "the model is described at too great a length: \($0); shorten its names"
    }
  }

  /// The bytes that ``write(to:)-(String)`` would write.
  ///
  /// - Throws: ``FileError`` if its names and the notes on its training are longer than a reader accepts.
  public func bytes() throws(FileError) -> [UInt8] {
    _ = try checkedMetadata("the model")
    return encoded
  }

  /// The metadata, after a check that a reader accepts its length.
  private func checkedMetadata(_ path: String) throws(FileError) -> [String: String] {
    let metadata = metadata
    // The length as a reader counts it, and as it is in the header.
    let texts = ["layers", "members", "preparation", "training", "interval"].reduce(0) {
      $0 + Self.textCount(metadata[$1] ?? "")
    }
    let header = metadata.values.reduce(0) { $0 + $1.utf8.count + $1.utf8.count { $0 == quote || $0 == backslash } }
    guard texts <= ModelFile.mostText + parameterCount * MemoryLayout<Scalar>.size,
      training.count <= SafeTensors.mostMetadata, header <= SafeTensors.longestHeader - 1 << 24
    else {
      throw .tooLarge(
        path: path,
        problem: "the names of its columns and classes, or the notes on its training, are longer than a reader takes; "
          + "shorten them")
    }
    return metadata
  }

  /// The number of bytes inside the strings of a JSON text, with escapes as written.
  private static func textCount(_ json: String) -> Int {
    var (count, isText, isEscaped) = (0, false, false)
    for byte in json.utf8 {
      if byte == quote, !isEscaped {
        isText.toggle()
      } else if isText {
        count += 1
        isEscaped = byte == backslash && !isEscaped
      }
    }
    return count
  }

  /// The bytes of the file.
  package var encoded: [UInt8] {
    do throws(SafeTensors.TooLong) { return try SafeTensors.encode(tensors, metadata: metadata) } catch {
      fail("cannot encode a model: \(error)")
    }
  }

  private var tensors: [SafeTensors.Tensor] {
    networks.enumerated().flatMap { number, network in
      (network.embedding?.parameters ?? []).map { parameter in
        SafeTensors.Tensor(
          name: parameter.tensorName(ofNetwork: number, of: networks.count), rowsOf: network[embedding: parameter])
      }
        + network.layers.indices.flatMap { layer in
          Self.tensors(network, layer, LayerTensors(network.layers, layer, ofNetwork: number, of: networks.count))
        }
    }
  }

  private var metadata: [String: String] {
    let preparation = PreparationRecord(preparation)
    var metadata = [
      "format": modelFormat,
      "version": needsVersion3 || preparation.needsVersion3 ? "3" : preparation.needsVersion2 ? "2" : "1",
      "loss": loss.rawValue,
      "preparation": encode(preparation),
      "training": encode(training),
    ]
    if uniformShare > 0 { metadata["uniform"] = "\(uniformShare)" }
    if let interval { metadata["interval"] = encode(IntervalRecord(interval)) }
    if isUniform {
      metadata["layers"] = encode(network.layers.map(LayerRecord.init))
      metadata["embedding"] = network.embedding.map { encode(EmbeddingRecord($0)) }
      if networks.count > 1 { metadata["networks"] = String(networks.count) }
    } else {
      metadata["members"] = encode(zip(networks, weights).map { MemberRecord($0, weight: $1) })
    }
    return metadata
  }

  /// Whether all networks have the same layers and the same share in the answer.
  private var isUniform: Bool { hasEqualWeights && haveSameLayers }

  private var needsVersion3: Bool {
    !isUniform || uniformShare > 0 || network.embedding != nil || network.layers.contains(where: \.isParametric)
  }

  /// Reads a model. A model that was stored in the other precision is converted.
  ///
  /// - Throws: ``FileError`` if the file does not exist or is not a complete and consistent model.
  public init(contentsOf path: String) throws(FileError) {
    try self.init(ModelFile(contentsOf: path))
  }

  /// Makes the model that the bytes of a file hold.
  ///
  /// - Throws: ``FileError`` if they are not a complete and consistent model.
  public init(bytes: [UInt8]) throws(FileError) {
    try self.init(ModelFile(bytes, path: "the model"))
  }

  /// Makes the model that a file holds.
  ///
  /// - Throws: ``FileError`` if it is not a complete and consistent model.
  public init(_ file: ModelFile) throws(FileError) {
    var networks: [Network<Scalar>] = []
    for number in file.members.indices { networks.append(try Self.network(number, in: file)) }
    self.init(
      networks: networks, weights: file.members.map(\.weight), loss: file.loss, preparation: file.preparation,
      training: file.training, uniformShare: file.uniformShare, interval: file.interval)
  }

  /// The network with this number, counted from 0.
  private static func network(_ number: Int, in file: ModelFile) throws(FileError) -> Network<Scalar> {
    let (member, count) = (file.members[number], file.members.count)
    var network = Network<Scalar>(member.layers, embedding: member.embedding)
    for parameter in member.embedding?.parameters ?? [] {
      var values = network[embedding: parameter]
      try values.withTile { (values) throws(FileError) in
        try file.read(parameter.tensorName(ofNetwork: number, of: count), into: values)
      }
      network[embedding: parameter] = values
    }
    for index in member.layers.indices {
      let names = LayerTensors(member.layers, index, ofNetwork: number, of: count)
      for parameter in member.layers[index].parameters {
        let name = names.name(of: parameter)
        if parameter == .weights {
          try network.withWeights(ofLayer: index) { (weights) throws(FileError) in try file.read(name, into: weights) }
        } else {
          let values: [Scalar] = try file.values(name)
          guard parameter != .runningVariance || values.allSatisfy({ $0 >= 0 }) else {
            throw .negativeVariance(path: file.path, name: name)
          }
          network[layer: index, parameter] = Matrix(values)
        }
      }
    }
    return network
  }

  /// The tensors of a layer.
  private static func tensors(
    _ network: Network<Scalar>, _ index: Int, _ names: LayerTensors
  ) -> [SafeTensors.Tensor] {
    network.layers[index].parameters.map { parameter in
      let (name, values) = (names.name(of: parameter), network[layer: index, parameter])
      return parameter == .weights
        ? SafeTensors.Tensor(name: name, rowsOf: values)
        : SafeTensors.Tensor(name: name, shape: [values.rows], values: values.elements)
    }
  }
}
