import PerceptronLayers
import Tensor

/// What a part of another tool's network does to each sample x, such as a node of a graph or a module of a list.
enum ImportedOperation<Scalar: BLASScalar> {
  /// x ← W x + b, with W outputs × inputs and b outputs × 1.
  case linear(weights: Matrix<Scalar>, bias: Matrix<Scalar>)
  /// x ← s ∘ (x − c) + t.
  case scaling(UnitScaling)
  /// A normalisation with all its parameters, each units × 1. A layer normalisation may have an ε of its own.
  case normalization(Normalization, [LayerParameter: Matrix<Scalar>], epsilon: Double = Normalization.epsilon)
  case activation(Activation)
  /// x ← x + α ∘ (g(x) − x), with α for each unit, or one for all.
  case parametric(Activation, [Scalar])
  /// x ← x if it is above 0, and otherwise α (eˣ − 1).
  case elu(Double)
  /// x is unchanged in prediction. In training, its numbers are dropped with this probability.
  case dropout(Double)
  /// x is unchanged. It has this many numbers.
  case width(Int)
  /// These values replace inputs that are NaN; x is otherwise unchanged.
  case missing([Double])
}

// Activations with parameters that no activation here has, made of others.

extension ImportedOperation {
  /// x if it is above 0, and otherwise the slope times x: x + (1 − slope) (relu(x) − x). There is a slope for each
  /// unit, or one for all.
  static func rectifier(_ slopes: [Scalar]) -> ImportedOperation { .parametric(.relu, slopes.map { 1 - $0 }) }

  /// An operation on s x, and t times its result.
  static func scaled(by factor: Double, _ operation: ImportedOperation, by last: Double) -> [ImportedOperation] {
    [affine(factor, 0), operation, affine(last, 0)]
  }

  /// min(max(x, low), high), where either bound may be infinite.
  ///
  ///     max(x, low) = relu(x − low) + low,   min(x, high) = high − relu(high − x)
  static func clip(from low: Double, to high: Double) -> [ImportedOperation] {
    var operations: [ImportedOperation] = []
    if low.isFinite {
      operations += low == 0 ? [.activation(.relu)] : [affine(1, -low), .activation(.relu), affine(1, low)]
    }
    if high.isFinite { operations += [affine(-1, high), .activation(.relu), affine(-1, high)] }
    return operations
  }

  /// x if it is above 0, and otherwise α (eˣ − 1), for so many units.
  ///
  /// With a = relu(x) and b = relu(−x) it is elu(a) + α elu(−b).
  static func elu(_ alpha: Double, units: Int) -> [ImportedOperation] {
    var (both, sum) = (
      Matrix<Scalar>(rows: 2 * units, columns: units), Matrix<Scalar>(rows: units, columns: 2 * units)
    )
    for unit in 0..<units {
      (both[unit, unit], both[units + unit, unit]) = (1, -1)
      (sum[unit, unit], sum[unit, units + unit]) = (1, Scalar(alpha))
    }
    let signs = (0..<2 * units).map { $0 < units ? 1.0 : -1 }
    return [
      .linear(weights: both, bias: Matrix(rows: 2 * units, columns: 1)), .activation(.relu),
      .scaling(UnitScaling(factors: signs, offsets: [0])), .activation(.elu),
      .linear(weights: sum, bias: Matrix(rows: units, columns: 1)),
    ]
  }

  private static func affine(_ factor: Double, _ offset: Double) -> ImportedOperation {
    .scaling(UnitScaling(factors: [factor], offsets: [offset]))
  }
}
