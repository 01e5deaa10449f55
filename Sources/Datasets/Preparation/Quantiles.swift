import Tensor

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// A feature's distribution in the training data as at most 1000 quantiles, and the map to the normal distribution by
/// it.
///
/// Quantile k of n belongs to the share p = k / (n - 1) of the data. Between two quantiles the share goes linearly; a
/// value that several quantiles have gets the middle of their shares. Then x' = Φ⁻¹(p), with p kept within 10⁻⁷ and 1 -
/// 10⁻⁷, so that nothing gets further than 5.2 from 0. (As scikit-learn's QuantileTransformer does, but fitted on all
/// of the data.)
public struct Quantiles: Sendable, Equatable {
  /// The quantiles in ascending order; at least one.
  public let values: [Double]

  /// The most quantiles that there may be, and that a fit takes.
  public static let most = 1000

  /// The map by known quantiles.
  ///
  /// - Precondition: Traps if there are none or more than ``most``, they do not ascend, or one is not finite.
  public init(_ values: [Double]) {
    guard 1...Self.most ~= values.count, values.allSatisfy(\.isFinite),
      zip(values, values.dropFirst()).allSatisfy({ $0 <= $1 })
    else {
      fail(
        "cannot scale by \(values.count) quantiles: there must be 1 to \(Self.most), all finite and in ascending order")
    }
    self.values = values
  }

  /// The quantiles of values, which are in ascending order.
  init(fittedOn sorted: [Double]) {
    let count = min(sorted.count, Self.most)
    self.init((0..<count).map { Self.quantile(sorted, count > 1 ? Double($0) / Double(count - 1) : 0) })
  }

  /// The value below which a share of the values, which are in ascending order, lies; between two it goes linearly.
  package static func quantile(_ sorted: [Double], _ share: Double) -> Double {
    let place = share * Double(sorted.count - 1)
    let index = min(Int(place), sorted.count - 1)
    let next = min(index + 1, sorted.count - 1)
    let part = place - Double(index)
    // In this form the middle of two huge values of different signs does not leave the range. Rounding may take it past
    // one of the two, so that it would not be between them: 0.1 · 0.9 + 0.1 · 0.1 is not 0.1.
    let (low, high) = (sorted[index], sorted[next])
    return min(max(low * (1 - part) + high * part, low), high)
  }

  /// The number of the normal distribution that has the same share below it; 0 if all quantiles are equal.
  func scaled(_ value: Double) -> Double {
    guard values[0] < values[values.count - 1] else { return 0 }
    return Self.normal(share(of: value))
  }

  /// The value that has the same share below it as a number of the normal distribution; NaN for NaN.
  func inverted(_ number: Double) -> Double {
    number.isNaN ? number : Self.quantile(values, erfc(-number / 2.0.squareRoot()) / 2)
  }

  private func share(of value: Double) -> Double {
    let first = firstIndex { $0 < value }
    let last = Double(values.count - 1)
    if first == values.count { return 1 }
    if values[first] > value {
      guard first > 0 else { return 0 }
      let (low, high) = (values[first - 1], values[first])
      return (Double(first - 1) + (value / 2 - low / 2) / (high / 2 - low / 2)) / last
    }
    let end = firstIndex { $0 <= value }
    if first == 0 { return 0 }
    if end == values.count { return 1 }
    return Double(first + end - 1) / 2 / last
  }

  /// The index of the first quantile that is not before; those that are come first.
  @inline(__always)
  private func firstIndex(_ isBefore: (Double) -> Bool) -> Int {
    var (low, high) = (0, values.count)
    while low < high {
      let middle = (low + high) / 2
      if isBefore(values[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Φ⁻¹(p): a rational estimate within 4.5 · 10⁻⁴ (Abramowitz and Stegun, Handbook of Mathematical Functions,
  /// 26.2.23), then two steps of Halley's method, each of which leaves about the cube of the error.
  private static func normal(_ share: Double) -> Double {
    let bound = 1e-7
    let share = min(max(share, bound), 1 - bound)
    // In the lower half, where shares are exact to the last bit.
    let p = min(share, 1 - share)
    let t = (-2 * log(p)).squareRoot()
    var x = (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))) - t
    for _ in 0..<2 {
      // e = (Φ(x) - p) / φ(x), and φ′/φ = -x.
      let e = (erfc(-x / 2.0.squareRoot()) / 2 - p) * (2 * Double.pi).squareRoot() * exp(x * x / 2)
      x -= e / (1 + x * e / 2)
    }
    return share < 0.5 ? x : -x
  }
}
