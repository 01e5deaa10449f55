/// What came of an epoch.
public struct EpochReport: Sendable, Equatable {
  /// Counted from 1.
  public let epoch: Int
  /// The mean over the samples, each taken before the step that its batch made.
  public let trainingLoss: Double
  /// The mean loss over the validation samples after the epoch; nil if there are none.
  public let validationLoss: Double?
  /// Whether no epoch before had as low a validation loss.
  public let isBest: Bool
  /// That of the next step; nil if the optimizer has none.
  public let learningRate: Double?
  /// The time that the steps took, without the validation.
  public let seconds: Double
}
