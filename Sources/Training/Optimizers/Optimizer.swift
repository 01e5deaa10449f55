/// How a gradient g of the batch's mean loss becomes a step of the parameters θ. η is the learning rate, t counts the
/// steps from 1.
public enum Optimizer: Sendable, Equatable {
  /// θ ← θ − η g (Robbins and Monro 1951). The product that makes the gradient adds to the parameters; there is no
  /// gradient vector.
  case sgd(learningRate: Double = 0.1)
  /// v ← μ v + g, θ ← θ − η v (Polyak 1964), or with `nesterov` θ ← θ − η (g + μ v) (Nesterov 1983; Sutskever et al.
  /// 2013).
  case momentum(learningRate: Double = 0.01, momentum: Double = 0.9, nesterov: Bool = false)
  /// v ← ρ v + (1 − ρ) g², θ ← θ − η g / (√v + ε), ρ being the decay (Hinton, lecture 6e of "Neural Networks for
  /// Machine Learning", 2012).
  case rmsProp(learningRate: Double = 0.01, decay: Double = 0.99, epsilon: Double = 1e-8)
  /// v ← v + g², θ ← θ − η g / (√v + ε) (Duchi, Hazan and Singer 2011).
  case adaGrad(learningRate: Double = 0.01, epsilon: Double = 1e-10)
  /// m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g²,
  /// θ ← (1 − η λ) θ − η m̂ / (√v̂ + ε) with m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ).
  ///
  /// Adam (Kingma and Ba 2015); with a weight decay λ, which is then decoupled from the gradient, AdamW (Loshchilov and
  /// Hutter 2019).
  case adam(
    learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    weightDecay: Double = 0)
  /// Every parameter has a step Δ of its own, and of its gradient the sign alone counts:
  ///
  ///     Δ ← min(η⁺ Δ, largest)      if g has the sign that it had before
  ///     Δ ← max(η⁻ Δ, smallest)     if it has the other, and there g ← 0
  ///     θ ← θ − sign(g) Δ
  ///
  /// iRPROP⁻ (Igel and Hüsken 2003, after Riedmiller and Braun 1993). It takes all samples in each step, see
  /// ``isFullBatch``.
  case rProp(
    initialStep: Double = 0.01, decrease: Double = 0.5, increase: Double = 1.2, smallestStep: Double = 1e-6,
    largestStep: Double = 50)
  /// θ ← θ + α d, where d = −H g, H is an estimate of the inverse Hessian that is made of the last `history` steps, and
  /// a line search finds α.
  ///
  /// L-BFGS (Nocedal and Wright, "Numerical Optimization", 2006, algorithms 7.4 and 7.5), with a step α that fulfils
  /// the strong Wolfe conditions (algorithms 3.5 and 3.6). It takes all samples in each step, see ``isFullBatch``, and
  /// looks at their loss once or a few times for that. It keeps 2 · history + 5 vectors of the parameters' layout.
  case lbfgs(history: Int = 10)

  /// The rule with its factors.
  var rule: any UpdateRule {
    switch self {
    case .sgd(let rate): GradientDescent(rate: rate)
    case .momentum(let rate, let momentum, let nesterov):
      Momentum(rate: rate, momentum: momentum, isNesterov: nesterov)
    case .rmsProp(let rate, let decay, let epsilon): RMSProp(rate: rate, decay: decay, epsilon: epsilon)
    case .adaGrad(let rate, let epsilon): AdaGrad(rate: rate, epsilon: epsilon)
    case .adam(let rate, let beta1, let beta2, let epsilon, let decay):
      Adam(rate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: decay)
    case .rProp(let initial, let decrease, let increase, let smallest, let largest):
      RProp(
        initialStep: initial, decrease: decrease, increase: increase, smallestStep: smallest, largestStep: largest)
    case .lbfgs(let history): LBFGSRule(history: history)
    }
  }

  /// η; nil if the rule finds its steps itself.
  public var learningRate: Double? { rule.learningRate }

  /// Whether each step takes all samples: these methods compare gradients from step to step, which must therefore be of
  /// one and the same function.
  public var isFullBatch: Bool { rule.isFullBatch }

  /// The name on the command line.
  public var name: String { rule.name }

  /// What is wrong if the factors are such that the steps are not defined; else nil.
  var mistake: String? {
    let rule = rule
    if let rate = rule.learningRate, !(rate > 0 && rate.isFinite) { return "a learning rate of \(rate)" }
    return rule.mistake
  }
}
