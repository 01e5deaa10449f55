import PerceptronDatasets
import PerceptronModelFiles
import PerceptronTraining
import Tensor

/// The validation samples of all networks together.
///
/// If the networks leave out different samples, each sample is answered by the networks that have not learnt from it.
package struct HeldOut<Scalar: BLASScalar>: Sendable {
  package let samples: Samples<Scalar>
  /// The 0-based index of each sample among those that were divided, in ascending order; for samples of their own, its
  /// place.
  package let rows: [Int]
  /// For each division into training and validation samples, the places of its validation samples in ``samples``.
  private let places: [[Int]]

  /// Samples that no network learns from.
  package init(_ samples: Samples<Scalar>) {
    (self.samples, rows, places) = (samples, Array(0..<samples.count), [Array(0..<samples.count)])
  }

  /// The validation samples of the divisions, which belong to one network after another; nil if there are none.
  package init?(of samples: Samples<Scalar>, _ splits: [Split]) {
    rows = splits.heldOut.sorted()
    guard !rows.isEmpty else { return nil }
    let placeOfIndex = Dictionary(uniqueKeysWithValues: zip(rows, rows.indices))
    self.samples = samples.withoutWeights.gathered(rows)
    places = splits.map { $0.validation.map { placeOfIndex[$0]! } }
  }

  /// The samples that the network with this number has for validation.
  package func samples(ofNetwork number: Int) -> Samples<Scalar> {
    let places = places[number % places.count]
    return places == Array(0..<samples.count) ? samples : samples.gathered(places)
  }

  /// For each sample, the division in which it is a validation sample.
  package var folds: [Int] {
    var folds = Array(repeating: 0, count: samples.count)
    for (fold, places) in places.enumerated() { for place in places { folds[place] = fold } }
    return folds
  }

  /// The parts of the samples, each with the networks of a model that have not learnt from it.
  package func parts(of model: TrainedModel<Scalar>) -> [(model: TrainedModel<Scalar>, samples: Samples<Scalar>)] {
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
  package func outputs(of model: TrainedModel<Scalar>, _ team: Team) -> Matrix<Scalar> {
    joined(parts(of: model).map { $0.model.outputs(prepared: $0.samples.features, team: team) })
  }

  /// The logits for the samples of the networks that have not learnt from them: as many matrices as each sample has
  /// networks, and the share of each in the answer.
  private func logits(of model: TrainedModel<Scalar>, _ team: Team) -> (logits: [Matrix<Double>], weights: [Double]) {
    let parts = parts(of: model)
    let logits = parts[0].model.networks.indices.map { number in
      joined(parts.map { $0.model.logits(ofNetwork: number, prepared: $0.samples.features, team: team) })
    }
    return (logits, parts[0].model.weights)
  }

  /// The columns of the parts in the order of the samples.
  package func joined<Value>(_ parts: [Matrix<Value>]) -> Matrix<Value> {
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

extension HeldOut {
  /// A model whose probabilities are calibrated on the samples; nil if it has none.
  ///
  /// - Parameter shares: Whether there may be a uniform share, as for a model that is written. For any other, which is
  ///   only judged, a temperature suffices.
  package func calibrated(
    _ model: TrainedModel<Scalar>, shares: Bool = true, _ team: Team
  ) throws(CalibrationError) -> (model: TrainedModel<Scalar>, calibration: Calibration)? {
    guard model.hasProbabilities else { return nil }
    if let error = CalibrationError(samples) { throw error }
    let (logits, weights) = logits(of: model, team)
    let calibration = try model.calibration(logits: logits, weights: weights, targets: samples.targets, shares: shares)
    return (model.applying(calibration), calibration)
  }

  /// The index of the end of a cycle after which all networks are to be kept; see ``Selection/cycle``. Nil to keep them
  /// as they are after the last epoch.
  ///
  /// - Parameters:
  ///   - ends: For each network the ends of its cycles.
  ///   - model: Makes the model of such networks as it would be written.
  package func bestCycle(
    _ ends: [[KeptEpoch<Scalar>]], of networks: [Network<Scalar>], _ team: Team,
    model: ([Network<Scalar>]) throws -> TrainedModel<Scalar>
  ) rethrows -> Int? {
    let count = ends[0].count
    guard count > 1, ends.allSatisfy({ $0.count == count }) else { return nil }
    let losses = try (0..<count).map { end in
      let model = try model(zip(networks, ends).map { $1[end].network(from: $0) })
      return model.loss.ofSamples(outputs: outputs(of: model, team), targets: samples.targets)
    }
    let best = Selection.indexOfBestCycle(losses)
    return best < count - 1 ? best : nil
  }
}

extension HeldOut {
  /// Whether a model that has learnt from the validation samples, too, may take the place of the one that has not: if
  /// its answers are finite, and its validation loss is not larger by more than half. A larger loss means that its
  /// training went wrong.
  ///
  /// - Parameter asked: The features for which the answers must be finite.
  package func accepts(
    _ refitted: TrainedModel<Scalar>, inPlaceOf model: TrainedModel<Scalar>, asked: Matrix<Scalar>, _ team: Team
  ) -> Bool {
    guard TableFitError(refitted, asked, team) == nil else { return false }
    let (before, after) = (Judged(model, self, team).loss, Judged(refitted, self, team).loss)
    return after <= before + abs(before) / 2
  }
}

/// Samples by which a model is judged, with its outputs.
package struct Judged<Scalar: BLASScalar> {
  package let name: String
  package let samples: Samples<Scalar>
  package let outputs: Matrix<Scalar>
  /// The mean loss, in the units of the scaled targets.
  package let loss: Double
  /// The parts of the samples, each with the networks that have not learnt from it.
  package let parts: [(model: TrainedModel<Scalar>, samples: Samples<Scalar>)]

  /// Judges a model by samples from which none of its networks has learnt, or by those that all have learnt from.
  package init(_ model: TrainedModel<Scalar>, _ samples: Samples<Scalar>, name: String, _ team: Team) {
    (self.name, self.samples, parts) = (name, samples, [(model, samples)])
    outputs = model.outputs(prepared: samples.features, team: team)
    loss = model.meanLoss(ofOutputs: outputs, on: samples, team: team)
  }

  package init(_ model: TrainedModel<Scalar>, _ heldOut: HeldOut<Scalar>, _ team: Team) {
    (name, samples, parts) = ("validation", heldOut.samples, heldOut.parts(of: model))
    outputs = heldOut.joined(parts.map { $0.model.outputs(prepared: $0.samples.features, team: team) })
    loss =
      parts.count == 1
      ? model.meanLoss(ofOutputs: outputs, on: samples, team: team)
      : model.loss.mean(ofOutputs: outputs, targets: samples.targets)
  }
}
