/// Carries bytes between the processes of a run.
///
/// Transfers are begun in the same order on both sides, and ``finish()`` ends all that were begun. All communication
/// between processes consists of these three calls; all arithmetic is done by the processes themselves.
protocol Communicator: Sendable {
  /// The number of this process, from 0.
  var rank: Int { get }
  /// The number of processes.
  var count: Int { get }

  /// Begins to send bytes, which must stay as they are until ``finish()``.
  func send(_ bytes: UnsafeRawBufferPointer, to other: Int)
  /// Begins to receive bytes, which must not be read before ``finish()``.
  func receive(_ bytes: UnsafeMutableRawBufferPointer, from other: Int)
  /// Returns when everything that was begun is done.
  func finish()
}
