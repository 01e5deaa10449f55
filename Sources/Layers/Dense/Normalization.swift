/// How a layer's weighted inputs are normalised before its activation. They are brought to mean 0 and variance 1, then
/// scaled by γ and shifted by β. Both γ and β are learnt.
///
///     N = (Z − μ) / √(σ² + 10⁻⁵),   A = g(γ ∘ N + β)
public enum Normalization: String, Sendable, CaseIterable {
  /// The weighted inputs stay as they are.
  case none
  /// By unit, over the samples of the batch (Ioffe and Szegedy 2015). Predictions use running statistics. Each step
  /// replaces a tenth of them with the batch's mean and variance; this variance is divided by samples − 1.
  case batch
  /// By sample, over the layer's units (Ba, Kiros and Hinton 2016).
  case layer

  /// The constant that is added to the variance.
  package static var epsilon: Double { 1e-5 }
  /// The share of the running statistics that a step replaces.
  static var momentum: Double { 0.1 }
}
