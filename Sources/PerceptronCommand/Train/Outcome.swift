import Perceptron

/// What a run has learnt: the model that is written, and what it was before.
struct Outcome<Scalar: BLASScalar> {
  let found: Found<Scalar>
  let refit: Refit<Scalar>
  /// The networks as they were found.
  let plain: TrainedModel<Scalar>
  /// Nil if the model is not calibrated.
  let calibration: Calibration?
  /// The same networks, calibrated and with intervals. The validation samples judge this model, because none of its
  /// networks has learnt from them.
  let chosen: TrainedModel<Scalar>
  /// The same with the networks that were trained again in place of their predecessors.
  let written: TrainedModel<Scalar>
}

extension TrainingRun {
  func outcome(_ found: Found<Scalar>, _ refit: Refit<Scalar>) throws(CommandError) -> Outcome<Scalar> {
    let plain = TrainedModel(
      networks: found.fits.map(\.network), weights: found.weights, loss: loss, preparation: data.preparation,
      training: record(found, refit))
    let (calibrated, calibration) = try calibrated(plain, team)
    let chosen = try withInterval(calibrated)
    let written =
      refit.networks.isEmpty
      ? chosen
      : chosen.replacing(
        plain: found.fits.map { refit.networks[$0.number] ?? $0.network }, temperature: calibration?.temperature ?? 1)
    return Outcome(
      found: found, refit: refit, plain: plain, calibration: calibration, chosen: chosen, written: written)
  }

  /// The model with the intervals of `--interval`, if it is given.
  ///
  /// With `--folds`, all rows calibrate them by their out-of-fold answers (Vovk 2015). These are from the networks of
  /// one fold each, whose errors are larger than those of the mean of all networks: the bounds are rather too wide.
  private func withInterval(_ trained: TrainedModel<Scalar>) throws(CommandError) -> TrainedModel<Scalar> {
    guard let level = options.interval, let heldOut else { return trained }
    do throws(IntervalError) {
      return try trained.withInterval(
        level: level, outputs: heldOut.outputs(of: trained, team), targets: heldOut.samples.targets)
    } catch {
      throw .badData("--interval \(level): \(error)")
    }
  }
}
