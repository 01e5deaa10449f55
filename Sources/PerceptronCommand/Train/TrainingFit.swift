import Perceptron
import Synchronization

/// The result of training one network.
struct TrainingFit<Scalar: BLASScalar> {
  /// The start of this network's lines: its number if there are several networks.
  let title: String
  /// Counted from 0.
  let number: Int
  let seed: UInt64
  let network: Network<Scalar>
  /// All epochs, including those before a resumption.
  let records: [EpochRecord]
  /// The evaluations of the network and of the best epoch.
  let validation, best: Evaluation?
  let bestEpoch: Int?
  /// The epoch after which the network was kept; nil for the last one, or the best.
  var keptEpoch: Int?
  /// The temperature of the calibration that the network has; 1 for none.
  var temperature = 1.0
  /// The results at the ends of cycles, until one of them is chosen.
  var cycleEnds: [KeptEpoch<Scalar>] = []

  /// The training loss of the last epoch, in the units of the data.
  var trainingLoss: Double { records.last?.trainingLoss ?? 0 }

  /// The fit without the results at the ends of cycles, each of which is as large as the network.
  var withoutCycleEnds: TrainingFit {
    var fit = self
    fit.cycleEnds = []
    return fit
  }

  /// The fit with its network after a calibration.
  func replacing(network: Network<Scalar>, temperature: Double) -> TrainingFit {
    TrainingFit(
      title: title, number: number, seed: seed, network: network, records: records, validation: validation, best: best,
      bestEpoch: bestEpoch, keptEpoch: keptEpoch, temperature: temperature)
  }

  /// The fit with the network after another epoch, which `evaluate` evaluates.
  func keeping(
    _ epoch: KeptEpoch<Scalar>, _ evaluate: (Network<Scalar>) throws -> Evaluation?
  ) rethrows -> TrainingFit {
    let network = epoch.network(from: network)
    return TrainingFit(
      title: title, number: number, seed: seed, network: network, records: records,
      validation: try evaluate(network), best: best,
      bestEpoch: bestEpoch, keptEpoch: epoch.epoch)
  }
}

extension TrainingRun {
  /// Trains the networks of all trials, several at the same time if there are several threads. A network's bits do not
  /// depend on which others are trained beside it, nor on which process trains it. Returns the complete trials; nil on
  /// all processes but the first.
  ///
  /// - Parameter judge: Called after each trial, on any thread; returns its validation metric for the progress.
  func fitAll(
    _ log: TrainingLog?, judge: (Trial<Scalar>, Team) throws -> String? = { _, _ in nil }
  ) throws -> [Trial<Scalar>]? {
    let numbers = 0..<networkCount * trialCount
    let monitor = TrainingMonitor<Scalar>(
      log,
      Progress(
        epochs: numbers.map { trains(ownedBy: owner(ofNetwork: $0)) ? recipe.epochs : 0 },
        samplesPerEpoch: numbers.map(data.trainingCount(ofNetwork:)), isQuiet: options.isQuiet,
        isSearch: search != nil, limit: time?.seconds),
      isOver: { [time] in time?.isOver == true })
    let trials = Mutex<[Trial<Scalar>]>([])
    let stopsCleanly = checkpoints != nil || search != nil
    if stopsCleanly { StopSignal.watch() }
    // A process that is done must not die of a signal for which the others stop.
    defer { if stopsCleanly { StopSignal.unwatch() } }
    let epochsDone = try forEachNetwork(numbers, by: owner(ofNetwork:), monitor) { number, team, result in
      let trial = number / networkCount
      let networks = trial * networkCount..<(trial + 1) * networkCount
      let outcome = Result {
        let result = try result.map { try Checkpoint<Scalar>($0, path: title(ofNetwork: number)) }
        return try stepProcesses.together { try fit(number, monitor, team, result: result) }
      }
      guard let fits = monitor.note(outcome, ofNetwork: number, trial: networks), processes.isFirst else { return }
      do {
        let complete = Trial(
          number: trial, recipe: recipe(ofTrial: trial), fits: try keepingBestCycle(fits, networks, team))
        trials.withLock { $0.append(complete) }
        guard let metric = try judge(complete, team) else { return }
        monitor.progress.withLock { $0.endTrial(trial + 1, validation: metric, seconds: complete.seconds) }
      } catch {
        _ = monitor.note(.failure(error), ofNetwork: number, trial: networks)
      }
    }
    let signal = processes.gather(Double(StopSignal.received ?? 0)).first { $0 != 0 }.map { Int32($0) }
    guard processes.isFirst else { return nil }
    let complete = trials.withLock { $0.sorted { $0.number < $1.number } }
    // A search that was interrupted goes on with what it has.
    if let signal, search == nil ? complete.count < trialCount : complete.isEmpty {
      monitor.progress.withLock { $0.interrupt() }
      let remedy =
        checkpoints.map { "the same command\($0.resumes ? "" : " with --resume") continues from there" }
        ?? "no trial was complete, and nothing was written"
      throw Interruption(
        signal: signal,
        message:
          "stopped after \(epochsDone) of \(networkCount * recipe.epochs)"
          + " epochs\(isEnsemble ? " of all networks" : ""); \(remedy)")
    }
    let epochs = complete.reduce(0) { $0 + $1.fits.reduce(0) { $0 + $1.records.count } }
    monitor.progress.withLock { $0.finish(after: epochs) }
    return complete
  }

