import PerceptronDatasets
import PerceptronFiles
import PerceptronModelFiles
import Tensor

/// Computes a model's answers, with the weights in a layout made for prediction. Many tasks may use one predictor at
/// once.
///
/// A predictor is immutable, and its copies share one copy of the weights. There is no lock: no answer waits for
/// another.
///
/// A sample's answer has the same bits alone and in a batch, at any place in the batch, and for any team. It agrees
/// with ``TrainedModel/predict(prepared:team:)`` to rounding, about 10⁻⁶ of the largest output in `Float`: that method
/// adds in the order of training.
public struct Predictor<Scalar: BLASScalar>: Sendable {
  let model: PackedModel<Scalar>

  /// Makes a predictor. The model is not needed afterwards.
  ///
  /// - Parameters:
  ///   - missing: How null and NaN are handled.
  ///   - team: The threads that share the work of a batch, or of one expensive sample; by default the calling thread
  ///     alone. If the team is busy, an answer does not wait for it. If many tasks ask at once, they keep the
  ///     processors busy without a team.
  /// - Complexity: O(parameters): the weights are copied in a different order.
  public init(_ model: TrainedModel<Scalar>, missing: MissingValuePolicy = .replaced, team: Team = Team(workers: 1)) {
    self.model = PackedModel(model, refusesMissing: missing == .refused, team: team)
  }

  /// Makes a predictor from a model file. A model that was stored in the other precision is converted.
  ///
  /// - Parameters: As for ``init(_:missing:team:)``; by default the calling thread computes alone.
  /// - Throws: ``FileError`` if the file does not exist or is not a complete and consistent model.
  public init(contentsOf path: String, missing: MissingValuePolicy = .replaced, team: Team = Team(workers: 1))
    throws(FileError)
  {
    self.init(try TrainedModel(contentsOf: path), missing: missing, team: team)
  }

  /// The fields of a record: the columns of the training table except the targets.
  public var columns: [InputColumn] { model.rows.columns }

  /// The meaning of the answers.
  public var outputs: Preparation.Outputs { model.outputs }

  /// The bounds of new values around the answers, which a ``Prediction`` has; nil if the model has none. For answers in
  /// a matrix, `predictor.interval?.bounds(of: answers)` gives them.
  public var interval: PredictionInterval? { model.interval }
}

// MARK: - One sample

extension Predictor {
  /// Returns the answer for a record, which has a field for every column.
  ///
  /// - Throws: ``PredictionError`` that names the column that is missing, unknown or of another type.
  public func predict(_ record: [String: InputValue]) throws(PredictionError) -> Prediction {
    var prediction = Prediction()
    try predict(record, into: &prediction)
    return prediction
  }

  /// Writes the answer for a record into an existing prediction. Allocates nothing after the first call on a thread.
  ///
  /// - Throws: The same ``PredictionError`` as the form that returns a prediction; `prediction` is then unspecified.
  public func predict(_ record: [String: InputValue], into prediction: inout Prediction) throws(PredictionError) {
    try model.predict(into: &prediction) { (features) throws(FieldError) in
      try model.rows.prepare(record, into: features)
    }
  }

  /// Returns the answer for a record of variables.
  ///
  ///     try predictor.predict(["petal_length": length, "colour": colour])
  ///
  /// - Throws: ``PredictionError``, as for a dictionary, and if a column is given twice.
  @_disfavoredOverload
  public func predict(
    _ fields: KeyValuePairs<String, any InputValueConvertible>
  ) throws(PredictionError) -> Prediction {
    var record: [String: InputValue] = [:]
    for (name, value) in fields {
      if record.updateValue(value.inputValue, forKey: name) != nil {
        throw .input(.givenTwice(column: name), sample: nil)
      }
    }
    return try predict(record)
  }

