import PerceptronFiles

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// A range of numbers with ticks at round values.
package struct Axis {
  package struct Tick: Equatable {
    package let value: Double
    package let label: String
  }

  /// How numbers are mapped to positions.
  package enum Scale {
    /// Logarithmic if all values are positive and the largest is more than 30 times the least; otherwise linear.
    case automatic
    case linear
    case linearFromZero
    /// Linear, for integers; the range is exactly that of the values.
    case whole
  }

  package let name: String
  package let range: ClosedRange<Double>
  package let isLogarithmic: Bool
  package let ticks: [Tick]

  /// Makes an axis for the finite values among `values`.
  package init(_ name: String, _ values: [Double], _ scale: Scale = .linear) {
    let isWhole = scale == .whole
    self.name = name
    let finite = values.filter(\.isFinite) + (scale == .linearFromZero ? [0] : [])
    let (least, most) = (finite.min() ?? 0, finite.max() ?? 1)
    isLogarithmic = scale == .automatic && least > 0 && most / least > 30
    if isLogarithmic {
      let round = Self.roundNumbers(least, most)
      range = round.first!...round.last!
      let decades = round.filter { Self.isPowerOfTen($0) }
      let shown = round.count <= 7 || decades.count < 2 ? round : decades
      let step = (shown.count + 6) / 7
      ticks = shown.indices.filter { $0 % step == 0 }.map {
        Tick(value: shown[$0], label: Self.logarithmicLabel(shown[$0]))
      }
      return
    }
    // Limits the values so that no difference is infinite.
    let limit = Double.greatestFiniteMagnitude / 4
    var (low, high) = (max(least, -limit), min(most, limit))
    if !(high - low > max(abs(high), abs(low)) * 1e-9) {
      let margin = isWhole ? 0.5 : low == 0 ? 1 : abs(low) / 10
      (low, high) = (low - margin, high + margin)
    }
    let step = Self.roundStep((high - low) / 7, isWhole: isWhole)
    if !isWhole { (low, high) = ((low / step).rounded(.down) * step, (high / step).rounded(.up) * step) }
    range = low...high
    let (first, last) = ((low / step).rounded(.up), (high / step).rounded(.down))
    var values = (0...max(0, Int(last - first))).map { (first + Double($0)) * step }
    // Epochs are counted from 1.
    if isWhole, step > 1, values.first == 0 || low == 1 { values = [low] + values.filter { $0 - low >= step / 2 } }
    let largest = max(abs(low), abs(high))
    ticks = values.map { Tick(value: $0, label: Self.label($0, step: step, largest: largest)) }
  }

  /// Makes an axis with a place for each row, from the top of a picture to its bottom: the last row is at 0, the row
  /// before it at 1, and so on.
  init(rows: [String]) {
    name = ""
    range = -0.5...max(Double(rows.count) - 0.5, 0.5)
    isLogarithmic = false
    ticks = rows.enumerated().map { Tick(value: Double(rows.count - 1 - $0), label: $1) }
  }

  /// The position of a number, from 0 at the low end to 1 at the high end.
  package func position(_ value: Double) -> Double {
    isLogarithmic
      ? log(value / range.lowerBound) / log(range.upperBound / range.lowerBound)
      : (value - range.lowerBound) / (range.upperBound - range.lowerBound)
  }

  /// The least of 1, 2, 5, 10, … times a power of ten that is not below `least`.
  private static func roundStep(_ least: Double, isWhole: Bool) -> Double {
    let power = pow(10, floor(log10(least)))
    let step = [1, 2, 5].map { $0 * power }.first { $0 >= least * (1 - 1e-9) } ?? 10 * power
    return isWhole ? max(step, 1) : step
  }

  /// 1, 2 and 5 times the powers of ten, from the last one not above `low` to the first one not below `high`.
  private static func roundNumbers(_ low: Double, _ high: Double) -> [Double] {
    let all = (Int(floor(log10(low)))...Int(ceil(log10(high)))).flatMap { power in
      [1, 2, 5].map { $0 * pow(10, Double(power)) }
    }
    let first = all.lastIndex { $0 <= low } ?? 0
    let last = all.firstIndex { $0 >= high } ?? all.count - 1
    return Array(all[first...last])
  }

  private static func isPowerOfTen(_ value: Double) -> Bool { abs(log10(value) - log10(value).rounded()) < 1e-9 }

  private static func label(_ value: Double, step: Double, largest: Double) -> String {
    if largest >= 1e9 || largest < 1e-4 { return scientific(value) }
    let (unit, suffix) = largest >= 1e6 ? (1e6, " M") : largest >= 1e4 ? (1e3, " k") : (1, "")
    let digits = max(0, Int(-floor(log10(step / unit * 1.000001))))
    return (value / unit).fixed(digits).replacingMinus + (value == 0 ? "" : suffix)
  }

  private static func logarithmicLabel(_ value: Double) -> String {
    (1e-3..<9e4).contains(value) ? value.short : scientific(value)
  }

  /// The number in scientific notation, such as 2·10⁻⁵.
  private static func scientific(_ value: Double) -> String {
    guard value != 0 else { return "0" }
    let power = floor(log10(abs(value)) + 1e-9)
    let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
    let exponent = (power < 0 ? "⁻" : "") + String(String(Int(abs(power))).map { digits[$0.wholeNumberValue!] })
    // Divides in two steps, since 10 to a power below -308 is not a normal number.
    let factor = (value / pow(10, power / 2) / pow(10, power / 2)).short.replacingMinus
    return (factor == "1" ? "" : factor == "−1" ? "−" : factor + "·") + "10" + exponent
  }
}

extension String {
  /// The string with a minus sign that is as wide as a digit.
  fileprivate var replacingMinus: String { hasPrefix("-") ? "−" + dropFirst() : self }
}
