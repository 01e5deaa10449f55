import PerceptronLayers
import Tensor

/// The ``Trainer/result`` after an epoch: the best one, or the end of a cycle; see ``Selection``.
public struct KeptEpoch<Scalar: BLASScalar>: Sendable {
  /// The number of the epoch, counted from 1.
  public let epoch: Int
  /// The loss on the validation samples after the epoch.
  public let validationLoss: Double
  /// The share of wrong answers on the validation samples after the epoch; nil unless the epoch was chosen by it.
  public let validationError: Double?
  /// The network's parameters after the epoch.
  public let parameters: Matrix<Scalar>
  /// The network's running statistics after the epoch.
  public let statistics: Matrix<Scalar>
}

extension Selection {
  /// The index of the end of a cycle to keep, by the validation losses after all of them; see ``cycle``.
  ///
  /// - Parameter sampleCount: The number of validation samples.
  package static func indexOfBestCycle(_ losses: [Double], sampleCount: Int) -> Int {
    let last = losses.count - 1
    let best = losses.indices.min { losses[$0] < losses[$1] } ?? last
    let least = abs(losses[last]) / Double(sampleCount).squareRoot()
    return losses[last] - losses[best] > least || !losses[last].isFinite ? best : last
  }
}
