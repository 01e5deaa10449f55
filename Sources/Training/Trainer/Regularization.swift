/// What keeps parameters and steps small, besides the loss. Everything is off by default.
///
/// The L1 and L2 penalties are a part of the loss that is minimised, and so of the loss that a step reports; an
/// evaluation, which asks how good the outputs are, leaves them out. Biases are exempt from both, and from ``maxNorm``.
public struct Regularization: Sendable, Equatable {
  /// λ of λ ‖W‖₁, the sum of the weights' magnitudes, which is added to the loss; the gradient of |w| at 0 is taken for
  /// 0 (Tibshirani 1996).
  public var l1: Double
  /// λ of ½ λ ‖W‖², half the sum of the weights' squares, which is added to the loss (Hoerl and Kennard 1970; Krogh and
  /// Hertz 1992).
  public var l2: Double
  /// λ of θ ← (1 − η λ) θ, by which each step shrinks all parameters apart from what the gradient does, η being the
  /// learning rate (Loshchilov and Hutter 2019). For Adam it is added to the optimizer's own.
  public var weightDecay: Double
  /// c of g ← g min(1, c / ‖g‖), by which a gradient of all parameters is made no longer than c (Pascanu, Mikolov and
  /// Bengio 2013); the penalties' gradients are a part of it. Costs a pass over all gradients, for their norm must be
  /// known before the step.
  public var clipNorm: Double?
  /// The largest Euclidean norm of the weights into a unit: longer ones are scaled down to it after each step
  /// (Srivastava et al. 2014).
  public var maxNorm: Double?

  public init(
    l1: Double = 0, l2: Double = 0, weightDecay: Double = 0, clipNorm: Double? = nil, maxNorm: Double? = nil
  ) {
    self.l1 = l1
    self.l2 = l2
    self.weightDecay = weightDecay
    self.clipNorm = clipNorm
    self.maxNorm = maxNorm
  }

  /// Whether anything is added to the loss.
  var isPenalized: Bool { l1 != 0 || l2 != 0 }

  /// What is wrong with it, or with it beside an optimizer; else nil.
  func mistake(_ optimizer: Optimizer) -> String? {
    func isNatural(_ value: Double) -> Bool { value >= 0 && value.isFinite }
    func isPositive(_ value: Double?) -> Bool { value.map { $0 > 0 && $0.isFinite } ?? true }
    guard isNatural(l1), isNatural(l2) else { return "penalties of l1 = \(l1), l2 = \(l2)" }
    guard isNatural(weightDecay) else { return "a weight decay of \(weightDecay)" }
    guard isPositive(clipNorm), isPositive(maxNorm) else {
      return "norms of at most \(clipNorm ?? .infinity) and \(maxNorm ?? .infinity)"
    }
    guard let rate = optimizer.learningRate else {
      if weightDecay != 0 || clipNorm != nil { return "\(optimizer.name) and a weight decay or a clipped gradient" }
      // The line search needs a loss that is smooth, and parameters that are where it put them.
      if optimizer.name == "lbfgs" && (l1 != 0 || maxNorm != nil) { return "lbfgs and l1 or a largest norm" }
      return nil
    }
    let decay = weightDecay + optimizer.rule.weightDecay
    return decay * rate < 1 ? nil : "a weight decay of \(decay)"
  }
}
