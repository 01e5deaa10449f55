import PerceptronDatasets
import PerceptronLayers
import PerceptronModelFiles
import PerceptronTraining
import Synchronization
import Tensor

/// A model of a table, trained as `perceptron train` does without options.
///
///     let fit = try TableFit<Float>(trainedOn: Table(contentsOf: "iris.csv")) { print($0) }   // the progress
///     print(fit)                                     // what was learnt from, and how good the answers are
///     try fit.model.write(to: "iris.perceptron")
///
/// The columns decide whether classes or numbers are predicted, and how the rows become samples (``Preparation``). Four
/// networks of the recipe for tables (``Recipe/table(_:loss:sampleCount:batchSize:epochs:)``) are trained, each from
/// its own seed, and their mean is the answer. Some rows are held back: from all networks, or a different part of them
/// from each. Each of these rows is then answered only by networks that have not learnt from it. The probabilities of
/// classes are calibrated on the rows that were held back. For classes of fewer than 2500 rows, the networks are then
/// trained again on all rows. They have the same bits as those of the command.
public struct TableFit<Scalar: BLASScalar>: Sendable {
  /// The model, for ``Predictor`` and for a file.
  public let model: TrainedModel<Scalar>
  /// How the networks were built and trained.
  public let recipe: Recipe
  /// How good the answers are for the rows that were held back, in the units of the data; nil if the table has fewer
  /// than 100 rows, because all are then learnt from.
  ///
  /// The same rows chose the epoch that is kept, and calibrated the probabilities, so the loss is slightly too low. If
  /// the networks were trained again on all rows, these are the metrics of the ones before.
  /// ``TrainedModel/metrics(on:team:)`` measures the model on rows of your own.
  public let metrics: ModelMetrics?
  /// How the probabilities were calibrated; nil for numbers, and if the rows that were held back are too few or of one
  /// class.
  public let calibration: Calibration?
  /// The number of rows that each network of the model learnt from; their mean, rounded down, if they differ.
  public let trainingCount: Int
  /// The epoch, counted from 1, after which the networks are as in the model: the last one, or the end of an earlier
  /// cycle that was clearly better; see ``Selection/cycle``. Nil if each network kept another one.
  public let keptEpoch: Int?

