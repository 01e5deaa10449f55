import Tensor

/// Where a training stands. A trainer that was made with the same settings and is restored from it goes on to the same
/// bits, on the same samples.
///
///     try trainer.fit(on: samples, epochs: 50, afterEpoch: { _, trainer in
///       checkpoint = Checkpoint(trainer)
///       return true
///     })
///     …
///     try trainer.restore(checkpoint)
///
/// All that changes in the course of a training is in it by names, as numbers and matrices, for a file to keep.
public struct Checkpoint<Scalar: BLASScalar>: Sendable, Equatable {
  /// What the trainer was made with, by names.
  package let settings: [String: String]
  package let counts: [String: Int]
  package let numbers: [String: [Double]]
  package let matrices: [String: Matrix<Scalar>]
  /// What else is to be kept, by names of the caller's.
  public var notes: [String: String]
  /// The same for lists of numbers, which may grow from epoch to epoch.
  package var series: [String: [Double]]

  package init(
    settings: [String: String], counts: [String: Int], numbers: [String: [Double]], matrices: [String: Matrix<Scalar>],
    notes: [String: String] = [:], series: [String: [Double]] = [:]
  ) {
    self.settings = settings
    self.counts = counts
    self.numbers = numbers
    self.matrices = matrices
    self.notes = notes
    self.series = series
  }
}
