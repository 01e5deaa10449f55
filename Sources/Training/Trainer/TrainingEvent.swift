import Tensor

/// An event of a training that runs in the background; see
/// ``Trainer/events(on:augmentation:validation:epochs:patience:selection:trainerEvery:)``.
public indirect enum TrainingEvent<Scalar: BLASScalar>: Sendable {
  /// Some of the samples of an epoch, counted from 1, are done. There is such an event at most ten times a second.
  case progress(epoch: Int, samplesDone: Int)
  /// An epoch is complete. The trainer is that after the epoch, for a checkpoint, if it was asked for.
  case epoch(EpochReport, Trainer<Scalar>?)
  /// Training has ended, was stopped, or failed; in the last case the sequence then throws. The trainer holds the
  /// network as it is then, and can continue.
  case finished(Trainer<Scalar>)
}
