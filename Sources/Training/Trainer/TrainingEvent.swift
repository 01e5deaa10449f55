import Tensor

/// What a training that runs by itself tells.
public enum TrainingEvent<Scalar: BLASScalar>: Sendable {
  case epoch(EpochReport)
  /// The end: the trainer with the network that was trained.
  case finished(Trainer<Scalar>)
}
