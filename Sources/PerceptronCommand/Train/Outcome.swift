import Perceptron

/// What a run has learnt: the model that is written, and what it was before.
struct Outcome<Scalar: BLASScalar> {
  let found: Found<Scalar>
  let refit: Refit<Scalar>
  /// The networks as they were found.
  let plain: TrainedModel<Scalar>
  /// Nil if the model is not calibrated.
  let calibration: Calibration?
  /// The same networks, calibrated and with intervals. The validation samples judge this model, as none of its networks
  /// has learnt from them.
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

  /// Prints the leaderboard of a search, the metrics of each fold, or those of each network.
  func printTraining(_ found: Found<Scalar>, _ folds: FoldMetrics?) throws(CommandError) {
    if !found.trials.isEmpty {
      try printTable(found.trials.rows(width: terminalWidth()))
      try printLine("")
    }
    for line in folds?.lines ?? [] { try printLine(line) }
    guard search == nil else { return }
    for fit in found.fits where folds == nil {
      guard let best = fit.best, let validation = fit.validation, let epoch = fit.bestEpoch else { continue }
      let kept = fit.keptEpoch.map { " of epoch \($0)" } ?? ""
      try printLine("\(fit.title)validation\(kept) \(validation.summary); best epoch \(epoch): \(best.summary)")
    }
    if let epoch = found.fits[0].keptEpoch {
      try printLine(
        "kept epoch \(epoch) of \(recipe.epochs), the end of a cycle: later, the validation loss was clearly higher")
    }
  }

  /// Prints the validation metrics of a calibrated model or of several networks together, and what was trained again.
  func printValidation(_ outcome: Outcome<Scalar>, _ validation: Evaluation?) throws {
    if let calibration = outcome.calibration, let heldOut, let validation {
      let before = try Judged(outcome.plain, heldOut, team).evaluation(of: outcome.plain)
      try printLine(
        "calibrated with \(calibration.summary): validation \(validation.summary);"
          + " before: loss \((before.loss ?? .nan).shown)")
      if calibration.temperature > Calibration.temperatures.upperBound * 0.99 {
        printError("note: the probabilities hardly differ from class to class: the network knows next to nothing\n")
      }
    } else if isEnsemble, let validation {
      try printLine("validation \(validation.summary)")
    }
    if refits { try printLine(line(outcome.refit, of: outcome.found.fits)) }
  }
}
