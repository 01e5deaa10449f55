import Tensor

/// How an optimizer changes each parameter θ, given its gradient g: one file for each rule, with its factors, what can
/// be wrong with them, its step in terms of the kernels, and bounds on how far a step can move a parameter.
///
/// In all bounds the gradient's is for the penalties' gradients too.
protocol UpdateRule: Sendable {
  /// The optimizer's name on the command line.
  var name: String { get }
  /// η; nil if the rule finds its steps itself.
  var learningRate: Double? { get }
  /// λ, if the rule has a decay of weights of its own.
  var weightDecay: Double { get }
  /// How many vectors of the parameters' layout the rule keeps from step to step.
  var momentCount: Int { get }
  /// What moments start with.
  func initialMoment(_ column: Int) -> Double
  /// Whether a moment, which is finite, can be one that the rule leaves.
  func accepts(_ moment: Double, inColumn column: Int) -> Bool
  /// What is wrong with the factors besides the learning rate; nil if nothing is.
  var mistake: String? { get }

  /// Step `number`, counted from 1, with the learning rate that the schedule has for it.
  func step(_ number: Int, rate: Double, weightDecay: Double) -> UpdateStep

  /// The most that a step moves any parameter if no element of the gradient is larger than `gradient`.
  ///
  /// The decay of weights, θ ← shrinkage · θ with 0 < shrinkage ≤ 1, moves none away from 0 and does not count.
  func distance(_ gradient: Double, rate: Double, _ bounds: StepBounds) -> Double
  /// The largest gradient with which no moment overflows and no parameter moves further than `room`; below 0 if there
  /// is none.
  func largestGradient(rate: Double, room: Double, _ bounds: StepBounds) -> Double
  /// The bound on the first moment after a step.
  func momentBound(after gradient: Double, _ bounds: StepBounds) -> Double
}

extension UpdateRule {
  var weightDecay: Double { 0 }
  var momentCount: Int { 0 }
  var mistake: String? { nil }

  func initialMoment(_ column: Int) -> Double { 0 }
  func accepts(_ moment: Double, inColumn column: Int) -> Bool { true }
  func momentBound(after gradient: Double, _ bounds: StepBounds) -> Double { bounds.moment }

  func largestGradient(rate: Double, room: Double, _ bounds: StepBounds) -> Double { min(room / rate, bounds.largest) }

  /// Whether each step takes all samples: these methods compare gradients from step to step, which must therefore be of
  /// one and the same function.
  var isFullBatch: Bool { learningRate == nil }
}

/// A step of a rule, in double precision.
enum UpdateStep: Sendable {
  /// The gradient is kept; what is done with it is not a rule for each parameter.
  case keep
  /// θ ← shrinkage · θ − rate · g.
  case descend(rate: Double, shrinkage: Double)
  case moments(MomentUpdate<Double>)
}

/// Whether a factor of a mean that fades is in 0 ..< 1.
func isShare(_ value: Double) -> Bool { value >= 0 && value < 1 }

/// Whether ε is at least the least normal `Float`: below it would be 0 there, and 0 / 0 if a gradient is 0.
func isDivisor(_ epsilon: Double) -> Bool { epsilon >= Double(Float.leastNormalMagnitude) && epsilon.isFinite }
