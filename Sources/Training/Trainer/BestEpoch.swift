import PerceptronLayers
import Tensor

/// The ``Trainer/result`` after the best epoch; see ``Selection``.
public struct BestEpoch<Scalar: BLASScalar>: Sendable {
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
