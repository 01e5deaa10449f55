import PerceptronDatasets
import PerceptronLayers
import Tensor

extension Trainer {
  /// Trains for several epochs, and can stop early if the loss on validation samples no longer falls.
  ///
  /// A call continues where the call before stopped, even within an epoch. Calls that stop and continue therefore leave
  /// the same bits as one call without a stop. A ``Checkpoint`` of the trainer lets another process continue.
  ///
  /// - Parameters:
  ///   - augmentation: Deforms the samples, which must be images, anew in each epoch. The deformed samples take the
  ///     memory of a second copy.
  ///   - validation: Samples to test the ``result`` on after each epoch.
  ///   - epochs: The total number of epochs, including those before this call.
  ///   - patience: Training ends after this many epochs without a better one; with a schedule that has cycles, at the
  ///     end of a cycle. If nil, training uses all epochs.
  ///   - selection: How the epoch to keep is chosen. At the end, also after all epochs, the network becomes the
  ///     ``result`` after that epoch, unless a callback stopped training before. If nil, a patience uses the loss, and
  ///     without a patience the last state is kept.
  ///   - afterStep: Called after each step with the epoch, counted from 1, and the number of its samples done.
  ///     Returning false stops training at once.
  ///   - afterEpoch: Called after each epoch with its report and the trainer at that time. Returning false stops
  ///     training. If several processes train, all are called, or none, and each must make the checkpoints that one
  ///     makes.
  /// - Returns: A report for each epoch that this call completed.
  /// - Throws: ``Divergence`` if a number is not finite; the network is then as it was before the failed step. Errors
  ///   of `afterStep` and `afterEpoch` are rethrown: training stops there, and another call continues.
  /// - Precondition: As for ``runEpoch(on:)``, and for the validation samples as for ``meanLoss(on:)``. Traps if the
  ///   patience is below 1, there is a patience, or a selection other than ``Selection/cycle``, without validation
  ///   samples, or the augmentation is for images of another size.
  @discardableResult
  public mutating func fit(
    on samples: Samples<Scalar>, augmentation: Augmentation? = nil, validation: Samples<Scalar>? = nil, epochs: Int,
    patience: Int? = nil, selection: Selection? = nil,
    afterStep: (_ epoch: Int, _ samplesDone: Int) throws -> Bool = { _, _ in true },
    afterEpoch: (EpochReport, Trainer<Scalar>) throws -> Bool = { _, _ in true }
  ) throws -> [EpochReport] {
    if let patience, patience < 1 || validation == nil {
      fail("cannot stop early with a patience of \(patience)\(validation == nil ? " and no validation samples" : "")")
    }
    if selection != nil && selection != .cycle, validation == nil {
      fail("cannot select the best epoch without validation samples")
    }
    let countBefore = reports.count
    var ownReports: [EpochReport] { Array(reports[countBefore...]) }
    while epoch < epochs, !hasLostPatience(patience) {
      let start = ContinuousClock.now
      let number = epoch + 1
      var proceeds = true
      var failure: (any Error)?
      let augmented = augmentation?.applied(to: samples, epoch: epoch, team: workspace.team) ?? samples
      let loss = try continueEpoch(on: augmented) { samplesDone in
        do { proceeds = try afterStep(number, samplesDone) } catch { (failure, proceeds) = (error, false) }
        return proceeds
      }
      secondsInEpoch += (ContinuousClock.now - start) / .seconds(1)
      guard let loss else {
        if let failure { throw failure }
        return ownReports
      }
      let judgement = validation.map { judge(on: $0) }
      let validationLoss = judgement?.loss
      if let judgement {
        keepIfBest(judgement.loss, selection == .error ? judgement.error : nil, selection)
        if schedule.cycleEnds.contains(epoch), judgement.loss.isFinite {
          cycleEnds.append(keptEpoch(judgement.loss, error: nil))
        }
      }
      record(validationLoss: validationLoss ?? loss)
      let report = EpochReport(
        epoch: epoch, trainingLoss: loss, validationLoss: validationLoss,
        isBest: validationLoss != nil && best?.epoch == epoch, learningRate: learningRate(samples.count),
        seconds: secondsInEpoch)
      reports.append(report)
      // An error after the epoch's last step does not undo the epoch.
      if processes.agree(failure == nil) {
        do { proceeds = try afterEpoch(report, self) && proceeds } catch { (failure, proceeds) = (error, false) }
      }
      let allProceed = processes.agree(proceeds)
      if let failure { throw failure }
      // After the last epoch there is nothing left to stop.
      if !allProceed, epoch < epochs, !hasLostPatience(patience) { return ownReports }
    }
    let kept =
      selection == .cycle ? validation.flatMap(bestCycleEnd) : patience != nil || selection != nil ? best : nil
    if let kept { move(to: kept.parameters, statistics: kept.statistics) }
    return ownReports
  }

  /// Whether training with this patience ends because that many epochs have passed since the best one.
  package func hasLostPatience(_ patience: Int?) -> Bool {
    guard let patience else { return false }
    // Within a cycle the loss rises with the rate.
    let ends = schedule.cycleEnds
    guard ends.isEmpty || ends.contains(epoch) else { return false }
    return epoch - (best?.epoch ?? 0) >= patience
  }

  /// Keeps the network if its validation loss is finite and it is the best so far.
  private mutating func keepIfBest(_ validationLoss: Double, _ error: Double?, _ selection: Selection?) {
    guard validationLoss.isFinite else { return }
    if let best {
      // The best epoch of an earlier call may have been chosen by its loss.
      let errors = error.flatMap { error in best.validationError.map { (error, $0) } }
      let (found, lowest) = errors ?? (validationLoss, best.validationLoss)
      guard selection == .error ? found <= lowest : found < lowest else { return }
    }
    best = keptEpoch(validationLoss, error: error)
  }

  private func keptEpoch(_ validationLoss: Double, error: Double?) -> KeptEpoch<Scalar> {
    KeptEpoch(
      epoch: epoch, validationLoss: validationLoss, validationError: error, parameters: result.parameters,
      statistics: result.statistics)
  }

  /// The end of a cycle to keep; nil for the last state.
  private func bestCycleEnd(_ validation: Samples<Scalar>) -> KeptEpoch<Scalar>? {
    guard let last = cycleEnds.last, last.epoch == epoch else { return nil }
    let losses = cycleEnds.map { end in
      loss.ofSamples(outputs: end.network(from: network).predict(validation.features), targets: validation.targets)
    }
    return cycleEnds[Selection.indexOfBestCycle(losses)]
  }
}
