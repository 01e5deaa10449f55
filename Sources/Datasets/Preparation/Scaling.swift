import Tensor

/// A map of each feature, fitted on training data: x' = (x - offset) * factor, or by quantiles.
public struct Scaling: Sendable, Equatable {
  /// How the map is computed from the data.
  public enum Method: String, Sendable, Equatable, CaseIterable {
    /// x' = x.
    case none
    /// x' = (x - mean) / standard deviation, where the standard deviation is that of the population (divided by the
    /// number of samples).
    case standard
    /// x' = (x - minimum) / (maximum - minimum), from 0 to 1.
    case minMax
    /// x' = (x - median) / (third quartile - first quartile). A few extreme values do not change it.
    case robust
    /// x' = y / √(1 + (y / 3)²), where y is as for `robust`, except that half of maximum - minimum replaces a distance
    /// of 0 between the quartiles (Holzmüller, Grinsztajn and Steinwart 2024). x' is within ±3, so an extreme value has
    /// hardly more influence than one that is merely far.
    case smoothClip = "smooth-clip"
    /// x' = Φ⁻¹(share of the data below x), so that the feature is normally distributed.
    case quantile
    /// x' = x / mean |x|. Zero stays 0, and proportions are kept: for targets that are counts, rates or amounts.
    case mean
  }

  /// How the map was fitted.
  public let method: Method
  /// What is subtracted from each feature.
  public let offsets: [Double]
  /// What each feature is multiplied by after the subtraction. The factor of a constant feature is 1, or 0 if the
  /// feature is to have no influence.
  public let factors: [Double]
  /// The quantiles of each feature for the method `quantile`, with offsets 0 and factors 1; empty for other methods.
  package let quantiles: [Quantiles]
  /// The range of each feature in the data, if answers are limited to it; otherwise empty. Neither map uses it.
  public private(set) var limits: [ClosedRange<Double>] = []

  /// Makes a map from known quantiles.
  package init(_ quantiles: [Quantiles]) {
    method = .quantile
    offsets = quantiles.map { _ in 0 }
    factors = quantiles.map { _ in 1 }
    self.quantiles = quantiles
  }

  /// Makes an affine map from known parameters, with one offset and one factor for each feature. Traps if their counts
  /// differ, if an offset is not finite, if a factor is negative or not finite, and for the method `quantile`.
  public init(method: Method, offsets: [Double], factors: [Double]) {
    guard method != .quantile else { fail("cannot scale by quantiles with offsets and factors") }
    guard offsets.count == factors.count, offsets.allSatisfy({ $0.isFinite }),
      factors.allSatisfy({ $0 >= 0 && $0.isFinite })
    else {
      fail(
        "cannot scale by \(offsets.count) offsets and \(factors.count) factors: there must be as many of both, all"
          + " finite, no factor below 0")
    }
    self.method = method
    self.offsets = offsets
    self.factors = factors
    quantiles = []
  }

  /// The same map, with limits for answers.
  ///
  /// - Parameter limits: A finite range for each feature, or none at all.
  /// - Precondition: Traps on another number of limits, and if one is not finite.
  public func withLimits(_ limits: [ClosedRange<Double>]) -> Scaling {
    guard limits.isEmpty || limits.count == offsets.count,
      limits.allSatisfy({ $0.lowerBound.isFinite && $0.upperBound.isFinite })
    else { fail("cannot limit \(offsets.count) features to \(limits)") }
    var scaling = self
    scaling.limits = limits
    return scaling
  }

  /// Joins the maps of features that were fitted by the same method.
  init(_ method: Method, joining scalings: [Scaling]) {
    if method == .quantile {
      self.init(scalings.flatMap(\.quantiles))
    } else {
      self.init(method: method, offsets: scalings.flatMap(\.offsets), factors: scalings.flatMap(\.factors))
    }
  }

  /// The same map, except that features that were constant in training have no influence.
  func withoutInfluence(_ isConstant: [Bool]) -> Scaling {
    guard method != .quantile, isConstant.contains(true) else { return self }
    return Scaling(method: method, offsets: offsets, factors: zip(factors, isConstant).map { $1 ? 0 : $0 })
  }

  /// Whether every number is kept unchanged as the feature.
  package var isIdentity: Bool { method == .none && !factors.contains(0) }

  /// The map of `count` features that changes nothing.
  public static func unscaled(_ count: Int) -> Scaling {
    Scaling(
      method: .none, offsets: Array(repeating: 0, count: count), factors: Array(repeating: 1, count: count))
  }

