import Tensor

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// A feature's distribution in the training data as at most 1000 quantiles, and the map to the normal distribution that
/// they define.
///
/// Quantile k of n belongs to the share p = k / (n - 1) of the data. Between two quantiles the share is interpolated
/// linearly. A value that equals several quantiles gets the middle of their shares. Then x' = Φ⁻¹(p), with p kept
/// between 10⁻⁷ and 1 - 10⁻⁷, so that no result is further than 5.2 from 0. (scikit-learn's QuantileTransformer does
/// the same; here the fit uses all of the data.)
package struct Quantiles: Sendable, Equatable {
  /// The quantiles in ascending order; at least one.
  package let values: [Double]

  /// The largest number of quantiles; a fit takes at most this many.
  package static let most = 1000

  /// Makes the map from known quantiles.
  ///
  /// - Precondition: Traps if there are none or more than ``most``, if they are not in ascending order, or if one is
  ///   not finite.
  package init(_ values: [Double]) {
    guard 1...Self.most ~= values.count, values.allSatisfy(\.isFinite),
      zip(values, values.dropFirst()).allSatisfy({ $0 <= $1 })
    else {
      fail(
        "cannot scale by \(values.count) quantiles: there must be 1 to \(Self.most), all finite and in ascending order")
    }
    self.values = values
  }

  /// The quantiles of values in ascending order.
  init<Values: RandomAccessCollection<Double>>(fittedOn sorted: Values) where Values.Index == Int {
    let count = min(sorted.count, Self.most)
    self.init((0..<count).map { Self.quantile(sorted, count > 1 ? Double($0) / Double(count - 1) : 0) })
  }

  /// The value below which a share of the ascending values lies. Between two values it is interpolated linearly.
  package static func quantile<Values: RandomAccessCollection<Double>>(
    _ sorted: Values, _ share: Double
  ) -> Double where Values.Index == Int {
    let place = share * Double(sorted.count - 1)
    let index = min(Int(place), sorted.count - 1)
    let next = min(index + 1, sorted.count - 1)
    let part = place - Double(index)
    // In this form the middle of two huge values of different signs does not leave the range. Rounding may move it
    // outside the two values, as 0.1 · 0.9 + 0.1 · 0.1 is not 0.1, so it is clamped between them.
    let (low, high) = (sorted[index], sorted[next])
    return min(max(low * (1 - part) + high * part, low), high)
  }

  /// The number with the same share below it in the normal distribution; 0 if all quantiles are equal.
  func scaled(_ value: Double) -> Double {
    guard values[0] < values[values.count - 1] else { return 0 }
    return Self.normal(share(of: value))
  }

  /// The value with the same share below it as `number` has in the normal distribution; NaN for NaN.
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

  /// The index of the first quantile for which `isBefore` is false. The quantiles for which it is true come first.
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
  /// 26.2.23), then two steps of Halley's method. Each step leaves about the cube of the error.
  private static func normal(_ share: Double) -> Double {
    let bound = 1e-7
    let share = min(max(share, bound), 1 - bound)
    // The lower half is used because shares there are exact to the last bit.
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
