import PerceptronDatasets
import PerceptronLayers
import PerceptronModelFiles
import PerceptronTraining
import Tensor

/// A model of a table, trained as `perceptron train` does without options.
///
///     let fit = try TableFit<Float>(trainedOn: Table(contentsOf: "houses.csv")) { print($0) }
///     print(fit)                                     // what was learnt from, and how good the answers are
///     try fit.model.write(to: "houses.perceptron")
///
/// The columns decide whether classes or numbers are predicted, and how the rows become samples (``Preparation``). Some
/// rows are held back; four networks of the recipe for tables (``Recipe/table(_:loss:sampleCount:batchSize:epochs:)``)
/// learn from the others, each from its own seed, and their mean is the answer. The probabilities of classes are then
/// calibrated on the rows that were held back. The networks have the same bits as those of the command.
public struct TableFit<Scalar: BLASScalar>: Sendable {
  /// The model, for ``Predictor`` and for a file.
  public let model: TrainedModel<Scalar>
  /// How the networks were built and trained.
  public let recipe: Recipe
  /// How good the answers for the rows are that were held back, in the units of the data. Each row is answered by the
  /// networks that have not learnt from it; nil if the table has fewer than 100 rows, all of which are learnt from.
  public let metrics: ModelMetrics?
  /// How the probabilities were calibrated; nil for numbers, and if the rows that were held back are too few
  /// or of one class.
  public let calibration: Calibration?
  /// The number of rows that each network learnt from; their mean, rounded down, if they differ.
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
  ///   - networkCount: The number of networks, 1 to 1000.
  ///   - seed: The seed of the first network; the next networks use the numbers after it.
  ///   - team: The threads that share the work; by default one for each usable processor. The model has the same bits
  ///     for any number of threads.
  ///   - warn: Receives what is odd about the table, and how it was read.
  ///   - adjust: May change the recipe, such as its number of epochs.
  ///   - progress: Called after each epoch of each network, by one thread at a time. If it throws, the training stops,
  ///     and its error is thrown.
  /// - Throws: ``FileError`` that says what is wrong with the table, ``Divergence`` if a number is not finite in
  ///   training, ``TableFitError`` if the trained model's answers are not finite, and the errors of `progress`.
  /// - Precondition: Traps if the loss is not one for the task, if there are not 1 to 1000 networks, and if the recipe
  ///   was changed to something that ``Trainer`` traps on.
  public init(
    trainedOn table: Table, target: String? = nil, task: Preparation.Task? = nil, loss: Loss? = nil,
    options: ColumnOptions = ColumnOptions(), networkCount: Int = 4, seed: UInt64 = 0, team: Team = Team(),
    warn: (DataWarning) -> Void = { _ in }, adjust: (inout Recipe) -> Void = { _ in },
    progress: @Sendable (TrainingProgress) throws -> Void = { _ in }
  ) throws {
    guard networkCounts.contains(networkCount) else { fail("cannot train \(networkCount) networks") }
    let preparation = try Preparation(
      fittedOn: table, target: target, task: loss?.isForNumbers == true ? .regression : task, loss: loss,
      scaling: .smoothClip, options: options, team: team, warn: warn)
    let samples = try preparation.samples(of: table, as: Scalar.self, team: team, warn: warn)
    let splits = Split.ofNetworks(networkCount, samples, preparation.task, seed: seed)
    trainingCount = splits.isEmpty ? samples.count : splits.reduce(0) { $0 + $1.training.count } / splits.count
    let objective = Recipe.objective(preparation.task, areLabels: preparation.outputs.areLabels, loss: loss)
    guard objective.loss.accepts(objective.output), preparation.task == .classification || !objective.loss.isForClasses
    else { fail("cannot train for \(preparation.task.rawValue) with the loss \(objective.loss.rawValue)") }
    var recipe = Recipe.table(preparation.task, loss: objective.loss, sampleCount: trainingCount)
    if splits.isEmpty { recipe.selection = nil }
    adjust(&recipe)
    let training = SharedTraining(
      preparation: preparation, samples: samples, splits: splits, heldOut: HeldOut(of: samples, splits),
      loss: objective.loss, output: objective.output, recipe: recipe, seed: seed)
    let (plain, keptEpoch) = training.model(try training.trainers(networkCount, team, progress), team)
    self.keptEpoch = keptEpoch
    let calibrated = training.calibrated(plain, shares: true, team)
    (model, calibration) = (calibrated?.model ?? plain, calibrated?.calibration)
    self.recipe = recipe
    let answers = model.predict(prepared: samples.features(of: samples.spreadIndices(4096)), team: team)
    guard answers.maxMagnitude().isFinite else { throw TableFitError.answersNotFinite }
    metrics = training.heldOut.map { [model] in
      let judged = Judged(model, $0, team)
      return ModelMetrics(of: model, outputs: judged.outputs, targets: judged.samples.targets, loss: judged.loss)
    }
  }
}

