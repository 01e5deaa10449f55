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
  /// x is unchanged in prediction. In training, its numbers are dropped with this probability.
  case dropout(Double)
  /// x is unchanged. It has this many numbers.
  case width(Int)
  /// These values replace inputs that are NaN; x is otherwise unchanged.
  case missing([Scalar])
}
