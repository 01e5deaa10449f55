/// Training stopped because its numbers were no longer finite; the network keeps the parameters from before the step.
public struct Divergence: Error, Sendable, Equatable, CustomStringConvertible {
  /// What was not finite.
  public enum Cause: Sendable, Equatable {
    /// The outputs of the layer with this 1-based number, the first such layer.
    case outputs(layer: Int)
    /// The gradient, or the update by it, though all outputs were finite; the layer is the one with the largest error.
    case update(layer: Int)
    /// The loss alone: the outputs of this layer, the last, are finite, but too far from the targets.
    case loss(layer: Int)
    /// The data hold a number that is not finite.
    case features
  }

  public let cause: Cause
  /// The layer as it prints itself, if there is one.
  public let layer: String?
  /// The epoch and the step within it, both counted from 1.
  public let epoch: Int
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
