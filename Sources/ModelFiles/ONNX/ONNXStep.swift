import PerceptronLayers
import Tensor

/// What a node or a group of nodes of an imported graph does to the samples, and its name in errors.
struct ONNXStep<Scalar: BLASScalar> {
  enum Kind {
    /// x ← W x + b, with W outputs × inputs.
    case linear(weights: Matrix<Scalar>, bias: [Scalar])
    /// x ← s ∘ x + t, with one value for all units or one for each unit.
    case affine(factors: [Scalar], offsets: [Scalar])
    /// x ← γ ∘ (x − μ) / √(σ² + ε) + β over a sample's units.
    case normalization(scale: [Scalar], shift: [Scalar], epsilon: Double)
    case activation(Activation)
    /// x is unchanged; each sample has this many units.
    case width(Int)
    /// These values replace inputs that are NaN; x is otherwise unchanged.
    case missing([Scalar])
  }

  let node: String
  let kind: Kind
}
