/// A layer's activation g, applied to its weighted inputs z.
///
/// Every activation is numerically stable for very small and very large z, and its derivative is exact.
public enum Activation: String, Sendable, CaseIterable {
  /// g(z) = z, g′ = 1.
  case identity
  /// g(z) = 1 / (1 + e⁻ᶻ), g′ = a (1 − a).
  case sigmoid
  /// g(z) = tanh z, g′ = 1 − a².
  case tanh
  /// g(z) = max(0, z), g′ = 1 if a > 0, else 0. A NaN stays NaN.
  case relu
  /// g(z) = z if z > 0, else 0.01 z (Maas, Hannun and Ng 2013); g′ = 1 or 0.01.
  case leakyReLU = "leaky-relu"
  /// g(z) = z if z > 0, else eᶻ − 1 (Clevert, Unterthiner and Hochreiter 2016); g′ = 1 or a + 1.
  case elu
  /// g(z) = λ z if z > 0, else λα (eᶻ − 1) (Klambauer et al. 2017); g′ = λ or a + λα. λ ≈ 1.0507 and α ≈ 1.6733 keep
  /// the mean at 0 and the variance at 1.
  case selu
  /// g(z) = z Φ(z), where Φ is the normal distribution's cumulative function (Hendrycks and Gimpel 2016); g′ = Φ(z) + z
  /// φ(z). This is the exact form, not the approximation by tanh.
  case gelu
  /// g(z) = z (1 + tanh(√(2/π) (z + 0.044715 z³))) / 2, the approximation of ``gelu`` by tanh (Hendrycks and Gimpel
  /// 2016), which networks of other tools have. It differs from ``gelu`` by at most 5 · 10⁻⁴.
  case geluTanh = "gelu-tanh"
  /// g(z) = z σ(z), also called swish (Elfwing, Uchibe and Doya 2018); g′ = σ + z σ (1 − σ).
  case silu
  /// g(z) = z tanh(log(1 + eᶻ)) (Misra 2019).
  case mish
  /// g(z) = z h(z) with h(z) = z / 6 + ½, clipped to 0 … 1 (Howard et al. 2019). It is close to SiLU and takes only a
  /// few operations. g′ = z / 3 + ½ if −3 < z < 3, 0 below and 1 above.
  case hardSwish = "hard-swish"
  /// g(z) = log(1 + eᶻ) (Dugas et al. 2001), g′ = 1 − e⁻ᵃ.
  case softplus
  /// g(z) = z / (1 + |z|) (Bergstra et al. 2009), g′ = (1 − |a|)².
  case softsign
  /// g(z) = eᶻ, g′ = a. For outputs that are means of counts or rates, with the losses ``Loss/poisson`` and
  /// ``Loss/tweedie(_:)``.
  case exponential
  /// g(z)ᵢ = e^zᵢ / Σⱼ e^zⱼ over a sample's outputs; the backward pass computes a ∘ (δ − δᵀa).
  case softmax

  /// The activation's index in the list of kernels (`activations.def`), which has the order of the cases.
  package var kernel: Int { Int(unsafeBitCast(self, to: UInt8.self)) }

  /// Whether g′ cannot be computed from the output, so that the forward pass stores it.
  package var keepsSlopes: Bool { _FloatRoutines.keepsSlopes(self) }
}
