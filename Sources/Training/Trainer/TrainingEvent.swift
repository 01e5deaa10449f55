import Tensor

/// An event of a training that runs in the background.
public enum TrainingEvent<Scalar: BLASScalar>: Sendable {
  /// An epoch is complete.
  case epoch(EpochReport)
  /// Training has ended. The trainer holds the trained network.
  case finished(Trainer<Scalar>)
}
