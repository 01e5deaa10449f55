import PerceptronDatasets
import PerceptronFiles
import PerceptronModelFiles
import Tensor

/// Answers from a model, in a form that is made for it: many tasks may use one at once.
///
/// It never changes, and copies of it share one copy of the weights. No answer waits for another: there is no lock.
///
/// A sample's answer has the same bits alone and in a batch, at any place in it, and for any team. It agrees with
/// ``TrainedModel/predict(_:)``, which adds in the order of training, to rounding: about 10⁻⁶ of the largest output in
/// `Float`.
public struct Predictor<Scalar: BLASScalar>: Sendable {
  let model: PackedModel<Scalar>

  /// Makes a predictor; the model is not needed any more.
  ///
  /// - Parameters:
  ///   - missing: What is done with null and NaN.
  ///   - team: Threads that share the work of a batch, or of a sample that takes long; the calling one alone if none
  ///     are given. An answer that finds the team at work does not wait for it. Where many tasks ask at once they keep
  ///     the processors busy without one.
  /// - Complexity: O(parameters): the weights are copied, in another order.
  public init(_ model: TrainedModel<Scalar>, missing: MissingValues = .replaced, team: Team = Team(workers: 1)) {
    self.model = PackedModel(model, refusesMissing: missing == .refused, team: team)
  }

  /// Makes a predictor of a model file; one that was stored in the other precision is converted.
  ///
  /// - Throws: ``FileError`` if the file is not there or is not a whole and consistent model.
  public init(contentsOf path: String, missing: MissingValues = .replaced, team: Team = Team(workers: 1))
    throws(FileError)
  {
    self.init(try TrainedModel(contentsOf: path), missing: missing, team: team)
  }

  /// What a record has: the columns of the training table besides the targets.
  public var columns: [InputColumn] { model.rows.columns }

  /// What the answers mean.
  public var outputs: Preparation.Outputs { model.outputs }
}

// MARK: - One sample

extension Predictor {
  /// The answer for a record, which has a field for every column.
  ///
  /// - Throws: ``PredictionError`` that names the column that is missing, unknown or of another type.
  public func predict(_ record: [String: InputValue]) throws(PredictionError) -> Prediction {
    var prediction = Prediction()
    try predict(record, into: &prediction)
    return prediction
  }

  /// The same into a prediction that is there: allocates nothing after the first call on a thread.
  public func predict(_ record: [String: InputValue], into prediction: inout Prediction) throws(PredictionError) {
    try model.predict(into: &prediction) { (features) throws(FieldError) in
      try model.rows.prepare(record, into: features)
    }
  }

  /// The answer for a value whose properties, by their coding keys, are the columns: numbers, texts, enumerations of
  /// these, or nil for what is missing.
  ///
  /// - Throws: ``PredictionError``, as for a dictionary, and if a property is something else.
  /// - Complexity: As for a dictionary, and the making of one.
  public func predict(propertiesOf value: some Encodable) throws(PredictionError) -> Prediction {
    try predict(record(of: value))
  }

  /// The answer for a row with a field for every column, in the order of ``columns``.
  public func predict(_ row: [InputValue]) throws(PredictionError) -> Prediction {
    var prediction = Prediction()
    try predict(row, into: &prediction)
    return prediction
  }

  /// The same into a prediction that is there: allocates nothing after the first call on a thread.
  public func predict(_ row: [InputValue], into prediction: inout Prediction) throws(PredictionError) {
    try model.predict(into: &prediction) { (features) throws(FieldError) in
      try model.rows.prepare(row, into: features)
    }
  }
}

// MARK: - Many samples

extension Predictor {
  /// The answers for records, each of which has a field for every column. A team shares the work of each 64 of them;
  /// many are answered sooner as a matrix.
  ///
  /// - Throws: ``PredictionError`` for the first record that has no answer.
  public func predict(_ records: [[String: InputValue]]) throws(PredictionError) -> [Prediction] {
    var predictions: [Prediction] = []
    for (sample, result) in model.predict(records.map { .record($0) }).enumerated() {
      do throws(PredictionError) { predictions.append(try result.get()) } catch { throw error.of(sample: sample) }
    }
    return predictions
  }

  /// The answers for the columns of a matrix of numbers, in the order of ``columns`` and as they are in the data:
  /// neither scaled nor prepared otherwise.
  ///
  /// A `Float` holds about seven digits: numbers that are far from 0 compared with their spread, such as times in
  /// seconds, keep theirs as rows or records.
  ///
  /// - Shapes: samples columns × samples; returns outputs × samples: probabilities, or values in the units of the data.
  /// - Throws: ``PredictionError`` for another number of rows, if a column has texts, and for the first sample that is
  ///   infinite, lacks what must not be missing, or is too far from the training data.
  /// - Complexity: 2 · parameters flops a sample.
  public func predict(_ samples: Matrix<Scalar>) throws(PredictionError) -> Matrix<Double> {
    var answers = Matrix<Double>(rows: model.outputSize, columns: samples.columns)
    try predict(samples, into: &answers)
    return answers
  }

  /// The same into a matrix that is there: allocates nothing after the first call on a thread, unless another matrix
  /// shares the answers' storage.
  ///
  /// - Precondition: Traps if the answers are no matrix of outputs × samples.
  public func predict(_ samples: Matrix<Scalar>, into answers: inout Matrix<Double>) throws(PredictionError) {
    try model.predict(samples, into: &answers)
  }

  /// The answers for features that ``Preparation`` has made of a table or of images.
  ///
  /// - Shapes: features inputSize × samples; returns outputs × samples.
  /// - Throws: ``PredictionError/outputNotFinite(sample:)`` for the first sample that is too far from the training
  ///   data.
  package func predict(prepared features: Matrix<Scalar>) throws(PredictionError) -> Matrix<Double> {
    var answers = Matrix<Double>(rows: model.outputSize, columns: features.columns)
    try model.predict(prepared: features, into: &answers)
    return answers
  }
}
