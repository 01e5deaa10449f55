import Tensor

/// A layer's activation g: what it makes of its weighted inputs z.
///
/// Derivatives are taken from the output a = g(z), so z need not be kept.
public enum Activation: String, Sendable, CaseIterable {
  /// g(z) = z, g′ = 1.
  case identity
  /// g(z) = 1 / (1 + e⁻ᶻ), g′ = a (1 − a).
  case sigmoid
  /// g(z) = tanh z, g′ = 1 − a².
  case tanh
  /// g(z) = max(0, z), g′ = 1 where a > 0, else 0. A NaN stays NaN.
  case relu
  /// g(z)ᵢ = e^zᵢ / Σⱼ e^zⱼ over a sample's outputs; the error goes back as a ∘ (δ − δᵀa).
  case softmax

  var tileActivation: TileActivation {
    switch self {
    case .identity: .identity
    case .sigmoid: .sigmoid
    case .tanh: .tanh
    case .relu: .relu
    case .softmax: .softmax
    }
  }
}
