import Layers
import Tensor

/// How a gradient g of the batch's mean loss becomes a step of the parameters θ. η is the learning rate, t counts the steps from 1.
public enum Optimizer: Sendable, Equatable {
  /// θ ← θ − η g (Robbins and Monro 1951). The product that makes the gradient adds to the parameters; there is no gradient vector.
  case sgd(learningRate: Double = 0.1)
  /// v ← μ v + g, θ ← θ − η v (Polyak 1964), or with `nesterov` θ ← θ − η (g + μ v) (Nesterov 1983; Sutskever et al. 2013).
  case momentum(learningRate: Double = 0.01, momentum: Double = 0.9, nesterov: Bool = false)
  /// m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g²,
  /// θ ← (1 − η λ) θ − η m̂ / (√v̂ + ε) with m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ).
  ///
  /// Adam (Kingma and Ba 2015); with a weight decay λ, which is then decoupled from the gradient, AdamW (Loshchilov and Hutter 2019).
  case adam(
    learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    weightDecay: Double = 0)

  /// η.
  public var learningRate: Double {
    switch self {
    case .sgd(let rate), .momentum(let rate, _, _), .adam(let rate, _, _, _, _): rate
    }
  }

  /// The name on the command line.
  public var name: String {
    switch self {
    case .sgd: "sgd"
    case .momentum(_, _, let nesterov): nesterov ? "nesterov" : "momentum"
    case .adam(_, _, _, _, let decay): decay == 0 ? "adam" : "adamw"
    }
  }

  /// How many vectors of the parameters' layout the rule keeps from step to step.
  var momentCount: Int {
    switch self {
    case .sgd: 0
    case .momentum: 1
    case .adam: 2
    }
  }

  /// Whether the factors are such that the steps are defined; else what is wrong.
  var mistake: String? {
    func share(_ value: Double) -> Bool { value >= 0 && value < 1 }
    guard learningRate > 0, learningRate.isFinite else { return "a learning rate of \(learningRate)" }
    switch self {
    case .sgd: return nil
    case .momentum(_, let momentum, _): return share(momentum) ? nil : "a momentum of \(momentum)"
    case .adam(_, let beta1, let beta2, let epsilon, let decay):
      guard share(beta1), share(beta2) else { return "the factors β₁ = \(beta1), β₂ = \(beta2)" }
      // Below the least normal Float it would be 0 there, and 0 / 0 where a gradient is 0.
      guard epsilon >= Double(Float.leastNormalMagnitude), epsilon.isFinite else { return "ε = \(epsilon)" }
      return decay >= 0 && decay * learningRate < 1 ? nil : "a weight decay of \(decay)"
    }
  }
}