  /// Trains on a table. The call takes all threads of the team until the training ends.
  ///
  /// - Parameters:
  ///   - table: One row for each sample, with the target.
  ///   - target: A column's name or 1-based number, or several separated by commas; nil for the last column.
  ///   - task: nil to infer it from the target; see ``Preparation``.
  ///   - loss: nil for the usual loss of the task.
  ///   - options: How the columns are treated.
  ///   - epochs: nil for the recipe's number.
  ///   - networkCount: The number of networks, 1 to 1000.
  ///   - seed: The seed of the first network; the next networks use the numbers after it.
  ///   - team: The threads that share the work; by default one for each usable processor. The model has the same bits
  ///     for any number of threads.
  ///   - progress: Called after each epoch of each network, on any thread, by one at a time. If it throws, the training
  ///     stops, and its error is thrown.
  ///   - warn: Receives what is odd about the table, and how it was read.
  ///   - adjust: May change the recipe, except its number of epochs, on which its schedules depend.
  /// - Throws: ``FileError`` that says what is wrong with the table, ``TableFitError``, ``Divergence`` if a number is
  ///   not finite in training, and the errors of `progress`.
  /// - Precondition: Traps if there are not 1 to 1000 networks or at least one epoch, and if `adjust` changes the
  ///   epochs, or the recipe to something that ``Dense`` or ``Trainer`` traps on.
  /// - Complexity: Takes the memory of a copy of the features for each network that is trained at the same time.
  public init(
    trainedOn table: Table, target: String? = nil, task: Preparation.Task? = nil, loss: Loss? = nil,
    options: ColumnOptions = ColumnOptions(), epochs: Int? = nil, networkCount: Int = Recipe.tableNetworkCount,
    seed: UInt64 = 0, team: Team = Team(), progress: @Sendable (TrainingProgress) throws -> Void = { _ in },
    warn: (DataWarning) -> Void = { _ in }, adjust: (inout Recipe) -> Void = { _ in }
  ) throws {
    guard networkCounts.contains(networkCount), epochs ?? 1 > 0 else {
      fail("cannot train \(networkCount) networks for \(epochs ?? 1) epochs")
    }
    let preparation = try Preparation(
      fittedOn: table, target: target, task: task, loss: loss, scaling: Recipe.tableScaling, options: options,
      team: team,
      warn: warn)
    let (loss, output) = Recipe.objective(
      preparation.task, areLabels: preparation.outputs.areLabels, loss: loss)
    let isForTask = preparation.task == .regression ? !loss.isForClasses : !loss.isForNumbers
    guard loss.accepts(output), isForTask else { throw TableFitError.lossDoesNotFit(loss, preparation.outputs) }
    let samples = try preparation.samples(of: table, as: Scalar.self, team: team, warn: warn)
    let splits = Split.ofNetworks(networkCount, samples, preparation.task, seed: seed)
    let firstCount = splits.trainingCount(of: samples)
    var recipe = Recipe.table(preparation.task, loss: loss, sampleCount: firstCount, epochs: epochs)
    if splits.isEmpty { recipe.selection = nil }
    let usual = recipe.epochs
    adjust(&recipe)
    guard recipe.epochs == usual else { fail("cannot change the epochs of a recipe for a table: give epochs:") }
    recipe.isParametric = recipe.isParametric && recipe.canBeParametric
    self.recipe = recipe
    let training = SharedTraining(
      preparation: preparation, samples: samples, splits: splits, heldOut: HeldOut(of: samples, splits),
      asked: samples.features(of: samples.spreadIndices(TableFitError.mostAsked)), loss: loss, output: output,
      recipe: recipe, seed: seed)
    let refits = Split.refits(samples.count, preparation.task)
    // How many epochs the second training has is not known before the first one ends.
    let firstShare = refits ? 0.5 : 1
    let trainers = try training.trainers(networkCount, share: 0...firstShare, team, progress)
    let plain: TrainedModel<Scalar>
    (plain, keptEpoch) = training.model(trainers, team)
    let calibrated = training.calibrated(plain, shares: true, team)
    let chosen = calibrated?.model ?? plain
    calibration = calibrated?.calibration
    metrics = training.heldOut.map { Judged(chosen, $0, team).metrics(of: chosen) }
    let keptEpochs = trainers.map { [keptEpoch] in keptEpoch ?? $0.best?.epoch ?? recipe.epochs }
    let refitted = try refits ? training.refitted(plain, keptEpochs, team, progress) : nil
    trainingCount = refitted == nil ? firstCount : samples.count
    model =
      refitted.map {
        chosen.replacing(plain: $0.networks, temperature: calibrated?.calibration.temperature ?? 1)
      } ?? chosen
    if let error = TableFitError(model, training.asked, team) { throw error }
  }
}

extension TableFit: CustomStringConvertible {
  /// A line such as "classification of species, 3 classes: 4 networks 2-256-256-256-3 from 150 rows; accuracy 0.9667
  /// (29 of 30), loss 0.11 on rows that were held back".
  public var description: String {
    let sizes = [model.preparation.inputCount] + recipe.hidden + [model.preparation.outputCount]
    let layers = sizes.map(String.init).joined(separator: "-")
    let count = model.networks.count
    let judgement =
      metrics.map { "\($0) on rows that were held back" } ?? "no rows were held back, as there are fewer than 100"
    return
      "\(model.preparation.outputs): \(count) network\(count == 1 ? "" : "s") \(layers) from \(trainingCount) rows;"
      + " \(judgement)"
  }
}

/// What the networks of a fit have in common.
private struct SharedTraining<Scalar: BLASScalar> {
  let preparation: Preparation
  let samples: Samples<Scalar>
  let splits: [Split]
  let heldOut: HeldOut<Scalar>?
  /// The features of some samples, evenly spread, for which a model must have finite answers.
  let asked: Matrix<Scalar>
  let loss: Loss
  let output: Activation
  let recipe: Recipe
  let seed: UInt64

  private struct State {
    var trainers: [Int: Trainer<Scalar>] = [:]
    var failures: [Int: any Error] = [:]
  }

