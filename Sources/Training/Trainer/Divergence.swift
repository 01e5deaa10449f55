/// Training stopped because a number was not finite. The network keeps the parameters from before the step.
public struct Divergence: Error, Sendable, Equatable, CustomStringConvertible {
  /// What was not finite.
  public enum Cause: Sendable, Equatable {
    /// The outputs of a layer. It is the first layer with non-finite outputs, given by its 1-based number.
    case outputs(layer: Int)
    /// The gradient or the update, although all outputs are finite. The layer is the one with the largest error.
    case update(layer: Int)
    /// Only the loss. The outputs of this layer, the last, are finite but too far from the targets.
    case loss(layer: Int)
    /// The features contain a non-finite number.
    case features
  }

  /// What is not finite.
  public let cause: Cause
  /// The layer as it prints itself, if there is one.
  public let layer: String?
  /// The epoch in which the step failed, counted from 1.
  public let epoch: Int
  /// The step within the epoch that failed, counted from 1.
  public let step: Int
  /// The learning rate, if the optimizer has one.
  public let learningRate: Double?

  public var description: String {
    let what =
      switch cause {
      case .outputs(let number): "the outputs of layer \(number), \(layer ?? ""), are not finite"
      case .update(let number): "the update of layer \(number), \(layer ?? ""), is not finite"
      case .loss(let number):
        "the outputs of layer \(number), \(layer ?? ""), are so far from the targets that the loss is not finite"
      case .features: "the features hold a number that is not finite"
      }
    let mend =
      switch (cause, learningRate) {
      case (.features, _): "remove it"
      case (_, let rate?): "lower the learning rate (it is \(rate)) or scale the data"
      case (_, nil): "scale the data"
      }
    return "training diverged in epoch \(epoch), step \(step): \(what); \(mend)"
  }
}
