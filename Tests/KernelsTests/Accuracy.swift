import Foundation

/// What results are compared with: a format with more digits than either precision, where there is one.
#if arch(x86_64)
  typealias Wide = Float80
#else
  typealias Wide = Double
#endif

extension Function {
  func reference(_ x: Wide) -> Wide {
    switch self {
    case .exp: Foundation.exp(x)
    case .log: Foundation.log(x)
    case .erf: Foundation.erf(x)
    case .tanh: Foundation.tanh(x)
    case .relu: x < 0 ? 0 : x
    case .sigmoid:
      if x < 0 {
        Foundation.exp(x) / (1 + Foundation.exp(x))
      } else {
        1 / (1 + Foundation.exp(-x))
      }
    }
  }

  /// The same in Double, which is much faster and has digits enough for results in Float.
  func reference(_ x: Float) -> Double {
    let x = Double(x)
    return switch self {
    case .exp: Foundation.exp(x)
    case .log: Foundation.log(x)
    case .erf: Foundation.erf(x)
    case .tanh: Foundation.tanh(x)
    case .relu: x < 0 ? 0 : x
    case .sigmoid: x < 0 ? Foundation.exp(x) / (1 + Foundation.exp(x)) : 1 / (1 + Foundation.exp(-x))
    }
  }
}

/// The distance from `got` to the true value in units of the last place that the true value has in Real; a denormal
/// number's is the least positive number. Infinite if one is NaN or infinite and the other, rounded, is not.
func ulps<Real: KernelReal, Reference: BinaryFloatingPoint>(_ got: Real, from reference: Reference) -> Double {
  let rounded = Real(reference)
  if rounded.isNaN || got.isNaN { return rounded.isNaN && got.isNaN ? 0 : .infinity }
  if got == rounded && (got.isInfinite || got == 0 && reference == 0) { return 0 }
  if got.isInfinite || rounded.isInfinite { return .infinity }
  return Double(abs(Reference(got) - reference) / Reference(rounded.ulp))
}

/// The largest error of a function over many arguments, and where it was met.
struct WorstError<Real: KernelReal> {
  private(set) var ulps = 0.0
  private(set) var argument: Real = 0
  private(set) var count = 0

  mutating func take<Reference: BinaryFloatingPoint>(_ got: Real, at x: Real, reference: Reference) {
    let error = KernelsTests.ulps(got, from: reference)
    if error > ulps { (ulps, argument) = (error, x) }
    count += 1
  }
}
