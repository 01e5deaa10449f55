import Perceptron
import Synchronization

/// `--refit`: whether the networks of the model are trained again, on all samples with the validation samples among
/// them, once these have chosen and calibrated them.
struct RefitOption {
  /// Nil if it is not given.
  private let choice: Bool?

  static let option = Option(
    "--refit", "NAME",
    "whether the networks of the model are trained again on all samples, those for validation included: yes or no (yes"
      + " with --auto, otherwise no)")

  init(_ arguments: Arguments) throws(CommandError) {
    choice = try arguments.choice("--refit", [("yes", true), ("no", false)])
  }

  /// Refuses what was asked for if it is not possible. Without the option, a search does what is possible.
  func isWanted<Scalar>(
    _ options: TrainOptions, _ sources: TrainingSources, _ data: TrainingData<Scalar>, _ recipe: Recipe, isSearch: Bool
  ) throws(CommandError) -> Bool {
    guard choice ?? isSearch else { return false }
    let copied = data.bytesOfAll
    let reason: String? =
      if options.folds != nil {
        "with --folds, the networks together have learnt from all samples"
      } else if sources.areShared {
        "with --shard-data, each process holds a share of the samples"
      } else if !data.hasValidation {
        "there are no validation samples to add; leave it out, or give --validation-split"
      } else if options.sampleWeight != nil, data.validation != nil {
        "those of --validation have no --sample-weight; --validation-split takes some of DATA, which have"
      } else if case .plateau = recipe.schedule.shape {
        "--schedule plateau follows the validation loss, and there would be none"
      } else if copied > MatrixFiles.keep(in: sources.cache, { MatrixFiles.room }) {
        "a copy of the samples with those of --validation, \(copied / 1_000_000) MB, does not fit in the"
          + " \(sources.cache == nil ? "memory that may be used" : "directory of --cache")"
      } else {
        nil
      }
    guard let reason else { return true }
    if choice == true { throw .usage("--refit yes: \(reason)") }
    if options.folds == nil, data.hasValidation {
      printError("note: the networks will not be trained again on all samples: \(reason)\n")
    }
    return false
  }
}

/// The networks that were trained again.
struct Refit<Scalar: BLASScalar> {
  /// By their numbers, counted from 0. Empty on all processes but the first.
  fileprivate(set) var networks: [Int: Network<Scalar>] = [:]
  /// Why others of the model were not; nil if all were.
  fileprivate var reason: String?
}

/// A network to be trained again.
private struct RefitTask {
  /// The network's number, counted from 0.
  let number: Int
  let epochs: Int
}

extension TrainingRun {
  /// The number of all samples, those for validation included.
  var refitCount: Int { data.samples.count + (data.validation?.count ?? 0) }

  /// Trains the networks of a model again, by the same recipe and seed and for as many epochs as they had when they
  /// were kept, on all samples. All processes do so together.
  ///
  /// What was chosen by the validation samples stays: the epoch, the share of each network in the answer, the
  /// calibration and the interval. Trials with large shares in the answer come first if the time is short. A trial of
  /// which not all networks could be trained, or whose outputs are not finite, stays as it was.
  ///
  /// - Parameter found: Nil on all processes but the first.
  func refitted(_ found: Found<Scalar>?) throws -> Refit<Scalar> {
    let isLate = StopSignal.received != nil || time?.isUp == true
    let tasks = shared(isLate ? [] : found.map(refitTasks) ?? [])
    var refit = Refit<Scalar>()
    if !tasks.isEmpty {
      let samples = try data.withValidation(options)
      if !options.isQuiet {
        let count = tasks.count == 1 ? "the network" : "\(tasks.count) networks"
        printError("training \(count) again on all \(samples.count) samples, those for validation included\n")
      }
      refit.networks = try trained(tasks, on: samples)
    }
    let isWhole = refit.networks.count == found?.fits.count
    refit.reason =
      isWhole
      ? nil
      : StopSignal.received != nil
        ? "the command was interrupted" : time?.isUp == true ? "the time was up" : "their numbers were not finite"
    return refit
  }

  private func trained(_ tasks: [RefitTask], on samples: Samples<Scalar>) throws -> [Int: Network<Scalar>] {
    let monitor = TrainingMonitor<Scalar>(
      nil,
      Progress(
        epochs: tasks.indices.map { !isDealt || owner(ofTask: $0) == processes.rank ? tasks[$0].epochs : 0 },
        samplesPerEpoch: tasks.map { _ in samples.count }, isQuiet: options.isQuiet, isSearch: true),
      isOver: { [time] in time?.isUp == true })
    let networks = Mutex<[Int: Network<Scalar>]>([:])
    StopSignal.watch()
    defer { StopSignal.unwatch() }
    try forEachNetwork(tasks.indices, by: owner(ofTask:), monitor) { index, team, result in
      let outcome = Result {
        let result = try result.map { try Checkpoint<Scalar>($0, path: "network \(tasks[index].number + 1)") }
        return try stepProcesses.together { try train(tasks[index], index, samples, monitor, team, result: result) }
      }
      switch outcome {
      case .success(let network?): networks.withLock { $0[tasks[index].number] = network }
      case .success: break
      case .failure(let error): monitor.fail(error, ofNetwork: index)
      }
    }
    monitor.progress.withLock { $0.interrupt() }
    guard processes.isFirst else { return [:] }
    // The networks of a trial are calibrated together.
    return networks.withLock { networks in
      var whole: [Int: Network<Scalar>] = [:]
      for trial in Set(networks.keys.map { $0 / networkCount }) {
        let numbers = trial * networkCount..<(trial + 1) * networkCount
        let own = numbers.compactMap { networks[$0] }
        guard own.count == networkCount, TableFitError(model(own), asked, team) == nil else { continue }
        for (number, network) in zip(numbers, own) { whole[number] = network }
      }
      return whole
    }
  }

