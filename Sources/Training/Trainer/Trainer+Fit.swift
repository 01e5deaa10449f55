import PerceptronDatasets
import PerceptronLayers
import Tensor

extension Trainer {
  /// Trains epoch after epoch, and stops early if the loss on samples that it does not learn from no longer falls.
  ///
  /// A call goes on where the one before stopped, within an epoch too. So calls that are stopped and taken up again
  /// leave the same bits as one that is not. A ``Checkpoint`` of the trainer does so in another process.
  ///
  /// - Parameters:
  ///   - augmentation: Deforms the samples, which are images, anew in each epoch, into a second copy of them.
  ///   - validation: Samples that the network is tested on after each epoch.
  ///   - epochs: How many epochs there are to be in all, those before this call included.
  ///   - patience: Training ends after so many epochs without a lower validation loss, and the network is again what it
  ///     was after the best one; nil to use all epochs and keep the last.
  ///   - afterStep: Called after each step with the epoch, from 1, and the number of its samples done; false stops at
  ///     once.
  ///   - afterEpoch: Called after each epoch with the trainer as it is then; false stops.
  /// - Returns: A report for each epoch that this call completed.
  /// - Throws: ``Divergence`` if the numbers are no longer finite; the network is then as before the step that failed.
  ///   And what `afterStep` or `afterEpoch` throws: training stops there, and another call goes on.
  /// - Precondition: Traps if samples have other sizes than the network, there are none, the patience is below 1, or
  ///   there is a patience without validation samples.
  @discardableResult
  public mutating func fit(
    on samples: Samples<Scalar>, augmentation: Augmentation? = nil, validation: Samples<Scalar>? = nil, epochs: Int,
    patience: Int? = nil, afterStep: (_ epoch: Int, _ samplesDone: Int) throws -> Bool = { _, _ in true },
    afterEpoch: (EpochReport, Trainer<Scalar>) throws -> Bool = { _, _ in true }
  ) throws -> [EpochReport] {
    if let patience, patience < 1 || validation == nil {
      fail("cannot stop early with a patience of \(patience)\(validation == nil ? " and no validation samples" : "")")
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
      let validationLoss = validation.map { meanLoss(on: $0) }
      if let validationLoss { keepIfBest(validationLoss) }
      note(validationLoss: validationLoss ?? loss)
      let report = EpochReport(
        epoch: epoch, trainingLoss: loss, validationLoss: validationLoss,
        isBest: validationLoss != nil && best?.epoch == epoch, learningRate: learningRate(samples.count),
        seconds: secondsInEpoch)
      reports.append(report)
      // An error after the epoch's last step does not undo the epoch.
      if let failure { throw failure }
      if try !afterEpoch(report, self) || !proceeds { return ownReports }
    }
    if patience != nil, let best { move(to: best.parameters, statistics: best.statistics) }
    return ownReports
  }

  /// Whether there have been so many epochs since the best one that a training ends which has this patience.
  public func hasLostPatience(_ patience: Int?) -> Bool {
    guard let patience else { return false }
    return epoch - (best?.epoch ?? 0) >= patience
  }

  /// Keeps the network if its validation loss is finite and the lowest so far.
  private mutating func keepIfBest(_ validationLoss: Double) {
    guard validationLoss.isFinite, validationLoss < best?.validationLoss ?? .infinity else { return }
    best = BestEpoch(
      epoch: epoch, validationLoss: validationLoss, parameters: network.parameters, statistics: network.statistics)
  }
}
