import PerceptronLayers

/// Limits on the size of parameters and steps, in addition to the loss. Everything is off by default.
///
/// The L1 and L2 penalties are part of the loss that is minimised, and therefore of the loss that a step reports. An
/// evaluation asks how good the outputs are, so it leaves them out. Biases are exempt from both penalties and from
/// ``maxNorm``.
public struct Regularization: Sendable, Equatable {
  /// λ of λ ‖W‖₁, the sum of the weights' magnitudes. This term is added to the loss. The gradient of |w| at 0 is taken
  /// to be 0 (Tibshirani 1996).
  public var l1: Double
  /// λ of ½ λ ‖W‖², half the sum of the weights' squares. This term is added to the loss (Hoerl and Kennard 1970; Krogh
  /// and Hertz 1992).
  public var l2: Double
  /// λ of θ ← (1 − η λ) θ, where η is the learning rate. Each step shrinks all parameters by this factor, independently
  /// of the gradient (Loshchilov and Hutter 2019). For Adam, λ is added to the optimizer's own weight decay.
  public var weightDecay: Double
  /// c of g ← g min(1, c / ‖g‖). This makes the gradient of all parameters, including the penalties' gradients, no
  /// longer than c (Pascanu, Mikolov and Bengio 2013). It costs a pass over all gradients, because their norm must be
  /// known before the step.
  public var clipNorm: Double?
  /// The largest Euclidean norm of the weights into a unit. After each step, longer weight vectors are scaled down to
  /// it (Srivastava et al. 2014).
  public var maxNorm: Double?

  /// Makes a regularization. Everything is off by default.
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

  /// Says what is wrong with these settings, alone or together with an optimizer; nil if nothing is.
  package func mistake(_ optimizer: Optimizer, _ rates: RateFactors) -> String? {
    func isNatural(_ value: Double) -> Bool { value >= 0 && value.isFinite }
    func isPositive(_ value: Double?) -> Bool { value.map { $0 > 0 && $0.isFinite } ?? true }
    guard isNatural(l1), isNatural(l2) else { return "penalties of l1 = \(l1), l2 = \(l2)" }
    guard isNatural(weightDecay) else { return "a weight decay of \(weightDecay)" }
    guard isPositive(clipNorm), isPositive(maxNorm) else {
      return "norms of at most \(clipNorm ?? .infinity) and \(maxNorm ?? .infinity)"
    }
    guard rates.areValid else { return "\(rates)" }
    guard let rate = optimizer.learningRate else {
      if rates != .equal { return "\(optimizer.name) and factors of its rate" }
      if weightDecay != 0 || clipNorm != nil { return "\(optimizer.name) and a weight decay or a clipped gradient" }
      // The line search needs a smooth loss, and parameters that stay where it put them.
      if optimizer.name == "lbfgs" && (l1 != 0 || maxNorm != nil) { return "lbfgs and l1 or a largest norm" }
      return nil
    }
    let decay = weightDecay + optimizer.rule.weightDecay
    return decay * rate * rates.largest < 1 ? nil : "a weight decay of \(decay)"
  }
}
