/// The rule that turns a gradient g of the batch's mean loss into a step of the parameters θ. η is the learning rate,
/// and t counts the steps from 1.
public enum Optimizer: Sendable, Equatable {
  /// θ ← θ − η g (Robbins and Monro 1951). The matrix product that computes the gradient adds it to the parameters
  /// directly; there is no gradient vector.
  case sgd(learningRate: Double = 0.1)
  /// v ← μ v + g, θ ← θ − η v (Polyak 1964), or with `nesterov` θ ← θ − η (g + μ v) (Nesterov 1983; Sutskever et al.
  /// 2013).
  case momentum(learningRate: Double = 0.01, momentum: Double = 0.9, nesterov: Bool = false)
  /// v ← ρ v + (1 − ρ) g², θ ← θ − η g / (√v + ε), where ρ is the decay (Hinton, lecture 6e of "Neural Networks for
  /// Machine Learning", 2012).
  case rmsProp(learningRate: Double = 0.01, decay: Double = 0.99, epsilon: Double = 1e-8)
  /// v ← v + g², θ ← θ − η g / (√v + ε) (Duchi, Hazan and Singer 2011).
  case adaGrad(learningRate: Double = 0.01, epsilon: Double = 1e-10)
  /// m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g²,
  /// θ ← (1 − η λ) θ − η m̂ / (√v̂ + ε) with m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ).
  ///
  /// This is Adam (Kingma and Ba 2015). With a weight decay λ, which is decoupled from the gradient, it is AdamW
  /// (Loshchilov and Hutter 2019).
  case adam(
    learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    weightDecay: Double = 0)
  /// θ ← θ − η sign(β₁ m + (1 − β₁) g), then m ← β₂ m + (1 − β₂) g.
  ///
  /// This is Lion (Chen et al. 2023). It keeps one vector where Adam keeps two. Every parameter moves by η in each
  /// step, so the rate is three to ten times smaller than for Adam.
  case lion(learningRate: Double = 0.0001, beta1: Double = 0.9, beta2: Double = 0.99)
  /// Every parameter has its own step Δ. Only the sign of its gradient counts:
  ///
  ///     Δ ← min(η⁺ Δ, largest)      if g has the same sign as in the previous step
  ///     Δ ← max(η⁻ Δ, smallest)     if it has the opposite sign; then also g ← 0
  ///     θ ← θ − sign(g) Δ
  ///
  /// This is iRPROP⁻ (Igel and Hüsken 2003, after Riedmiller and Braun 1993). It uses all samples in each step, see
  /// ``isFullBatch``.
  case rProp(
    initialStep: Double = 0.01, decrease: Double = 0.5, increase: Double = 1.2, smallestStep: Double = 1e-6,
    largestStep: Double = 50)
  /// θ ← θ + α d with d = −H g. H is an estimate of the inverse Hessian from the last `history` steps, and a line
  /// search finds α.
  ///
  /// This is L-BFGS (Nocedal and Wright, "Numerical Optimization", 2006, algorithms 7.4 and 7.5), with a step α that
  /// fulfils the strong Wolfe conditions (algorithms 3.5 and 3.6). It uses all samples in each step, see
  /// ``isFullBatch``, and evaluates their loss once or a few times per step. It keeps 2 · history + 5 vectors of the
  /// parameters' size.
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
    case .lion(let rate, let beta1, let beta2): Lion(rate: rate, beta1: beta1, beta2: beta2)
    case .rProp(let initial, let decrease, let increase, let smallest, let largest):
      RProp(
        initialStep: initial, decrease: decrease, increase: increase, smallestStep: smallest, largestStep: largest)
    case .lbfgs(let history): LBFGSRule(history: history)
    }
  }

  /// η; nil if the rule finds its steps itself.
  public var learningRate: Double? { rule.learningRate }

  /// Whether each step uses all samples. These methods compare gradients from step to step, so the gradients must all
  /// be of the same function.
  public var isFullBatch: Bool { rule.isFullBatch }

  /// The name on the command line.
  package var name: String { rule.name }

  /// Says what is wrong if the factors do not define valid steps; nil if nothing is.
  package var mistake: String? {
    let rule = rule
    if let rate = rule.learningRate, !(rate > 0 && rate.isFinite) { return "a learning rate of \(rate)" }
    return rule.mistake
  }
}
