import Tensor

/// A division of samples into training and validation samples.
public struct Split: Sendable, Equatable {
  /// 0-based indices in ascending order.
  public internal(set) var training: [Int]
  /// The indices of the validation samples.
  public internal(set) var validation: [Int]

  init(training: [Int], validation: [Int]) { (self.training, self.validation) = (training, validation) }

  /// Draws the validation samples at random from `count` samples. Their number is `share` of all samples, rounded, but
  /// each side gets at least one sample.
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
