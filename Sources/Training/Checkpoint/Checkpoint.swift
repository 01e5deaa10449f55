import Tensor

/// The complete state of a training. A trainer that was made with the same settings can restore it. On the same
/// samples, it then continues to the same bits.
///
///     try trainer.fit(on: samples, epochs: 50, afterEpoch: { _, trainer in
///       checkpoint = Checkpoint(trainer)
///       return true
///     })
///     …
///     try trainer.restore(checkpoint)
///
/// It holds everything that changes during training, as named numbers and matrices that a file can keep.
public struct Checkpoint<Scalar: BLASScalar>: Sendable, Equatable {
  /// The settings of the trainer, by name.
  package let settings: [String: String]
  package let counts: [String: Int]
  package let numbers: [String: [Double]]
  package let matrices: [String: Matrix<Scalar>]
  /// Additional strings of the caller, by name.
  public var notes: [String: String]
  /// Additional lists of numbers of the caller, by name. They may grow from epoch to epoch.
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
