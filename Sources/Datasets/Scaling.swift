import Tensor

/// An affine map of each feature, fitted on training data: x' = (x - offset) * factor.
public struct Scaling: Sendable, Equatable {
  /// How offsets and factors come from the data.
  public enum Method: String, Sendable, Equatable, CaseIterable {
    /// x' = x.
    case none
    /// x' = (x - mean) / standard deviation, that of the population (division by the number of samples).
    case standard
    /// x' = (x - minimum) / (maximum - minimum), from 0 to 1.
    case minMax
  }

  /// How the map was fitted.
  public let method: Method
  /// What is subtracted from each feature.
  public let offsets: [Double]
  /// What each feature is multiplied by then; 1 for a feature that was constant.
  public let factors: [Double]

  /// A map with known parameters, one offset and one factor for each feature; traps if they are not
  /// equally many, an offset is not finite, or a factor not positive and finite.
  public init(method: Method, offsets: [Double], factors: [Double]) {
    guard offsets.count == factors.count, offsets.allSatisfy({ $0.isFinite }),
      factors.allSatisfy({ $0 > 0 && $0.isFinite })
    else {
      fail(
        "cannot scale by \(offsets.count) offsets and \(factors.count) factors: as many are needed, finite, the factors positive"
      )
    }
    self.method = method
    self.offsets = offsets
    self.factors = factors
  }

  /// Fits the map on data of features × samples, of which there has to be at least one and all finite, or it traps; works in Double.
  ///
  /// Mean and variance are taken in separate passes, the mean with one step of correction: what rounding left of it
  /// in the first pass is measured in the second (Chan, Golub and LeVeque, Algorithms for computing the sample
  /// variance, 1983). A feature that is constant gets its value as the offset and the factor 1.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public init<Scalar: BLASScalar>(_ method: Method, fittedOn data: Matrix<Scalar>) {
    guard data.columns > 0 else {
      fail("cannot fit a scaling on \(data.rows)×\(data.columns) data: a sample is needed")
    }
    var offsets = [Double](repeating: 0, count: data.rows)
    var factors = [Double](repeating: 1, count: data.rows)
    if method != .none {
      let (minima, maxima) = Self.ranges(of: data)
      offsets = minima
      // A power of two near the largest magnitude, by which to divide lest squares and sums leave the range.
      let units = zip(minima, maxima).map { Self.powerOfTwo(below: max($0.magnitude, $1.magnitude)) }
      // Per unit, the divisors: standard deviations or widths.
      var divisors = zip(zip(minima, maxima), units).map { $0.1 / $1 - $0.0 / $1 }
      if method == .standard { Self.standardise(data, units, &offsets, &divisors) }
      for row in 0..<data.rows where maxima[row] > minima[row] {
        let factor = 1 / divisors[row] / units[row]
        factors[row] = factor.isFinite && factor > 0 ? factor : 1
      }
    }
    self.init(method: method, offsets: offsets, factors: factors)
  }

  /// Maps the data, features × samples; traps if the number of features is not that of the map.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func apply<Scalar: BLASScalar>(to data: inout Matrix<Scalar>) {
    check(data.rows, data.columns, "apply")
    if method == .none { return }
    transform(&data) { (value, offset, factor) in (value - offset) * factor }
  }

  /// Maps the data back: x = x' / factor + offset; traps if the number of features is not that of the map.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func invert<Scalar: BLASScalar>(_ data: inout Matrix<Scalar>) {
    check(data.rows, data.columns, "invert and apply")
    if method == .none { return }
    transform(&data) { (value, offset, factor) in value / factor + offset }
  }

  /// A number of a feature, mapped.
  @inline(__always)
  func scaled(_ value: Double, _ feature: Int) -> Double { (value - offsets[feature]) * factors[feature] }

  private func check(_ rows: Int, _ columns: Int, _ operation: String) {
    guard rows == offsets.count else {
      fail("cannot \(operation) a scaling of \(offsets.count) features to \(rows)×\(columns) data")
    }
  }

  @inline(__always)
  private func transform<Scalar: BLASScalar>(
    _ data: inout Matrix<Scalar>, _ map: (Double, Double, Double) -> Double
  ) {
    let (rows, columns) = (data.rows, data.columns)
    data.withMutableSpan { span in
      for column in 0..<columns {
        for row in 0..<rows {
          let index = column * rows + row
          span[index] = Scalar(map(Double(span[index]), offsets[row], factors[row]))
        }
      }
    }
  }

  /// The means to offsets, and, per unit, the standard deviations to divisors, of rows that are not constant.
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

  /// The power of two in (value / 2, value], within the range whose inverse is a normal number; 1 for other values.
  private static func powerOfTwo(below value: Double) -> Double {
    guard value.isFinite, value > 0 else { return 1 }
    return Double(sign: .plus, exponent: min(max(value.exponent, -1021), 1021), significand: 1)
  }
}
