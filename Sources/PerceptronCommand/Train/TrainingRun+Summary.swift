import Perceptron

/// What is said about a training: on the terminal, in the model's notes, in `--json` and in the report.
extension TrainingRun {
  /// Prints what will be learnt and what was detected automatically.
  func announce(_ machines: [Machine]) {
    for machine in machines { printError("\(machine.host): \(machine.summary)\n") }
    let sizes = ([data.preparation.inputCount] + recipe.hidden + [data.preparation.outputCount]).map(String.init)
      .joined(separator: "-")
    let network = networkCount > 1 ? "\(networkCount) networks" : "network"
    let length = "\(recipe.epochs) epoch\(recipe.epochs == 1 ? "" : "s")"
    printError(
      "\(data.preparation.outputs), \(samplesText), recipe \(recipeName.rawValue): \(network) \(sizes), \(length),"
        + " \(recipe.pieces)\n"
    )
  }

  /// How many samples there are, and what they are for.
  private var samplesText: String {
    if let folds = options.folds { return "\(data.samples.count) samples, \(folds.description)" }
    guard data.splits.count > 1 else {
      let others = data.hasValidation ? ", \(data.validationCount) for validation" : ""
      return "\(data.trainingCount) samples\(others)"
    }
    let most = data.splits.map(\.validation.count).max() ?? 0
    return "\(data.samples.count) samples, of which each network leaves out \(most) for validation"
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

  /// What is said about the networks that were trained again.
  func line(_ refit: Refit<Scalar>, of fits: [TrainingFit<Scalar>]) -> String {
    let count = refit.networks.count
    let samples = "again on all \(refitCount) samples, those for validation included"
    guard let reason = refit.reason else {
      return "trained \(count == 1 ? "the network" : "all \(count) networks") \(samples)"
    }
    return "trained \(count == 0 ? "no network" : "\(count) of \(fits.count) networks") \(samples): \(reason)"
  }

  /// The mean of the networks' losses in their last epochs.
  func trainingLoss(_ fits: [TrainingFit<Scalar>]) -> Double {
    fits.reduce(0) { $0 + $1.trainingLoss } / Double(fits.count)
  }

  /// The data's argument without directories: they do not concern those who receive the model.
  private var sourceName: String {
    source.split(separator: ",", omittingEmptySubsequences: false).map { part in
      let start = part.hasPrefix("idx:") || part.hasPrefix("mnist:") ? part.prefix { $0 != ":" } + ":" : ""
      return start + (part.dropFirst(start.count).split(separator: "/").last ?? "")
    }.joined(separator: ",")
  }

  /// The notes on the training in the model's file.
  func record(_ found: Found<Scalar>, _ refit: Refit<Scalar>) -> [String: String] {
    var notes = [
      "data": sourceName, "samples": "\(data.trainingCount)", "version": version, "optimizer": recipe.optimizer.name,
      "batch size": "\(recipe.batchSize)",
    ]
    let refitted = refit.networks.count
    if refitted > 0 { notes["refit"] = "\(refitted) network\(refitted == 1 ? "" : "s") on \(refitCount) samples" }
    if found.trials.isEmpty {
      let fits = found.fits
      let epochs = fits.map { String($0.records.count) }
      let seeds = fits.map { String($0.seed) }
      notes["recipe"] = "\(recipeName.rawValue): \(recipe.pieces)"
      notes["learning rate"] = recipe.optimizer.learningRate.map { "\($0)" } ?? "found in each step"
      notes["kept epoch"] = fits[0].keptEpoch.map(String.init)
      notes["epochs"] = Set(epochs).count == 1 ? epochs[0] : epochs.joined(separator: ", ")
      notes["seed"] = isEnsemble ? "\(seeds[0]) to \(seeds.last!)" : seeds[0]
      notes["training loss"] = "\(trainingLoss(fits))"
    } else {
      notes["recipe"] = "\(recipeName.rawValue), varied in \(found.trials.count) trials"
      for trial in found.trials where trial.weight > 0 {
        let settings = trial.settings.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        // The notes are shown in the order of their names.
        let number = "\(trial.trial)"
        let zeros = String(repeating: "0", count: "\(found.trials.count)".count - number.count)
        notes["trial \(zeros)\(number)"] = (["share \(trial.weight.fixed(3))"] + settings).joined(separator: "; ")
      }
      notes["seed"] = "\(options.seed)"
    }
    return options.record.merging(notes) { $1 }
  }

  func report(
    _ trained: TrainedModel<Scalar>, _ found: Found<Scalar>, _ machines: [Machine], _ summary: TrainingSummary,
    _ judged: Judged<Scalar>, _ evaluation: Evaluation, _ folds: FoldMetrics?, _ work: Double
  ) -> TrainingReport<Scalar> {
    let (name, fits) = (judged.name, found.fits)
    typealias Row = TrainingReport<Scalar>.Row
    var rows = [Row(name: name, evaluation: evaluation)]
    if let baseline = summary.baseline {
      rows.append(Row(name: "linear model, \(name)", evaluation: baseline))
    }
    if let best = summary.best, let bestEpoch = summary.bestEpoch, let last = fits[0].validation {
      let lastEpoch = fits[0].records.count
      // If the evaluation uses validation data, the network that is kept already has a row.
      let keptEpoch = fits[0].keptEpoch
      let judgedEpoch = data.test != nil ? nil : keptEpoch ?? (patience != nil ? bestEpoch : lastEpoch)
      if bestEpoch != judgedEpoch { rows.append(Row(name: "validation, best epoch", evaluation: best)) }
      if lastEpoch != judgedEpoch && lastEpoch != bestEpoch && keptEpoch == nil {
        rows.append(Row(name: "validation, last epoch", evaluation: last))
      }
    }
    var facts = trained.training.merging([
      "threads": "\(team.workerCount)", "training loss": trainingLoss(fits).shown,
    ]) { $1 }
    for machine in machines { facts["machine \(machine.host)"] = machine.summary }
    return TrainingReport(
      model: trained, source: source, sampleCount: data.trainingCount, records: fits.map(\.records), judged: judged,
      rows: rows, folds: folds, trials: found.trials,
      facts: facts.filter { $0.key != "version" }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) },
      trainingWork: work, team: team)
  }

  func summary(
    _ outcome: Outcome<Scalar>, _ validation: Evaluation?, _ test: Evaluation?, _ folds: FoldMetrics?
  ) -> TrainingSummary {
    let (found, calibration) = (outcome.found, outcome.calibration)
    let fits = found.fits
    return TrainingSummary(
      task: data.preparation.task.rawValue, parameters: outcome.written.parameterCount, epochs: found.epochs,
      seconds: found.seconds,
      samplesPerSecond: (Double(data.trainingCount * found.epochs) / found.seconds).ifFinite,
      train: TrainingSummary.Training(loss: trainingLoss(fits)), validation: validation,
      bestEpoch: isEnsemble ? nil : fits[0].bestEpoch, best: isEnsemble ? nil : fits[0].best,
      keptEpoch: found.trials.isEmpty ? fits[0].keptEpoch : nil, temperature: calibration?.temperature,
      uniformShare: calibration.flatMap { $0.uniformShare > 0 ? $0.uniformShare : nil },
      refit: refits ? TrainingSummary.Refit(networks: outcome.refit.networks.count, samples: refitCount) : nil,
      members: isEnsemble ? fits.map(member) : nil, folds: folds?.folds, mean: folds?.mean,
      deviation: folds?.deviation, trials: found.trials.isEmpty ? nil : found.trials, test: test, baseline: nil)
  }

  private func member(_ fit: TrainingFit<Scalar>) -> TrainingSummary.Member {
    TrainingSummary.Member(
      seed: fit.seed, epochs: fit.records.count, train: TrainingSummary.Training(loss: fit.trainingLoss),
      validation: fit.validation, bestEpoch: fit.bestEpoch, best: fit.best)
  }
}
