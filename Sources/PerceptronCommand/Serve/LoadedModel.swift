import Perceptron

/// One version of a model, as it was read from its file. A request is answered by one version, so that no answer mixes
/// two.
protocol LoadedModel: Sendable {
  var facts: ModelFacts { get }

  /// Answers simultaneous requests together, in batches; nil if requests are answered one by one.
  var batching: (any Batching)? { get }

  /// Writes the answer for a sample.
  func predict(_ sample: JSONSamples.Sample, into prediction: inout Prediction) throws(PredictionError)

  /// Returns the answers for samples.
  func predict(_ samples: [JSONSamples.Sample]) throws(PredictionError) -> [Prediction]

  /// Returns the answers for the rows of a CSV table, as `perceptron predict --probabilities` writes them.
  ///
  /// - Throws: ``FileError`` or ``PredictionError``.
  func answers(csv: [UInt8]) throws -> (csv: [UInt8], count: Int)
}

/// Answers requests that come at the same time together.
protocol Batching: Sendable {
  /// What the batches have done.
  var counts: BatchCounts { get }

  /// Returns the answer for a sample.
  func predict(_ sample: JSONSamples.Sample) async throws -> Prediction
}

extension BatchingPredictor: Batching {}

/// What clients may know of a model.
struct ModelFacts: Sendable {
  let name: String
  /// The CRC-32 of the file, in hexadecimal digits.
  let fingerprint: String
  /// Whether the network computes in double precision.
  let isDouble: Bool
  let preparation: Preparation
  let interval: PredictionInterval?
  /// The columns of a record. The pixels of an image are columns, too.
  let columns: [InputColumn]
  /// The spread of each column of numbers in the training data; nil for other columns.
  let spreads: [Double?]
}

/// Reads a model file.
///
/// - Parameters:
///   - batches: Whether requests are answered in batches.
///   - missing: How missing values are handled.
/// - Throws: ``FileError``, also if the path leads to something without an end, such as a pipe.
func loadModel(
  _ name: String, contentsOf path: String, batches: Bool, missing: MissingValuePolicy
) throws -> any LoadedModel {
  if let mistake = FileError.notRegular(path) { throw mistake }
  let bytes = try SafeTensors.bytes(of: path)
  var checksum = Checksum()
  checksum.add(bytes[...])
  let file = try ModelFile(bytes, path: path)
  func facts<Scalar>(_ model: TrainedModel<Scalar>, _ columns: [InputColumn]) -> ModelFacts {
    let spreads = model.preparation.encoders.map { encoder in
      encoder.scales.count == 1 ? encoder.scales[0].spread : nil
    }
    return ModelFacts(
      name: name, fingerprint: checksum.digits, isDouble: file.isDouble, preparation: model.preparation,
      interval: model.interval, columns: columns, spreads: spreads)
  }
  func load<Scalar>(_ model: TrainedModel<Scalar>) -> any LoadedModel {
    let predictor = Predictor(model, missing: missing)
    return LoadedPredictor(
      facts: facts(model, predictor.columns), predictor: predictor,
      batching: batches ? BatchingPredictor(predictor) : nil)
  }
  return file.isDouble ? load(try TrainedModel<Double>(file)) : load(try TrainedModel<Float>(file))
}

private struct LoadedPredictor<Scalar: BLASScalar>: LoadedModel {
  let facts: ModelFacts
  let predictor: Predictor<Scalar>
  let batching: (any Batching)?

  func predict(_ sample: JSONSamples.Sample, into prediction: inout Prediction) throws(PredictionError) {
    try predictor.predict(sample, into: &prediction)
  }

  func predict(_ samples: [JSONSamples.Sample]) throws(PredictionError) -> [Prediction] {
    try predictor.predict(samples)
  }

  func answers(csv: [UInt8]) throws -> (csv: [UInt8], count: Int) {
    let (preparation, interval) = (facts.preparation, facts.interval)
    let table = try Table(csv, path: "body", format: preparation.tableFormat)
    var answers = try predictor.predict(prepared: preparation.features(of: table, as: Scalar.self))
    if let interval { answers.append(rowsOf: interval.bounds(of: answers)) }
    let lines = AnswerTable<Scalar>(
      answers, preparation, hasIntervals: interval != nil, withProbabilities: preparation.task == .classification
    ).csv(Team(workers: 1))
    return (lines, table.rowCount)
  }
}

/// A model under its name, which is replaced when its file is.
final class ServedModel: Sendable {
  let name: String
  let path: String
  private let batches: Bool
  private let missing: MissingValuePolicy
  private let state: Guarded<State>

  private struct State {
    var model: any LoadedModel
    /// The file's state when the model was read, and when it was last looked at.
    var read: FileStamp?
    var seen: FileStamp?
  }

  init(_ name: String, contentsOf path: String, batches: Bool, missing: MissingValuePolicy) throws {
    (self.name, self.path, self.batches, self.missing) = (name, path, batches, missing)
    let stamp = FileStamp(path)
    let model = try loadModel(name, contentsOf: path, batches: batches, missing: missing)
    state = Guarded(State(model: model, read: stamp, seen: stamp))
  }

  /// The version that was read last. A request fetches it once.
  var current: any LoadedModel { state.withLock { $0.model } }

  /// Reads the file again. If this throws, the model stays as it was.
  func reload() throws {
    let stamp = FileStamp(path)
    state.withLock { ($0.read, $0.seen) = (stamp, stamp) }
    let model = try loadModel(name, contentsOf: path, batches: batches, missing: missing)
    state.withLock { $0.model = model }
  }

  /// Whether the file has changed since it was read, and no more since the last call.
  func hasChanged() -> Bool {
    let stamp = FileStamp(path)
    return state.withLock { state in
      defer { state.seen = stamp }
      return stamp != nil && stamp != state.read && stamp == state.seen
    }
  }
}