  /// Fits the map on data of features × samples, computed in `Double`. Traps unless there is at least one sample and
  /// all data are finite.
  ///
  /// Mean and variance are computed in separate passes. The mean is corrected once: the second pass measures the
  /// rounding error of the first (Chan, Golub and LeVeque, Algorithms for computing the sample variance, 1983). The
  /// offset of a constant feature is its value, and its factor is 1. If a method uses quartiles and they are equal, the
  /// offset is the median and the factor is 1. Quartiles and quantiles cost a sort of each feature.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public init<Scalar: BLASScalar>(_ method: Method, fittedOn data: Matrix<Scalar>) {
    guard data.columns > 0 else {
      fail("cannot fit a scaling on \(data.rows)×\(data.columns) data: at least one sample is needed")
    }
    if method == .quantile {
      self.init((0..<data.rows).map { row in Self.withSorted(data, row) { Quantiles(fittedOn: $0) } })
      return
    }
    var offsets = [Double](repeating: 0, count: data.rows)
    var factors = [Double](repeating: 1, count: data.rows)
    if method == .robust || method == .smoothClip {
      for row in 0..<data.rows {
        Self.withSorted(data, row) { values in
          offsets[row] = Quantiles.quantile(values, 0.5)
          var factor = 1 / (Quantiles.quantile(values, 0.75) - Quantiles.quantile(values, 0.25))
          if method == .smoothClip, factor == .infinity { factor = 2 / (values[values.count - 1] - values[0]) }
          factors[row] = factor.isFinite && factor > 0 ? factor : 1
        }
      }
    } else if method == .mean {
      for row in 0..<data.rows {
        Self.withSorted(data, row) { values in
          let unit = Self.powerOfTwo(below: max(values[0].magnitude, values[values.count - 1].magnitude))
          let mean = values.reduce(0) { $0 + $1.magnitude / unit } / Double(values.count)
          let factor = 1 / mean / unit
          factors[row] = factor.isFinite && factor > 0 ? factor : 1
        }
      }
    } else if method != .none {
      let (minima, maxima) = Self.ranges(of: data)
      offsets = minima
      // A power of two near the largest magnitude. Values are divided by it so that squares and sums stay in range.
      let units = zip(minima, maxima).map { Self.powerOfTwo(below: max($0.magnitude, $1.magnitude)) }
      // The divisors per unit: standard deviations or widths.
      var divisors = zip(zip(minima, maxima), units).map { $0.1 / $1 - $0.0 / $1 }
      if method == .standard { Self.standardise(data, units, &offsets, &divisors) }
      for row in 0..<data.rows where maxima[row] > minima[row] {
        let factor = 1 / divisors[row] / units[row]
        factors[row] = factor.isFinite && factor > 0 ? factor : 1
      }
    }
    self.init(method: method, offsets: offsets, factors: factors)
  }

  /// Maps the data, features × samples. Traps if the number of features differs from the map's.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func apply<Scalar: BLASScalar>(to data: inout Matrix<Scalar>) {
    check(data.rows, data.columns, "apply")
    if isIdentity { return }
    transform(&data, scaled)
  }

  /// Maps the data back: x = x' / factor + offset, or to the quantile. Traps if the number of features differs from the
  /// map's. What a smooth clip cannot give, 3 and beyond, becomes infinite.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func invert<Scalar: BLASScalar>(_ data: inout Matrix<Scalar>) {
    check(data.rows, data.columns, "invert and apply")
    if method == .none { return }
    transform(&data, inverted)
  }

  /// values ← the data, mapped back in `Double`, so that a value far from 0 compared with its spread keeps its digits.
  ///
  /// - Parameter count: How many adjacent rows belong to each feature.
  /// - Shapes: data and values, (features · count) × any.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func invert<Scalar: BLASScalar>(_ data: Tile<Scalar>, into values: Tile<Double>, repeating count: Int = 1) {
    for column in 0..<data.columns {
      let (from, to) = (data[columns: column..<column + 1], values[columns: column..<column + 1])
      for row in 0..<data.rows { to[row] = inverted(Double(from[row]), row / count) }
    }
  }

  /// Moves values that are beyond the limits to the nearest limit.
  ///
  /// - Parameter count: How many adjacent rows belong to each feature.
  /// - Shapes: values (features · count) × any, in the units of the data.
  package func limit(_ values: Tile<Double>, repeating count: Int = 1) {
    guard !limits.isEmpty else { return }
    for column in 0..<values.columns {
      let own = values[columns: column..<column + 1]
      for row in 0..<values.rows { own[row] = limited(own[row], to: limits[row / count]) }
    }
  }

  /// The limits of a scaled feature; nil if there are none.
  package func scaledLimits(ofFeature feature: Int) -> ClosedRange<Double>? {
    guard !limits.isEmpty else { return nil }
    return scaled(limits[feature].lowerBound, feature)...scaled(limits[feature].upperBound, feature)
  }

  /// The smallest and the largest number of each feature.
  static func limits(of data: Matrix<Double>) -> [ClosedRange<Double>] {
    let (minima, maxima) = ranges(of: data)
    return zip(minima, maxima).map { $0...$1 }
  }

  /// How one feature is mapped.
  func scale(ofFeature feature: Int) -> FeatureScale {
    FeatureScale(
      offset: offsets[feature], factor: factors[feature], isClipped: method == .smoothClip,
      quantiles: method == .quantile ? quantiles[feature] : nil)
  }

  /// A number of one feature, mapped.
  @inline(__always)
  func scaled(_ value: Double, _ feature: Int) -> Double {
    if method == .quantile { return quantiles[feature].scaled(value) }
    let affine = (value - offsets[feature]) * factors[feature]
    return method == .smoothClip ? smoothlyClipped(affine) : affine
  }

  /// A number of one feature, mapped back.
  @inline(__always)
  private func inverted(_ value: Double, _ feature: Int) -> Double {
    if method == .quantile { return quantiles[feature].inverted(value) }
    // A feature with the factor 0 was constant.
    if factors[feature] == 0 { return offsets[feature] }
    let affine = method == .smoothClip ? unclipped(value) : value
    return affine / factors[feature] + offsets[feature]
  }

  private func check(_ rows: Int, _ columns: Int, _ operation: String) {
    guard rows == offsets.count else {
      fail("cannot \(operation) a scaling of \(offsets.count) features to \(rows)×\(columns) data")
    }
  }

  @inline(__always)
  private func transform<Scalar: BLASScalar>(
    _ data: inout Matrix<Scalar>, _ map: (_ value: Double, _ feature: Int) -> Double
  ) {
    let (rows, columns) = (data.rows, data.columns)
    data.withMutableSpan { span in
      for column in 0..<columns {
        for row in 0..<rows {
          let index = column * rows + row
          span[index] = Scalar(map(Double(span[index]), row))
        }
      }
    }
  }

  /// The values of a feature in ascending order.
  @inline(__always)
  private static func withSorted<Scalar: BLASScalar, Result>(
    _ data: Matrix<Scalar>, _ row: Int, _ body: (UnsafeBufferPointer<Double>) -> Result
  ) -> Result {
    var values = Matrix<Double>(rows: 1, columns: data.columns)
    return values.withTile { tile in
      var values = UnsafeMutableBufferPointer(start: tile.base, count: data.columns)
      data.withSpan { span in for column in values.indices { values[column] = Double(span[column * data.rows + row]) } }
      values.sort()
      return body(UnsafeBufferPointer(values))
    }
  }

  /// Writes the means to the offsets and the standard deviations, per unit, to the divisors, for rows that are not
  /// constant.
  @inline(__always)
  private static func standardise<Scalar: BLASScalar>(
    _ data: Matrix<Scalar>, _ units: [Double], _ offsets: inout [Double], _ divisors: inout [Double]
  ) {
    let count = Double(data.columns)
    let inverse = units.map { 1 / $0 }
    var means = [Double](repeating: 0, count: data.rows)
    for _ in 0..<2 {
      var sums = [Double](repeating: 0, count: data.rows)
      forEach(of: data) { row, value in sums[row] += value * inverse[row] - means[row] }
      for row in means.indices { means[row] += sums[row] / count }
    }
    var squares = [Double](repeating: 0, count: data.rows)
    forEach(of: data) { row, value in
      let deviation = value * inverse[row] - means[row]
      squares[row] += deviation * deviation
    }
    for row in means.indices where divisors[row] > 0 {
      offsets[row] = means[row] * units[row]
      divisors[row] = (squares[row] / count).squareRoot()
    }
  }

  @inline(__always)
  private static func ranges<Scalar: BLASScalar>(of data: Matrix<Scalar>) -> (minima: [Double], maxima: [Double]) {
    var minima = [Double](repeating: .infinity, count: data.rows)
    var maxima = [Double](repeating: -.infinity, count: data.rows)
    forEach(of: data) { row, value in
      minima[row] = min(minima[row], value)
      maxima[row] = max(maxima[row], value)
    }
    return (minima, maxima)
  }

  @inline(__always)
  private static func forEach<Scalar: BLASScalar>(of data: Matrix<Scalar>, _ body: (Int, Double) -> Void) {
    let (rows, columns) = (data.rows, data.columns)
    data.withSpan { span in
      for column in 0..<columns {
        for row in 0..<rows { body(row, Double(span[column * rows + row])) }
      }
    }
  }

  /// The power of two in (value / 2, value], limited to the range where its inverse is a normal number; 1 for other
  /// values.
  package static func powerOfTwo(below value: Double) -> Double {
    guard value.isFinite, value > 0 else { return 1 }
    return Double(sign: .plus, exponent: min(max(value.exponent, -1021), 1021), significand: 1)
  }
}

/// The number of a range that is nearest to a value; NaN stays NaN.
package func limited(_ value: Double, to range: ClosedRange<Double>) -> Double {
  value < range.lowerBound ? range.lowerBound : value > range.upperBound ? range.upperBound : value
}

/// y / √(1 + (y / 3)²), in a form that does not overflow: within ±3.
func smoothlyClipped(_ y: Double) -> Double {
  let u = y / 3
  return u.magnitude <= 1 ? y / (1 + u * u).squareRoot() : (u < 0 ? -3 : 3) / (1 + 1 / (u * u)).squareRoot()
}

/// The number that ``smoothlyClipped(_:)`` maps to x; infinite from 3 on.
private func unclipped(_ x: Double) -> Double {
  let u = x / 3
  return u.magnitude < 1 ? x / (1 - u * u).squareRoot() : x * .infinity
}