  /// Trains networks, several at the same time if there are several threads, or if each process trains its own. Throws
  /// what the monitor has noted as a failure, on all processes. Returns the number of epochs that were trained.
  ///
  /// - Parameters:
  ///   - owner: The process that trains a network, if each trains its own.
  ///   - train: Trains a network on a team, or makes it from the result of another process, which it has kept in the
  ///     monitor.
  @discardableResult
  func forEachNetwork(
    _ numbers: Range<Int>, by owner: (Int) -> Int, _ monitor: TrainingMonitor<Scalar>,
    _ train: (_ number: Int, _ team: Team, _ result: [UInt8]?) -> Void
  ) throws -> Int {
    // Of the memory for samples that are read from files, each network that is trained has its share.
    let sharers = stepProcesses.count > 1 ? 1 : min(numbers.count, team.workerCount)
    let memory = data.samples.ownFeatures.isInFile ? usableMemory() / sharers : nil
    if stepProcesses.count > 1 {
      // Processes exchange with one thread, so they share one network after another.
      for number in numbers { MatrixFiles.$memory.withValue(memory) { train(number, team, nil) } }
    } else {
      let own = numbers.filter { trains(ownedBy: owner($0)) }
      team.divided(among: own.count) { index, team in
        MatrixFiles.$memory.withValue(memory) { train(own[index], team, nil) }
      }
    }
    var epochsDone = monitor.progress.withLock { $0.epochsDone }
    if isDealt {
      if let failure = monitor.failure {
        monitor.progress.withLock { $0.interrupt() }
        throw LoneFailure(cause: failure, processes)
      }
      epochsDone = Int(processes.gather(Double(epochsDone)).reduce(0, +))
      for number in numbers {
        let result = processes.move(monitor.takeResult(ofNetwork: number), from: owner(number), to: 0)
        if !result.isEmpty { train(number, team, result) }
      }
    }
    try processes.together {
      guard let failure = monitor.failure else { return }
      monitor.progress.withLock { $0.interrupt() }
      throw failure
    }
    return epochsDone
  }

  /// Whether each process trains networks of its own.
  var isDealt: Bool { processes.count > 1 && stepProcesses.count == 1 }

  /// The process that trains a network, if each trains its own: whole trials of a search, if there are enough.
  private func owner(ofNetwork number: Int) -> Int {
    (trialCount < processes.count ? number : number / networkCount) % processes.count
  }

  /// Whether this process trains a network, alone or with others.
  ///
  /// - Parameter owner: The process that trains it if each trains its own.
  func trains(ownedBy owner: Int) -> Bool { !isDealt || owner == processes.rank }

