import Perceptron

/// The result of training one network.
struct TrainingFit<Scalar: BLASScalar> {
  /// The start of this network's lines: its number if there are several networks.
  let title: String
  let seed: UInt64
  let network: Network<Scalar>
  /// All epochs, including those before a resumption.
  let records: [EpochRecord]
  /// The evaluations after the last epoch and after the best epoch.
  let validation, best: Evaluation?
  let bestEpoch: Int?

  /// The training loss of the last epoch, in the units of the data.
  var trainingLoss: Double { records.last?.trainingLoss ?? 0 }
}

extension TrainingRun {
  /// Trains the network with this number, counted from 0, or continues it from a checkpoint.
  func fit(_ number: Int, _ log: TrainingLog?) throws -> TrainingFit<Scalar> {
    let seed = options.seed(ofNetwork: number)
    let name = "network \(number + 1) of \(networkCount), seed \(seed)"
    if isEnsemble && !options.isQuiet { printError("\(name)\n") }
    let title = isEnsemble ? "\(name): " : ""
    let epochs = recipe.epochs
    let network = recipe.network(for: data.preparation, fittedOn: data.samples, output: output, seed: seed)
    var trainer = recipe.trainer(of: network, loss: loss, seed: seed, team: team)
    let before = try checkpoints?.restore(&trainer, ofNetwork: number, data)
    if let checkpoints, checkpoints.resumes, !options.isQuiet { announce(before != nil, trainer) }
    var records = before ?? []
    for record in records { log?.append(record, ofNetwork: number) }
    var validation = trainer.epoch > 0 ? try validate(trainer.network) : nil
    var best = try trainer.best.flatMap { best in
      var network = trainer.network
      (network.parameters, network.statistics) = (best.parameters, best.statistics)
      return try validate(network)
    }
    var progress = Progress(
      epochs: epochs, epochsBefore: trainer.epoch, samplesPerEpoch: data.samples.count,
      isQuiet: options.isQuiet)
    if checkpoints != nil { StopSignal.watch() }
    do {
      try trainer.fit(
        on: data.samples, augmentation: augmentations[number], validation: data.validation, epochs: epochs,
        patience: patience, selection: recipe.selection,
        afterStep: { epoch, samplesDone in
          progress.update(epoch: epoch - 1, samplesDone: samplesDone)
          return StopSignal.received == nil
        },
        afterEpoch: { report, trainer in
          validation = try evaluation(of: trainer, report.validationLoss)
          if report.isBest { best = validation }
          let record = EpochRecord(
            report, lossUnit: data.preparation.lossUnit(of: loss), EpochRecord.Metrics(validation))
          records.append(record)
          log?.append(record, ofNetwork: number)
          progress.endEpoch(record.epoch, loss: record.trainingLoss, validation: validation?.figure)
          if let checkpoints, checkpoints.isDue(report.epoch) || isComplete(trainer) {
            try checkpoints.write(trainer, records, ofNetwork: number)
          }
          return true
        })
    } catch {
      progress.interrupt()
      guard error is Divergence else { throw error }
      throw CommandError.badData("\(title)\(error)" + (outputs.model == nil ? "" : "; nothing was written"))
    }
    if checkpoints != nil { StopSignal.unwatch() }
    if let checkpoints, let signal = StopSignal.received, !isComplete(trainer) || number < networkCount - 1 {
      progress.interrupt()
      // The checkpoint of a complete training was written with its last epoch.
      if !isComplete(trainer) { try checkpoints.write(trainer, records, ofNetwork: number) }
      throw Interruption(
        signal: signal,
        message: "\(title)stopped after \(trainer.epoch) of \(epochs) epochs; the same command"
          + "\(checkpoints.resumes ? "" : " with --resume") continues from there")
    }
    progress.finish()
    return TrainingFit(
      title: title, seed: seed, network: trainer.network, records: records, validation: validation, best: best,
      bestEpoch: trainer.best?.epoch)
  }

  /// The evaluation after an epoch, from the outputs that the trainer has; nil without validation data.
  private func evaluation(of trainer: Trainer<Scalar>, _ loss: Double?) throws(CommandError) -> Evaluation? {
    guard let samples = data.validation, let loss else { return nil }
    do throws(CommandError) {
      return try Evaluation(model([trainer.network]), samples, outputs: trainer.validationOutputs, loss: loss)
    } catch {
      throw .badData("validation data: \(error.message)")
    }
  }

  /// Nil without validation data.
  private func validate(_ network: Network<Scalar>) throws(CommandError) -> Evaluation? {
    guard let samples = data.validation else { return nil }
    do throws(CommandError) { return try Evaluation(model([network]), samples, team) } catch {
      throw .badData("validation data: \(error.message)")
    }
  }

  /// Whether the training is complete.
  private func isComplete(_ trainer: Trainer<Scalar>) -> Bool {
    trainer.epoch >= recipe.epochs || trainer.hasLostPatience(patience)
  }

  /// Prints whether training starts anew or resumes after a checkpoint.
  private func announce(_ isResumed: Bool, _ trainer: Trainer<Scalar>) {
    printError(
      isResumed
        ? "continuing after \(trainer.epoch) of \(recipe.epochs) epochs\n"
        : "no checkpoint there: training starts anew\n")
  }
}