  /// Returns the answer for a value whose properties are the columns, named by their coding keys. A property may be a
  /// number, a string, an enumeration of these, a `Bool`, which counts as the string "true" or "false", or nil for a
  /// missing value.
  ///
  /// - Parameter keys: How names of properties become names of columns.
  /// - Throws: ``PredictionError``, as for a dictionary, and if a property has another type.
  /// - Complexity: As for a dictionary, plus the cost of making one.
  public func predict(
    propertiesOf value: some Encodable, keys: RecordKeyStrategy = .useDefaultKeys
  ) throws(PredictionError) -> Prediction {
    try predict(record(of: value, keys))
  }

  /// Returns the answer for a row, which has a field for every column in the order of ``columns``.
  public func predict(_ row: [InputValue]) throws(PredictionError) -> Prediction {
    var prediction = Prediction()
    try predict(row, into: &prediction)
    return prediction
  }

  /// Writes the answer for a row into an existing prediction. Allocates nothing after the first call on a thread.
  ///
  /// - Throws: The same ``PredictionError`` as the form that returns a prediction; `prediction` is then unspecified.
  public func predict(_ row: [InputValue], into prediction: inout Prediction) throws(PredictionError) {
    try model.predict(into: &prediction) { (features) throws(FieldError) in
      try model.rows.prepare(row, into: features)
    }
  }
}

// MARK: - Many samples

extension Predictor {
  /// Returns the answers for records, each of which has a field for every column. A team shares the work of each block
  /// of 64 records. A matrix is faster for many samples.
  ///
  /// - Throws: ``PredictionError`` for the first record that has no answer.
  public func predict(_ records: [[String: InputValue]]) throws(PredictionError) -> [Prediction] {
    try answers(to: records.map { Input.record($0) })
  }

  func answers(to inputs: [Input<Scalar>]) throws(PredictionError) -> [Prediction] {
    var predictions: [Prediction] = []
    predictions.reserveCapacity(inputs.count)
    for (sample, result) in model.predict(inputs).enumerated() {
      do throws(PredictionError) { predictions.append(try result.get()) } catch { throw error.of(sample: sample) }
    }
    return predictions
  }

  /// Returns the answers for the columns of a matrix of numbers. Its rows are in the order of ``columns``, and its
  /// values are those in the data, neither scaled nor otherwise prepared.
  ///
  /// A `Float` holds about seven digits. Numbers that are far from 0 compared with their spread, such as times in
  /// seconds, lose digits in a `Float` matrix; pass them as rows or records.
  ///
  /// - Shapes: samples columns × samples; returns outputs × samples: probabilities, or values in the units of the data.
  /// - Throws: ``PredictionError`` if the number of rows is wrong, if a column contains strings, and for the first
  ///   sample that has an infinite value, lacks a value that must not be missing, or is too far from the training data.
  /// - Complexity: 2 · parameters flops per sample.
  public func predict(_ samples: Matrix<Scalar>) throws(PredictionError) -> Matrix<Double> {
    var answers = Matrix<Double>(rows: model.outputSize, columns: samples.columns)
    try predict(samples, into: &answers)
    return answers
  }

  /// Writes the answers for a matrix of numbers into an existing matrix. Allocates nothing after the first call on a
  /// thread, unless another matrix shares the answers' storage.
  ///
  /// - Precondition: Traps if the shape of the answers is not outputs × samples.
  public func predict(_ samples: Matrix<Scalar>, into answers: inout Matrix<Double>) throws(PredictionError) {
    try model.predict(samples, into: &answers)
  }

  /// Returns the answers for features that ``Preparation`` has made from a table or from images.
  ///
  /// - Shapes: features inputSize × samples; returns outputs × samples.
  /// - Throws: ``PredictionError/outputNotFinite(sample:)`` for the first sample that is too far from the training
  ///   data.
  /// - Precondition: Traps if the features do not have inputSize rows.
  public func predict(prepared features: Matrix<Scalar>) throws(PredictionError) -> Matrix<Double> {
    var answers = Matrix<Double>(rows: model.outputSize, columns: features.columns)
    try model.predict(prepared: features, into: &answers)
    return answers
  }
}
