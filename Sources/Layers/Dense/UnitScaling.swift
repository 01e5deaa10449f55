import Tensor

/// A scaling of a layer's units with fixed numbers, which the neighbouring weights can absorb.
///
///     x ↦ s ∘ (x − c) + t
///
/// s, c and t each have a number per unit, or one for all units.
package struct UnitScaling: Sendable {
  private let factors: [Double]
  private let centers: [Double]
  private let offsets: [Double]

  /// x ↦ s ∘ (x − c) + t.
  package init(factors: [Double], centers: [Double], offsets: [Double]) {
    (self.factors, self.centers, self.offsets) = (factors, centers, offsets)
  }

  /// x ↦ s ∘ x + t.
  package init(factors: [Double], offsets: [Double]) { self.init(factors: factors, centers: [0], offsets: offsets) }

  /// A batch normalisation with its running statistics: s = γ / √(σ² + ε), c = μ and t = β.
  package init<Scalar: BLASScalar>(
    epsilon: Double = Normalization.epsilon, batchNormalization parameter: (LayerParameter) -> Matrix<Scalar>
  ) {
    func numbers(_ name: LayerParameter) -> [Double] {
      let vector = parameter(name)
      return (0..<vector.count).map { Double(vector[$0, 0]) }
    }
    self.init(
      factors: zip(numbers(.scale), numbers(.runningVariance)).map { $0 / ($1 + epsilon).squareRoot() },
      centers: numbers(.runningMean), offsets: numbers(.shift))
  }

  /// c − t / s and s for each of so many units, for which x ↦ s ∘ (x − (c − t / s)) is this scaling; nil unless each s
  /// is above 0 and all are finite.
  package func offsetsAndFactors(_ units: Int) -> (offsets: [Double], factors: [Double])? {
    guard fits(units) else { return nil }
    let factors = (0..<units).map(factor)
    let offsets = (0..<units).map { center($0) - offset($0) / factor($0) }
    return factors.allSatisfy { $0 > 0 && $0.isFinite } && offsets.allSatisfy(\.isFinite) ? (offsets, factors) : nil
  }

  /// The number of units; nil if it fits any number, or if s, c and t do not fit each other.
  package var unitCount: Int? {
    let counts = Set([factors.count, centers.count, offsets.count]).subtracting([1])
    return counts.count == 1 ? counts.first : nil
  }

  /// Whether it fits this number of units.
  package func fits(_ units: Int) -> Bool {
    [factors, centers, offsets].allSatisfy { $0.count == 1 || $0.count == units }
  }

  /// This scaling, and then another one that fits as many units.
  package func followed(by next: UnitScaling) -> UnitScaling {
    let units = unitCount ?? next.unitCount ?? 1
    return UnitScaling(
      factors: (0..<units).map { next.factor($0) * factor($0) }, centers: centers,
      offsets: (0..<units).map { next.factor($0) * (offset($0) - next.center($0)) + next.offset($0) })
  }

  /// s ∘ (W x + b − c) + t: W becomes diag(s) W, and b becomes s ∘ (b − c) + t.
  ///
  /// - Shapes: weights units × inputs, bias units × 1.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func scaleOutputs<Scalar: BLASScalar>(of weights: inout Matrix<Scalar>, bias: inout Matrix<Scalar>) {
    let (units, inputs) = (weights.rows, weights.columns)
    for unit in 0..<units {
      bias[unit, 0] = Scalar(factor(unit) * (Double(bias[unit, 0]) - center(unit)) + offset(unit))
    }
    guard factors != [1] else { return }
    weights.withMutableSpan { weights in
      for input in 0..<inputs {
        for unit in 0..<units {
          weights[unit + input * units] = Scalar(factor(unit) * Double(weights[unit + input * units]))
        }
      }
    }
  }

  /// W (s ∘ (x − c) + t) + b: W becomes W diag(s), and b becomes W (t − s ∘ c) + b.
  ///
  /// - Shapes: weights outputs × units, bias outputs × 1.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func scaleInputs<Scalar: BLASScalar>(of weights: inout Matrix<Scalar>, bias: inout Matrix<Scalar>) {
    let (outputs, units) = (weights.rows, weights.columns)
    var sums = (0..<outputs).map { Double(bias[$0, 0]) }
    weights.withMutableSpan { weights in
      for unit in 0..<units {
        let (factor, shift) = (factor(unit), offset(unit) - factor(unit) * center(unit))
        for output in 0..<outputs {
          let weight = Double(weights[output + unit * outputs])
          sums[output] += weight * shift
          weights[output + unit * outputs] = Scalar(weight * factor)
        }
      }
    }
    bias = Matrix(sums.map { Scalar($0) })
  }

  private func factor(_ unit: Int) -> Double { factors[factors.count == 1 ? 0 : unit] }
  private func center(_ unit: Int) -> Double { centers[centers.count == 1 ? 0 : unit] }
  private func offset(_ unit: Int) -> Double { offsets[offsets.count == 1 ? 0 : unit] }
}
