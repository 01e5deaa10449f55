extension Matrix {
  /// Fills the matrix with uniform numbers, column after column: low + (high − low) u, rounded once.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public mutating func fillUniform(_ range: ClosedRange<Double>, using generator: inout Philox) {
    withMutableSpan { span in
      for i in span.indices {
        span[i] = Scalar(range.lowerBound + (range.upperBound - range.lowerBound) * generator.nextUniform())
      }
    }
  }

  /// Fills the matrix with normally distributed numbers, column after column.
  ///
  /// Uses Marsaglia's polar method (1964), which makes two numbers from 2.5 draws on average. Each number is rounded
  /// once to `Scalar`, so both precisions get the same sequence.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public mutating func fillNormal(
    mean: Double = 0, standardDeviation: Double = 1, using generator: inout Philox
  ) {
    withMutableSpan { span in
      var i = 0
      while i < span.count {
        let u = 2 * generator.nextUniform() - 1
        let v = 2 * generator.nextUniform() - 1
        let s = u * u + v * v
        guard s < 1, s > 0 else { continue }
        let factor = (-2 * portableLogarithm(s) / s).squareRoot()
        span[i] = Scalar(mean + standardDeviation * (u * factor))
        if i + 1 < span.count { span[i + 1] = Scalar(mean + standardDeviation * (v * factor)) }
        i += 2
      }
    }
  }
}

/// The natural logarithm of a normal positive number, within 3 ulp, computed with IEEE operations only.
///
/// The C library's logarithm rounds differently from version to version, and the random fills must not. With x = 2ᵉ m,
/// m in [√½, √2), and s = (m − 1)/(m + 1): log x = e log 2 + 2 (s + s³/3 + s⁵/5 + …). Eleven terms reach double
/// precision because |s| ≤ 0.172.
package func portableLogarithm(_ x: Double) -> Double {
  var exponent = Double(x.exponent)
  var m = x.significand
  if m > 1.414_213_562_373_095_1 {
    m /= 2
    exponent += 1
  }
  let s = (m - 1) / (m + 1)
  let square = s * s
  var series = 0.0
  for denominator in stride(from: 21, through: 1, by: -2) { series = series * square + 1 / Double(denominator) }
  return exponent * 0.693_147_180_559_945_3 + 2 * s * series
}
