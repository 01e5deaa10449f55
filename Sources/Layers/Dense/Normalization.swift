/// How a layer's weighted inputs are normalised before its activation. Batch and layer normalisation bring them to mean
/// 0 and variance 1, then scale them by γ and shift them by β, which are learnt. RMS normalisation leaves out μ and β.
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
  /// By sample, over the layer's units, without μ and β (Zhang and Sennrich 2019): N = Z / √(mean Z² + 10⁻⁵).
  case rms

  /// The constant that is added to the variance.
  package static var epsilon: Double { 1e-5 }
  /// The share of the running statistics that a step replaces.
  static var momentum: Double { 0.1 }

  /// What a layer has because of it: parameters that are learnt, then running statistics.
  package var parameters: [LayerParameter] {
    switch self {
    case .none: []
    case .batch: [.scale, .shift, .runningMean, .runningVariance]
    case .layer: [.scale, .shift]
    case .rms: [.scale]
    }
  }

  /// The number of the parameters that are learnt.
  var learntCount: Int {
    switch self {
    case .none: 0
    case .rms: 1
    case .batch, .layer: 2
    }
  }

  /// The number of the running statistics.
  var statisticCount: Int { self == .batch ? 2 : 0 }

  /// Whether μ is subtracted.
  var isCentered: Bool { self != .rms }
}
