import Perceptron
import Synchronization

/// `--refit`: whether the networks of the model are trained again once the validation samples have chosen and
/// calibrated them. The second training uses all samples, including those for validation.
struct RefitOption {
  /// Nil if it is not given.
  private let choice: Bool?

  static let option = Option(
    "--refit", "NAME",
    "whether the networks of the model are trained again on all samples, those for validation included: yes or no (yes"
      + " with --auto, and for classes of fewer than 2500 samples of which the recipe takes some for validation;"
      + " otherwise no)")

  init(_ arguments: Arguments, _ options: TrainOptions) throws(CommandError) {
    choice = try arguments.choice("--refit", [("yes", true), ("no", false)])
    if choice == true, options.folds != nil { throw .usage("--refit yes: \(Self.foldsReason)") }
  }

  private static let foldsReason = "with --folds, the networks together have learnt from all samples"

  /// Refuses what was asked for if it is not possible. Without the option, the networks of a search are trained again
  /// if it is possible, and those of the recipe for tables as ``Split/refits(_:_:)`` says.
  func isWanted<Scalar>(
    _ options: TrainOptions, _ sources: TrainingSources, _ data: TrainingData<Scalar>, _ recipe: Recipe, isSearch: Bool,
    _ processes: Processes
  ) throws -> Bool {
    let copied = data.bytesOfAll
    // All processes meet here, whatever their data are, which are compared later: also one that has failed before.
    try processes.together {}
    let fits = processes.agree(copied <= MatrixFiles.keep(in: sources.cache) { MatrixFiles.room })
    guard choice ?? (isSearch || data.refits) else { return false }
    let reason: String? =
      if options.folds != nil {
        Self.foldsReason
      } else if !data.hasValidation {
        "there are no validation samples to add; leave it out, or give --validation-split"
      } else if options.sampleWeight != nil, data.validation != nil {
        "those of --validation have no --sample-weight; --validation-split takes some of DATA, which have"
      } else if case .plateau = recipe.schedule.shape {
        "--schedule plateau follows the validation loss, and there would be none"
      } else if !fits {
        "a copy of the samples with those of --validation, \(copied / 1_000_000) MB, does not fit in the"
          + " \(sources.cache == nil ? "memory that may be used" : "directory of --cache")"
      } else {
        nil
      }
    guard let reason else { return true }
    if choice == true { throw CommandError.usage("--refit yes: \(reason)") }
    if options.folds == nil, data.hasValidation {
      printError("note: the networks will not be trained again on all samples: \(reason)\n")
    }
    return false
  }
}

/// The networks that were trained again.
struct Refit<Scalar: BLASScalar> {
  /// By their numbers, counted from 0, each with the temperature of its predecessor. Empty on all processes but the
  /// first.
  fileprivate(set) var networks: [Int: Network<Scalar>] = [:]
  /// The samples that they have learnt from; nil if none was trained again.
  fileprivate(set) var samples: Samples<Scalar>?
  /// Why others of the model were not; nil if all were.
  fileprivate(set) var reason: String?
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
  /// calibration and the interval. Trials with large shares in the answer come first if the time is short. A trial
  /// stays as it was if not all of its networks could be trained, or if its validation loss rose by more than half
  /// although it has learnt from these samples.
  ///
  /// - Parameter found: Nil on all processes but the first.
  func refitted(_ found: Found<Scalar>?) throws -> Refit<Scalar> {
    var refit = Refit<Scalar>()
    guard refits else { return refit }
    let isLate = StopSignal.received != nil || time?.isUp == true
    let tasks = shared(isLate ? [] : found.map(refitTasks) ?? [])
    if !tasks.isEmpty {
      let samples = try data.withValidation(options)
      if !options.isQuiet {
        let count = tasks.count == 1 ? "the network" : "\(tasks.count) networks"
        printError("training \(count) again on all \(samples.count) samples, those for validation included\n")
      }
      let networks = try trained(tasks, on: samples)
      if let found { refit.networks = replacements(found.fits, by: networks) }
      refit.samples = refit.networks.isEmpty ? nil : samples
    }
    if refit.networks.count != found?.fits.count {
      refit.reason =
        if StopSignal.received != nil {
          "the command was interrupted"
        } else if time?.isUp == true {
          "the time was up"
        } else {
          "the validation loss rose by more than half\(refit.networks.isEmpty ? "" : " with the others")"
        }
    }
    return refit
  }

  /// The networks of the trials that have not become much worse, with the temperatures of their predecessors.
  private func replacements(
    _ fits: [TrainingFit<Scalar>], by networks: [Int: Network<Scalar>]
  ) -> [Int: Network<Scalar>] {
    var replacements: [Int: Network<Scalar>] = [:]
    // The networks of a trial are judged and calibrated together.
    for before in Dictionary(grouping: fits, by: { $0.number / networkCount }).values {
      let after = before.compactMap { fit in
        networks[fit.number]?.withTemperature(fit.temperature)
      }
      guard after.count == before.count,
        heldOut?.accepts(model(after), inPlaceOf: model(before.map(\.network)), asked: asked, team) == true
      else { continue }
      for (fit, network) in zip(before, after) { replacements[fit.number] = network }
    }
    return replacements
  }

  private func trained(_ tasks: [RefitTask], on samples: Samples<Scalar>) throws -> [Int: Network<Scalar>] {
    let monitor = TrainingMonitor<Scalar>(
      nil,
      Progress(
        epochs: tasks.indices.map { trains(ownedBy: owner(ofTask: $0)) ? tasks[$0].epochs : 0 },
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
    return networks.withLock { $0 }
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

  /// Reserves the time to train trials again, the first of them if half of the time is too short for all.
  func reserveTime(toRefit trials: [Trial<Scalar>]) {
    let growth = Double(refitCount) / Double(data.trainingCount)
    time?.reserve(
      for: trials.map { trial in
        trial.fits.map { fit in growth * fit.records.prefix(epochsToRepeat(fit)).reduce(0) { $0 + $1.seconds } }
      }, on: team)
  }
}

extension TrainingData {
  /// All samples, those for validation included.
  func withValidation(_ options: TrainOptions) throws -> Samples<Scalar> {
    guard let validation else { return samples }
    let all = samples.joined(with: validation)
    return try options.classWeights?.applied(to: all, preparation) ?? all
  }

  /// The bytes of a copy of all samples that this process holds, and of all validation samples; 0 if these are among
  /// the others.
  fileprivate var bytesOfAll: Int {
    guard let validation else { return 0 }
    let targets = samples.targets.rows * (samples.count + validation.count)
    return (samples.ownFeatures.count + validation.features.count + targets) * MemoryLayout<Scalar>.size
  }
}
