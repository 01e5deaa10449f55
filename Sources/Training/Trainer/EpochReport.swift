/// The results of one epoch.
public struct EpochReport: Sendable, Equatable {
  /// Counted from 1.
  public let epoch: Int
  /// The mean loss over the samples. Each sample's loss is taken before the step of its batch.
  public let trainingLoss: Double
  /// The mean loss over the validation samples after the epoch; nil if there are none.
  public let validationLoss: Double?
  /// Whether the validation loss is lower than in every epoch before.
  public let isBest: Bool
  /// The learning rate of the next step; nil if the optimizer has none.
  public let learningRate: Double?
  /// The time that the steps took, without the validation.
  public let seconds: Double
}
