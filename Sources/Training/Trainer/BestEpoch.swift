import PerceptronLayers
import Tensor

/// The network after the epoch with the lowest validation loss.
public struct BestEpoch<Scalar: BLASScalar>: Sendable {
  /// The number of the epoch, counted from 1.
  public let epoch: Int
  /// The loss on the validation samples after the epoch.
  public let validationLoss: Double
  /// The network's parameters after the epoch.
  public let parameters: Matrix<Scalar>
  /// The network's running statistics after the epoch.
  public let statistics: Matrix<Scalar>
}