extension TableFit: CustomStringConvertible {
  /// A line such as "classification of species, 3 classes: 4 networks 2-256-256-256-3 from 142 rows; accuracy 0.9667
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

/// A trained model whose answers are not finite.
public enum TableFitError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The answers for some of the training rows are not finite.
  case answersNotFinite

  public var description: String {
    "the trained model's answers are not finite; divide the target by a power of ten, or lower the recipe's learning"
      + " rate"
  }
}

/// What the networks of a fit have in common.
private struct SharedTraining<Scalar: BLASScalar> {
  let preparation: Preparation
  let samples: Samples<Scalar>
  let splits: [Split]
  let heldOut: HeldOut<Scalar>?
  let loss: Loss
  let output: Activation
  let recipe: Recipe
  let seed: UInt64

  private struct State {
    var trainers: [Int: Trainer<Scalar>] = [:]
    var failures: [Int: any Error] = [:]
    var epochsDone = 0
  }

  /// Trains networks, several at the same time if there are several threads. A network's bits do not depend on which
  /// others are trained beside it.
  func trainers(
    _ count: Int, _ team: Team, _ progress: @Sendable (TrainingProgress) throws -> Void
  ) throws -> [Trainer<Scalar>] {
    let state = Guarded(State())
    let lossUnit = preparation.lossUnit(of: loss)
    team.divided(among: count) { number, team in
      do {
        let own = splits.isEmpty ? samples : samples.gathered(splits[number % splits.count].training)
        var trainer = trainer(number, own, team)
        try trainer.fit(
          on: own, validation: heldOut?.samples(ofNetwork: number), epochs: recipe.epochs,
          // The end of a cycle is chosen for all networks together.
          selection: recipe.selection == .cycle ? nil : recipe.selection,
          afterStep: { _, _ in state.withLock { $0.failures.isEmpty } },
          afterEpoch: { report, _ in
            try state.withLock { state in
              state.epochsDone += 1
              try progress(
                TrainingProgress(
                  network: number + 1, networkCount: count, epoch: report.epoch, epochs: recipe.epochs,
                  share: Double(state.epochsDone) / Double(count * recipe.epochs),
                  trainingLoss: report.trainingLoss * lossUnit,
                  validationLoss: report.validationLoss.map { $0 * lossUnit }
                ))
            }
            return true
          })
        state.withLock { [trainer] in $0.trainers[number] = trainer }
      } catch {
        state.withLock { $0.failures[number] = error }
      }
    }
    return try state.withLock { state in
      if let failure = state.failures.min(by: { $0.key < $1.key }) { throw failure.value }
      return (0..<count).map { state.trainers[$0]! }
    }
  }

  /// The trainer of the network with this number before its first step.
  private func trainer(_ number: Int, _ samples: Samples<Scalar>, _ team: Team) -> Trainer<Scalar> {
    let seed = seed + UInt64(number)
    var recipe = recipe
    if recipe.optimizer.isFullBatch { recipe.batchSize = samples.count }
    let network = recipe.network(for: preparation, fittedOn: samples, output: output, seed: seed)
    return recipe.trainer(of: network, loss: loss, seed: seed, team: team)
  }

  /// The model of the networks after the last epoch, or after the end of an earlier cycle that is clearly better.
  func model(_ trainers: [Trainer<Scalar>], _ team: Team) -> (model: TrainedModel<Scalar>, keptEpoch: Int?) {
    func model(_ networks: [Network<Scalar>]) -> TrainedModel<Scalar> {
      TrainedModel(networks: networks, loss: loss, preparation: preparation)
    }
    let ends = trainers[0].cycleEnds.count
    guard recipe.selection == .cycle, ends > 1, trainers.allSatisfy({ $0.cycleEnds.count == ends }), let heldOut else {
      return (model(trainers.map(\.result)), recipe.selection.map { $0 == .cycle } ?? true ? recipe.epochs : nil)
    }
    let models = (0..<ends).map { end in model(trainers.map { $0.cycleEnds[end].network(from: $0.result) }) }
    let kept = heldOut.indexOfBestCycle(models.map { calibrated($0, shares: false, team)?.model ?? $0 }, team)
    return (models[kept], trainers[0].cycleEnds[kept].epoch)
  }

  /// Nil if the model has no probabilities, or the samples that were held out do not suffice to calibrate them.
  func calibrated(
    _ model: TrainedModel<Scalar>, shares: Bool, _ team: Team
  ) -> (model: TrainedModel<Scalar>, calibration: Calibration)? {
    try? heldOut?.calibrated(model, shares: shares, team)
  }
}