  /// Trains the network with this number, counted from 0, or continues it from a checkpoint. Returns nil if it was
  /// stopped before its end.
  ///
  /// - Parameter result: The state after the training, if another process has trained the network.
  private func fit(
    _ number: Int, _ monitor: TrainingMonitor<Scalar>, _ team: Team, result: Checkpoint<Scalar>?
  ) throws -> TrainingFit<Scalar>? {
    let trial = number / networkCount
    let recipe = recipe(ofTrial: trial)
    if result == nil {
      // A table's bins are fitted for this, so not for the many trials that are left when the time is over.
      if trial > 0, !monitor.stops(trial: trial),
        let excess = data.excess(of: recipe, networks: networkCount, output: output, stepProcesses, team)
      {
        leaveOut(trial, excess, monitor)
      }
      guard stepProcesses.agree(!monitor.stops(trial: trial)) else { return nil }
    }
    let seed = options.seed(ofNetwork: number)
    let title = title(ofNetwork: number)
    let (samples, validationSamples) = (data.training(ofNetwork: number), heldOut?.samples(ofNetwork: number))
    var trainer = recipe.trainer(
      for: data.preparation, fittedOn: samples, loss: loss, output: output, seed: seed, processes: stepProcesses,
      team: team)
    let before =
      try result?.restore(&trainer, lossUnit: data.preparation.lossUnit(of: loss), sampleCount: samples.count)
      ?? checkpoints?.restore(&trainer, ofNetwork: number, data, sampleCount: samples.count)
    if let checkpoints, checkpoints.resumes, result == nil, !options.isQuiet, search == nil {
      announce(title, before != nil, trainer)
    }
    /// Keeps the result as it is before the best epoch replaces the last one, as a checkpoint is written, too.
    func keepForFirst(_ trainer: Trainer<Scalar>, _ records: [EpochRecord]) throws {
      guard isDealt, !processes.isFirst else { return }
      monitor.keep(try Checkpoint(trainer, records).encoded, ofNetwork: number)
    }
    var records = before ?? []
    if isComplete(trainer, recipe) { try keepForFirst(trainer, records) }
    for record in records { monitor.log?.append(record, ofNetwork: number) }
    var validation = trainer.epoch > 0 ? try validate(trainer.result, validationSamples, team) : nil
    var best = try trainer.best.flatMap { try validate($0.network(from: trainer.network), validationSamples, team) }
    monitor.progress.withLock {
      $0.begin(network: number, epochs: recipe.epochs, epochsBefore: trainer.epoch)
    }
    let divergence = try stepProcesses.together {
      do {
        try trainer.fit(
          on: samples, augmentation: augmentations.isEmpty ? nil : augmentations[number], validation: validationSamples,
          epochs: recipe.epochs, patience: patience,
          // The end of a cycle is chosen for all networks of the trial together.
          selection: recipe.selection == .cycle ? nil : recipe.selection,
          afterStep: { epoch, samplesDone in
            monitor.progress.withLock { $0.update(network: number, epoch: epoch - 1, samplesDone: samplesDone) }
            return !monitor.stops(trial: trial)
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
            if isComplete(trainer, recipe) { try keepForFirst(trainer, records) }
            if let checkpoints, checkpoints.isDue(report.epoch) || isComplete(trainer, recipe) {
              try checkpoints.write(trainer, records, ofNetwork: number)
            }
            return true
          })
        return Divergence?.none
      } catch let divergence as Divergence {
        return divergence
      }
    }
    if let divergence {
      // A search goes on without a trial whose settings were too bold.
      if trial > 0 {
        leaveOut(trial, "\(divergence)", monitor)
        return nil
      }
      throw CommandError.badData("\(title)\(divergence)" + (outputs.model == nil ? "" : "; nothing was written"))
    }
    guard isComplete(trainer, recipe) else {
      try checkpoints?.write(trainer, records, ofNetwork: number)
      return nil
    }
    monitor.progress.withLock { $0.end(network: number) }
    // The first process makes the fit from the checkpoint.
    if isDealt, !processes.isFirst { return nil }
    return TrainingFit(
      title: title, number: number, seed: seed, network: trainer.result, records: records, validation: validation,
      best: best,
      bestEpoch: trainer.best?.epoch, cycleEnds: recipe.selection == .cycle ? trainer.cycleEnds : [])
  }

  /// Leaves out a trial of a search, and says why.
  private func leaveOut(_ trial: Int, _ reason: String, _ monitor: TrainingMonitor<Scalar>) {
    guard monitor.leaveOut(trial: trial), !options.isQuiet else { return }
    monitor.progress.withLock { progress in
      progress.interrupt()
      printError("note: trial \(trial + 1) is left out: \(reason)\n")
    }
  }

  /// The fits of a trial with the networks after the best of the cycles' ends; see ``Selection/cycle``. All networks of
  /// a trial keep the same epoch, by the loss of their model as it would be: with calibrated probabilities.
  private func keepingBestCycle(
    _ fits: [TrainingFit<Scalar>], _ numbers: Range<Int>, _ team: Team
  ) throws -> [TrainingFit<Scalar>] {
    guard recipe.selection == .cycle, let heldOut,
      let chosen = try heldOut.bestCycle(
        fits.map(\.cycleEnds), of: fits.map(\.network), team,
        model: { try calibrated(model($0), isFinal: false, team).model })
    else { return fits.map(\.withoutCycleEnds) }
    return try zip(fits, numbers).map { fit, number in
      try fit.keeping(fit.cycleEnds[chosen]) { try validate($0, heldOut.samples(ofNetwork: number), team) }
    }
  }

  /// The start of a network's lines: empty if it is the only one.
  private func title(ofNetwork number: Int) -> String {
    if search != nil { return "trial \(number / networkCount + 1), seed \(options.seed(ofNetwork: number)): " }
    guard isEnsemble else { return "" }
    let fold = options.folds.map { ", fold \(number % $0.count + 1)" } ?? ""
    return "network \(number + 1) of \(networkCount)\(fold), seed \(options.seed(ofNetwork: number)): "
  }

  /// The evaluation after an epoch, from the outputs that the trainer has; nil without validation data.
  private func evaluation(
    of trainer: Trainer<Scalar>, _ samples: Samples<Scalar>?, _ loss: Double?
  ) throws(CommandError) -> Evaluation? {
    guard let samples, let loss else { return nil }
    do throws(CommandError) {
      return try Evaluation(model([trainer.result]), samples, outputs: trainer.validationOutputs, loss: loss)
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
  private func isComplete(_ trainer: Trainer<Scalar>, _ recipe: Recipe) -> Bool {
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
