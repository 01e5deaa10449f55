import Perceptron

/// The validation samples of all networks together.
///
/// If the networks leave out different samples, each sample is answered by the networks that have not learnt from it.
struct HeldOut<Scalar: BLASScalar> {
  let samples: Samples<Scalar>
  /// The 0-based index in DATA of each sample, in ascending order; for the samples of `--validation`, its place.
  let rows: [Int]
  /// For each division into training and validation samples, the places of its validation samples in ``samples``.
  private let places: [[Int]]

  /// Nil if there are no validation samples.
  init?(_ data: TrainingData<Scalar>) {
    if let validation = data.validation {
      (samples, rows, places) = (validation, Array(0..<validation.count), [Array(0..<validation.count)])
    } else {
      rows = data.splits.heldOut.sorted()
      guard !rows.isEmpty else { return nil }
      let placeOfIndex = Dictionary(uniqueKeysWithValues: zip(rows, rows.indices))
      samples = data.samples.withoutWeights.gathered(rows)
      places = data.splits.map { $0.validation.map { placeOfIndex[$0]! } }
    }
  }

  /// The samples that the network with this number has for validation.
  func samples(ofNetwork number: Int) -> Samples<Scalar> {
    let places = places[number % places.count]
    return places == Array(0..<samples.count) ? samples : samples.gathered(places)
  }

  /// For each sample, the division in which it is a validation sample.
  var folds: [Int] {
    var folds = Array(repeating: 0, count: samples.count)
    for (fold, places) in places.enumerated() { for place in places { folds[place] = fold } }
    return folds
  }

  /// The parts of the samples, each with the networks of a model that have not learnt from it.
  func parts(of model: TrainedModel<Scalar>) -> [(model: TrainedModel<Scalar>, samples: Samples<Scalar>)] {
    guard places.count > 1 else { return [(model, samples)] }
    return places.indices.map { part in
      let own = model.networks.indices.filter { $0 % places.count == part }
      return (
        TrainedModel(
          networks: own.map { model.networks[$0] }, weights: own.map { model.weights[$0] }, loss: model.loss,
          preparation: model.preparation, uniformShare: model.uniformShare, interval: model.interval),
        samples.gathered(places[part])
      )
    }
  }

  /// The outputs for the samples of the networks that have not learnt from them.
  func outputs(of model: TrainedModel<Scalar>, _ team: Team) -> Matrix<Scalar> {
    joined(parts(of: model).map { $0.model.outputs(prepared: $0.samples.features, team: team) })
  }

  /// The logits for the samples of the networks that have not learnt from them: as many matrices as each sample has
  /// networks, and the share of each in the answer.
  func logits(of model: TrainedModel<Scalar>, _ team: Team) -> (logits: [Matrix<Double>], weights: [Double]) {
    let parts = parts(of: model)
    let logits = parts[0].model.networks.indices.map { number in
      joined(parts.map { $0.model.logits(ofNetwork: number, prepared: $0.samples.features, team: team) })
    }
    return (logits, parts[0].model.weights)
  }

  /// The columns of the parts in the order of the samples.
  func joined<Value>(_ parts: [Matrix<Value>]) -> Matrix<Value> {
    guard parts.count > 1 else { return parts[0] }
    var joined = Matrix<Value>(rows: parts[0].rows, columns: samples.count)
    for (part, places) in zip(parts, places) {
      for (column, place) in places.enumerated() {
        for row in 0..<part.rows { joined[row, place] = part[row, column] }
      }
    }
    return joined
  }
}

/// Samples by which a model is judged, with its outputs.
struct Judged<Scalar: BLASScalar> {
  let name: String
  let samples: Samples<Scalar>
  let outputs: Matrix<Scalar>
  /// The mean loss, in the units of the scaled targets.
  let loss: Double
  /// The parts of the samples, each with the networks that have not learnt from it.
  let parts: [(model: TrainedModel<Scalar>, samples: Samples<Scalar>)]

  /// Judges a model by samples from which none of its networks has learnt, or by those that all have learnt from.
  init(_ model: TrainedModel<Scalar>, _ samples: Samples<Scalar>, name: String, _ team: Team) {
    (self.name, self.samples, parts) = (name, samples, [(model, samples)])
    outputs = model.outputs(prepared: samples.features, team: team)
    loss = model.meanLoss(ofOutputs: outputs, on: samples, team: team)
  }

  init(_ model: TrainedModel<Scalar>, _ heldOut: HeldOut<Scalar>, _ team: Team) {
    (name, samples, parts) = ("validation", heldOut.samples, heldOut.parts(of: model))
    outputs = heldOut.outputs(of: model, team)
    loss =
      parts.count == 1
      ? model.meanLoss(ofOutputs: outputs, on: samples, team: team)
      : model.loss.mean(ofOutputs: outputs, targets: samples.targets)
  }

  func evaluation(
    of model: TrainedModel<Scalar>, depth: Evaluation.Depth = .metrics
  ) throws(CommandError) -> Evaluation {
    try Evaluation(model, samples, outputs: outputs, loss: loss, depth: depth)
  }
}

extension Samples {
  /// The same samples, each counting alike.
  var withoutWeights: Samples { weights == nil ? self : weighted(by: nil) }
}