  /// Trains a network again. Returns nil if it was stopped before its end, if its numbers were no longer finite, and on
  /// a process that has kept the result for the first one.
  private func train(
    _ task: RefitTask, _ index: Int, _ samples: Samples<Scalar>, _ monitor: TrainingMonitor<Scalar>, _ team: Team,
    result: Checkpoint<Scalar>?
  ) throws -> Network<Scalar>? {
    // Unlike the first trial of a search, no network is trained again at any cost.
    func proceeds() -> Bool { !monitor.stops(trial: 1) }
    if result == nil, !stepProcesses.agree(proceeds()) { return nil }
    var trainer = recipe(ofTrial: task.number / networkCount).trainer(
      for: data.preparation, fittedOn: samples, loss: loss, output: output, seed: options.seed(ofNetwork: task.number),
      processes: stepProcesses, team: team)
    if let result {
      try trainer.restore(result, sampleCount: samples.count)
    } else {
      do {
        try trainer.fit(
          on: samples, augmentation: augmentations.isEmpty ? nil : augmentations[task.number], epochs: task.epochs,
          afterStep: { epoch, samplesDone in
            monitor.progress.withLock { $0.update(network: index, epoch: epoch - 1, samplesDone: samplesDone) }
            return proceeds()
          })
      } catch is Divergence { return nil }
    }
    guard trainer.epoch == task.epochs else { return nil }
    monitor.progress.withLock { $0.end(network: index) }
    if isDealt, !processes.isFirst {
      monitor.keep(try Checkpoint(trainer).encoded, ofNetwork: index)
      return nil
    }
    return trainer.result
  }

  /// The process that trains a network again, if each trains networks of its own.
  private func owner(ofTask index: Int) -> Int { index % processes.count }

  /// The networks of a model to be trained again, those with the largest shares in the answer first.
  private func refitTasks(_ found: Found<Scalar>) -> [RefitTask] {
    let weights = found.weights ?? found.fits.map { _ in 1 }
    return found.fits.indices.sorted { (-weights[$0], $0) < (-weights[$1], $1) }.map { index in
      RefitTask(number: found.fits[index].number, epochs: epochsToRepeat(found.fits[index]))
    }
  }

  /// The tasks of the first process, for all.
  private func shared(_ tasks: [RefitTask]) -> [RefitTask] {
    guard processes.count > 1 else { return tasks }
    let text = tasks.map { "\($0.number) \($0.epochs)" }.joined(separator: "\n")
    return String(decoding: processes.gather(Array(text.utf8))[0], as: UTF8.self).split(separator: "\n").map { line in
      let numbers = line.split(separator: " ").map { Int($0)! }
      return RefitTask(number: numbers[0], epochs: numbers[1])
    }
  }

  /// The number of epochs after which a network was kept.
  private func epochsToRepeat(_ fit: TrainingFit<Scalar>) -> Int {
    let keepsBest = patience != nil || [.loss, .error].contains(recipe.selection)
    return fit.keptEpoch ?? (keepsBest ? fit.bestEpoch : nil) ?? fit.records.count
  }

  /// About how many seconds it takes to train each network of a trial again.
  func secondsToRefit(_ trial: Trial<Scalar>) -> [Double] {
    let growth = Double(refitCount) / Double(data.trainingCount)
    return trial.fits.map { fit in
      growth * fit.records.prefix(epochsToRepeat(fit)).reduce(0) { $0 + $1.seconds }
    }
  }
}

// MARK: - The model

extension TrainingRun {
  /// The model with networks that were trained again in place of their predecessors, with the calibration of these.
  ///
  /// - Parameter temperature: That of the model's calibration. A trial's own comes before it.
  func replacing(
    _ fits: [TrainingFit<Scalar>], by refit: Refit<Scalar>, in model: TrainedModel<Scalar>, temperature: Double
  ) -> TrainedModel<Scalar> {
    guard !refit.networks.isEmpty else { return model }
    return model.replacing(
      calibrated: zip(fits, model.networks).map { fit, before in
        guard var network = refit.networks[fit.number] else { return before }
        network.scaleLogits(by: Scalar(1 / fit.temperature))
        network.scaleLogits(by: Scalar(1 / temperature))
        return network
      })
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
}

extension TrainingData {
  /// All samples, those for validation included.
  func withValidation(_ options: TrainOptions) throws -> Samples<Scalar> {
    guard let validation else { return samples }
    let all = samples.joined(with: validation)
    return try options.classWeights?.applied(to: all, preparation) ?? all
  }

  /// The bytes of a copy of all samples; 0 if those for validation are among them.
  fileprivate var bytesOfAll: Int {
    guard let validation else { return 0 }
    return (samples.featureCount + samples.targets.rows) * (samples.count + validation.count)
      * MemoryLayout<Scalar>.size
  }
}
