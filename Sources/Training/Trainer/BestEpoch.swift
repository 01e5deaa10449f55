import PerceptronLayers
import Tensor

/// The network after the epoch with the lowest validation loss.
public struct BestEpoch<Scalar: BLASScalar>: Sendable {
  public let epoch: Int
  public let validationLoss: Double
  public let parameters: Matrix<Scalar>
  public let statistics: Matrix<Scalar>
}
