import Tensor

/// A random division of samples into those to learn from and those to judge by while learning.
public struct Split: Sendable, Equatable {
  /// 0-based indices in ascending order.
  public let training: [Int]
  public let validation: [Int]

  /// Draws so many of `count` samples for validation that they are `share` of all, rounded, but at least one of each
  /// kind.
  ///
  /// - Precondition: Traps unless there are at least two samples and 0 < share < 1.
  public init(_ count: Int, validationShare share: Double, using generator: inout Philox) {
    guard count > 1, share > 0, share < 1 else {
      fail("cannot split \(count) samples with a share of \(share) for validation")
    }
    var order = Array(0..<count)
    generator.shuffle(&order)
    let validationCount = min(max(Int((Double(count) * share).rounded()), 1), count - 1)
    validation = order.prefix(validationCount).sorted()
    training = order.dropFirst(validationCount).sorted()
  }
}
