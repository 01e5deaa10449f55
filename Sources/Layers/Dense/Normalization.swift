/// What is done to a layer's weighted inputs before its activation: they are brought to mean 0 and variance 1, then
/// scaled by γ and shifted by β, which are learnt.
///
///     N = (Z − μ) / √(σ² + 10⁻⁵),   A = g(γ ∘ N + β)
public enum Normalization: String, Sendable, CaseIterable {
  case none
  /// By unit, over the samples of the batch (Ioffe and Szegedy 2015). Predictions use running statistics: after each
  /// step a tenth of them is replaced by the batch's mean and its variance, the latter divided by samples − 1.
  case batch
  /// By sample, over the layer's units (Ba, Kiros and Hinton 2016).
  case layer

  /// What is added to the variance.
  package static var epsilon: Double { 1e-5 }
  /// The share of the running statistics that a step replaces.
  static var momentum: Double { 0.1 }
}
