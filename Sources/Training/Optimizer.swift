import Layers
import Tensor

/// How a gradient g of the batch's mean loss becomes a step of the parameters θ. η is the learning rate, t counts the steps from 1.
public enum Optimizer: Sendable, Equatable {
  /// θ ← θ − η g (Robbins and Monro 1951). The product that makes the gradient adds to the parameters; there is no gradient vector.
  case sgd(learningRate: Double = 0.1)
  /// v ← μ v + g, θ ← θ − η v (Polyak 1964), or with `nesterov` θ ← θ − η (g + μ v) (Nesterov 1983; Sutskever et al. 2013).
  case momentum(learningRate: Double = 0.01, momentum: Double = 0.9, nesterov: Bool = false)
  /// v ← ρ v + (1 − ρ) g², θ ← θ − η g / (√v + ε), ρ being the decay (Hinton, lecture 6e of "Neural Networks for Machine Learning", 2012).
  case rmsProp(learningRate: Double = 0.01, decay: Double = 0.99, epsilon: Double = 1e-8)
  /// v ← v + g², θ ← θ − η g / (√v + ε) (Duchi, Hazan and Singer 2011).
  case adaGrad(learningRate: Double = 0.01, epsilon: Double = 1e-10)
  /// m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g²,
  /// θ ← (1 − η λ) θ − η m̂ / (√v̂ + ε) with m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ).
  ///
  /// Adam (Kingma and Ba 2015); with a weight decay λ, which is then decoupled from the gradient, AdamW (Loshchilov and Hutter 2019).
  case adam(
    learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    weightDecay: Double = 0)
  /// Every parameter has a step Δ of its own, and of its gradient the sign alone counts:
  ///
  ///     Δ ← min(η⁺ Δ, largest)      where g has the sign that it had before
  ///     Δ ← max(η⁻ Δ, smallest)     where it has the other, and there g ← 0
  ///     θ ← θ − sign(g) Δ
  ///
  /// iRPROP⁻ (Igel and Hüsken 2003, after Riedmiller and Braun 1993). It takes all samples in each step, see ``isFullBatch``.
  case rProp(
    initialStep: Double = 0.01, decrease: Double = 0.5, increase: Double = 1.2, smallestStep: Double = 1e-6,
    largestStep: Double = 50)
  /// θ ← θ + α d, where d = −H g, H is an estimate of the inverse Hessian that is made of the last `history` steps, and a line search finds α.
  ///
  /// L-BFGS (Nocedal and Wright, "Numerical Optimization", 2006, algorithms 7.4 and 7.5), with a step α that fulfils the strong Wolfe conditions
  /// (algorithms 3.5 and 3.6). It takes all samples in each step, see ``isFullBatch``, and looks at their loss once or a few times for that. It keeps
  /// 2 · history + 5 vectors of the parameters' layout.
  case lbfgs(history: Int = 10)

  /// η; nil where the rule finds its steps itself.
  public var learningRate: Double? {
    switch self {
    case .sgd(let rate), .momentum(let rate, _, _), .rmsProp(let rate, _, _), .adaGrad(let rate, _),
      .adam(let rate, _, _, _, _):
      rate
    case .rProp, .lbfgs: nil
    }
  }

  /// Whether each step takes all samples: these methods compare gradients from step to step, which must therefore be of one and the same function.
  public var isFullBatch: Bool { learningRate == nil }

  /// The name on the command line.
  public var name: String {
    switch self {
    case .sgd: "sgd"
    case .momentum(_, _, let nesterov): nesterov ? "nesterov" : "momentum"
    case .rmsProp: "rmsprop"
    case .adaGrad: "adagrad"
    case .adam(_, _, _, _, let decay): decay == 0 ? "adam" : "adamw"
    case .rProp: "rprop"
    case .lbfgs: "lbfgs"
    }
  }

  /// The same with another learning rate, where it has one.
  func with(learningRate rate: Double) -> Optimizer {
    switch self {
    case .sgd: .sgd(learningRate: rate)
    case .momentum(_, let momentum, let nesterov):
      .momentum(learningRate: rate, momentum: momentum, nesterov: nesterov)
    case .rmsProp(_, let decay, let epsilon): .rmsProp(learningRate: rate, decay: decay, epsilon: epsilon)
    case .adaGrad(_, let epsilon): .adaGrad(learningRate: rate, epsilon: epsilon)
    case .adam(_, let beta1, let beta2, let epsilon, let decay):
      .adam(learningRate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: decay)
    case .rProp, .lbfgs: self
    }
  }

  /// How many vectors of the parameters' layout the rule keeps from step to step; what L-BFGS keeps is apart.
  var momentCount: Int {
    switch self {
    case .sgd, .lbfgs: 0
    case .momentum, .rmsProp, .adaGrad: 1
    case .adam, .rProp: 2
    }
  }

  /// What is wrong where the factors are such that the steps are not defined; else nil.
  var mistake: String? {
    func share(_ value: Double) -> Bool { value >= 0 && value < 1 }
    // Below the least normal Float it would be 0 there, and 0 / 0 where a gradient is 0.
    func divisor(_ epsilon: Double) -> Bool { epsilon >= Double(Float.leastNormalMagnitude) && epsilon.isFinite }
    if let rate = learningRate, !(rate > 0 && rate.isFinite) { return "a learning rate of \(rate)" }
    switch self {
    case .sgd: return nil
    case .momentum(_, let momentum, _): return share(momentum) ? nil : "a momentum of \(momentum)"
    case .rmsProp(_, let decay, let epsilon):
      guard share(decay) else { return "a decay of \(decay)" }
      return divisor(epsilon) ? nil : "ε = \(epsilon)"
    case .adaGrad(_, let epsilon): return divisor(epsilon) ? nil : "ε = \(epsilon)"
    case .adam(let rate, let beta1, let beta2, let epsilon, let decay):
      guard share(beta1), share(beta2) else { return "the factors β₁ = \(beta1), β₂ = \(beta2)" }
      guard divisor(epsilon) else { return "ε = \(epsilon)" }
      return decay >= 0 && decay * rate < 1 ? nil : "a weight decay of \(decay)"
    case .rProp(let initial, let decrease, let increase, let smallest, let largest):
      guard smallest > 0, smallest <= initial, initial <= largest, largest.isFinite else {
        return "steps that begin with \(initial) and stay in \(smallest)…\(largest)"
      }
      return decrease > 0 && decrease < 1 && increase > 1 && increase.isFinite
        ? nil : "the factors η⁻ = \(decrease), η⁺ = \(increase)"
    case .lbfgs(let history): return history >= 1 ? nil : "a history of \(history) steps"
    }
  }
}