  /// Trains networks, several at the same time if there are several threads. A network's bits do not depend on which
  /// others are trained beside it.
  ///
  /// - Parameters:
  ///   - epochs: After how many epochs each network is complete, without validation samples; nil for all.
  ///   - share: The shares of the whole work that are done before and after.
  func trainers(
    _ count: Int, epochs: [Int]? = nil, share: ClosedRange<Double>, _ team: Team,
    _ progress: @Sendable (TrainingProgress) throws -> Void
  ) throws -> [Trainer<Scalar>] {
    let epochs = epochs ?? Array(repeating: recipe.epochs, count: count)
    let epochsOfAll = Double(epochs.reduce(0, +))
    let state = Guarded(State())
    let hasFailed = Atomic(false)
    // Held while `progress` runs, so that only the ends of epochs wait for each other.
    let epochsDone = Guarded(0.0)
    let lossUnit = preparation.lossUnit(of: loss)
    team.divided(among: count) { number, team in
      do {
        let own = splits.training(ofNetwork: number, samples)
        var trainer = recipe.trainer(
          for: preparation, fittedOn: own, loss: loss, output: output, seed: seed &+ UInt64(number), team: team)
        try trainer.fit(
          on: own, validation: heldOut?.samples(ofNetwork: number), epochs: epochs[number],
          // The end of a cycle is chosen for all networks together.
          selection: recipe.selection == .cycle ? nil : recipe.selection,
          afterStep: { _, _ in !hasFailed.load(ordering: .relaxed) },
          afterEpoch: { report, _ in
            try epochsDone.withLock { done in
              done += 1
              try progress(
                TrainingProgress(
                  network: number + 1, networkCount: count, epoch: report.epoch, epochs: epochs[number],
                  share: share.lowerBound + (share.upperBound - share.lowerBound) * done / epochsOfAll,
                  trainingLoss: report.trainingLoss * lossUnit,
                  validationLoss: report.validationLoss.map { $0 * lossUnit }))
            }
            return true
          })
        state.withLock { [trainer] in $0.trainers[number] = trainer }
      } catch {
        hasFailed.store(true, ordering: .relaxed)
        state.withLock { $0.failures[number] = error }
      }
    }
    return try state.withLock { state in
      if let failure = state.failures.min(by: { $0.key < $1.key }) { throw failure.value }
      return (0..<count).map { state.trainers[$0]! }
    }
  }

  /// A model with its networks trained again on all samples, each for a number of epochs, before its calibration. Nil
  /// if a network is not finite, or if the answers are much worse for the samples that were held out.
  func refitted(
    _ model: TrainedModel<Scalar>, _ epochs: [Int], _ team: Team,
    _ progress: @Sendable (TrainingProgress) throws -> Void
  ) throws -> TrainedModel<Scalar>? {
    var recipe = recipe
    recipe.selection = nil
    let training = SharedTraining(
      preparation: preparation, samples: samples, splits: [], heldOut: nil, asked: asked, loss: loss, output: output,
      recipe: recipe, seed: seed)
    do {
      let trainers = try training.trainers(epochs.count, epochs: epochs, share: 0.5...1, team, progress)
      let refitted = self.model(trainers.map(\.result))
      return heldOut?.accepts(refitted, inPlaceOf: model, asked: asked, team) == true ? refitted : nil
    } catch is Divergence { return nil }
  }

  /// The model of the networks after the last epoch, or after the end of an earlier cycle that is clearly better.
  func model(_ trainers: [Trainer<Scalar>], _ team: Team) -> (model: TrainedModel<Scalar>, keptEpoch: Int?) {
    let networks = trainers.map(\.result)
    guard recipe.selection == .cycle else { return (model(networks), recipe.selection == nil ? recipe.epochs : nil) }
    let ends = trainers.map(\.cycleEnds)
    let best = heldOut?.bestCycle(ends, of: networks, team) { networks in
      let plain = model(networks)
      return calibrated(plain, shares: false, team)?.model ?? plain
    }
    guard let best else { return (model(networks), recipe.epochs) }
    return (model(zip(networks, ends).map { $1[best].network(from: $0) }), ends[0][best].epoch)
  }

  private func model(_ networks: [Network<Scalar>]) -> TrainedModel<Scalar> {
    TrainedModel(networks: networks, loss: loss, preparation: preparation)
  }

  /// Nil if the model has no probabilities, or the samples that were held out do not suffice to calibrate them.
  func calibrated(
    _ model: TrainedModel<Scalar>, shares: Bool, _ team: Team
  ) -> (model: TrainedModel<Scalar>, calibration: Calibration)? {
    try? heldOut?.calibrated(model, shares: shares, team)
  }
}
