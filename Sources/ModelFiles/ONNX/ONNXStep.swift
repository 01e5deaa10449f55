import PerceptronLayers
import Tensor

/// What a node, or a group of nodes, of an imported graph does to the samples, and what errors call it.
struct ONNXStep<Scalar: BLASScalar> {
  enum Kind {
    /// x ← W x + b, W outputs × inputs.
    case linear(weights: Matrix<Scalar>, bias: [Scalar])
    /// x ← s ∘ x + t, one of each for all, or one for each unit.
    case affine(factors: [Scalar], offsets: [Scalar])
    /// x ← γ ∘ (x − μ) / √(σ² + ε) + β over a sample's units.
    case normalization(scale: [Scalar], shift: [Scalar], epsilon: Double)
    case activation(Activation)
    /// x stays as it is; each sample has so many units.
    case width(Int)
    /// These take the place of numbers that are NaN; x stays as it is.
    case missing([Scalar])
  }

  let node: String
  let kind: Kind
}
