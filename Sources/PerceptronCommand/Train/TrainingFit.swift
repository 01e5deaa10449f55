import Perceptron
import Synchronization

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

/// What networks that are trained at the same time share.
final class TrainingMonitor: Sendable {
  let log: TrainingLog?
  let progress: Mutex<Progress>
  private let failure = Atomic<Bool>(false)

  init(_ log: TrainingLog?, _ progress: Progress) {
    self.log = log
    self.progress = Mutex(progress)
  }

  /// Whether all networks are to stop after their step.
  var isStopped: Bool { failure.load(ordering: .relaxed) || StopSignal.received != nil }

  /// Stops all networks, because one failed.
  func stop() { failure.store(true, ordering: .relaxed) }
}

extension TrainingRun {
  /// Trains all networks, several at the same time if there are several threads. A network's bits do not depend on
  /// which others are trained beside it.
  func fitAll(_ log: TrainingLog?) throws -> [TrainingFit<Scalar>] {
    let monitor = TrainingMonitor(
      log,
      Progress(
        networks: networkCount, epochs: recipe.epochs, samplesPerEpoch: data.trainingCount, isQuiet: options.isQuiet))
    let results = Mutex<[Result<TrainingFit<Scalar>?, any Error>?]>(Array(repeating: nil, count: networkCount))
    if checkpoints != nil { StopSignal.watch() }
    team.divided(among: networkCount) { number, team in
      let result = Result { try fit(number, monitor, team) }
      if case .failure = result { monitor.stop() }
      results.withLock { $0[number] = result }
    }
    if checkpoints != nil { StopSignal.unwatch() }
    let ends = results.withLock { $0.compactMap(\.self) }
    if let failure = ends.compactMap(\.failure).first {
      monitor.progress.withLock { $0.interrupt() }
      throw failure
    }
    let fits = try ends.compactMap { try $0.get() }
    if let checkpoints, let signal = StopSignal.received, fits.count < networkCount {
      let done = monitor.progress.withLock { progress in
        progress.interrupt()
        return progress.epochsDone
      }
      throw Interruption(
        signal: signal,
        message:
          "stopped after \(done) of \(networkCount * recipe.epochs) epochs\(isEnsemble ? " of all networks" : "");"
          + " the same command\(checkpoints.resumes ? "" : " with --resume") continues from there")
    }
    monitor.progress.withLock { $0.finish(after: fits.reduce(0) { $0 + $1.records.count }) }
    return fits
  }

  /// Trains the network with this number, counted from 0, or continues it from a checkpoint. Returns nil if it was
  /// stopped before its end.
  private func fit(
    _ number: Int, _ monitor: TrainingMonitor, _ team: Team
  ) throws -> TrainingFit<Scalar>? {
    if monitor.isStopped { return nil }
    let seed = options.seed(ofNetwork: number)
    let title = isEnsemble ? "network \(number + 1) of \(networkCount), seed \(seed): " : ""
    let (samples, validationSamples) = data.parts(ofNetwork: number)
    let network = recipe.network(for: data.preparation, fittedOn: samples, output: output, seed: seed)
    var trainer = recipe.trainer(of: network, loss: loss, seed: seed, team: team)
    let before = try checkpoints?.restore(&trainer, ofNetwork: number, data, sampleCount: samples.count)
    if let checkpoints, checkpoints.resumes, !options.isQuiet { announce(title, before != nil, trainer) }
    var records = before ?? []
    for record in records { monitor.log?.append(record, ofNetwork: number) }
    var validation = trainer.epoch > 0 ? try validate(trainer.network, validationSamples, team) : nil
    var best = try trainer.best.flatMap { best in
      var network = trainer.network
      (network.parameters, network.statistics) = (best.parameters, best.statistics)
      return try validate(network, validationSamples, team)
    }
    monitor.progress.withLock { $0.begin(network: number, epochsBefore: trainer.epoch) }
    do {
      try trainer.fit(
        on: samples, augmentation: augmentations[number], validation: validationSamples, epochs: recipe.epochs,
        patience: patience, selection: recipe.selection,
        afterStep: { epoch, samplesDone in
          monitor.progress.withLock { $0.update(network: number, epoch: epoch - 1, samplesDone: samplesDone) }
          return !monitor.isStopped
        },
        afterEpoch: { report, trainer in
          validation = try evaluation(of: trainer, validationSamples, report.validationLoss)
          if report.isBest { best = validation }
          let record = EpochRecord(
            report, lossUnit: data.preparation.lossUnit(of: loss), EpochRecord.Metrics(validation))
          records.append(record)
          monitor.log?.append(record, ofNetwork: number)
          monitor.progress.withLock {
            $0.endEpoch(
              network: number, record.epoch, loss: record.trainingLoss, validation: validation?.figure)
          }
          if let checkpoints, checkpoints.isDue(report.epoch) || isComplete(trainer) {
            try checkpoints.write(trainer, records, ofNetwork: number)
          }
          return true
        })
    } catch {
      guard error is Divergence else { throw error }
      throw CommandError.badData("\(title)\(error)" + (outputs.model == nil ? "" : "; nothing was written"))
    }
    guard isComplete(trainer) else {
      try checkpoints?.write(trainer, records, ofNetwork: number)
      return nil
    }
    monitor.progress.withLock { $0.end(network: number) }
    return TrainingFit(
      title: title, seed: seed, network: trainer.network, records: records, validation: validation, best: best,
      bestEpoch: trainer.best?.epoch)
  }

  /// The evaluation after an epoch, from the outputs that the trainer has; nil without validation data.
  private func evaluation(
    of trainer: Trainer<Scalar>, _ samples: Samples<Scalar>?, _ loss: Double?
  ) throws(CommandError) -> Evaluation? {
    guard let samples, let loss else { return nil }
    do throws(CommandError) {
      return try Evaluation(model([trainer.network]), samples, outputs: trainer.validationOutputs, loss: loss)
    } catch {
      throw .badData("validation data: \(error.message)")
    }
  }

  /// Nil without validation data.
  private func validate(
    _ network: Network<Scalar>, _ samples: Samples<Scalar>?, _ team: Team
  ) throws(CommandError) -> Evaluation? {
    guard let samples else { return nil }
    do throws(CommandError) { return try Evaluation(model([network]), samples, team) } catch {
      throw .badData("validation data: \(error.message)")
    }
  }

  /// Whether the training is complete.
  private func isComplete(_ trainer: Trainer<Scalar>) -> Bool {
    trainer.epoch >= recipe.epochs || trainer.hasLostPatience(patience)
  }

  /// Prints whether training starts anew or resumes after a checkpoint.
  private func announce(_ title: String, _ isResumed: Bool, _ trainer: Trainer<Scalar>) {
    printError(
      title
        + (isResumed
          ? "continuing after \(trainer.epoch) of \(recipe.epochs) epochs\n"
          : "no checkpoint there: training starts anew\n"))
  }
}

extension Result {
  fileprivate var failure: Failure? { if case .failure(let error) = self { error } else { nil } }
}
