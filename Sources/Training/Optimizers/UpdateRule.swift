import Tensor

/// The rule by which an optimizer changes each parameter θ, given its gradient g.
///
/// Each rule has its own file, with its factors, the checks of these factors, its step in terms of the kernels, and
/// bounds on how far a step can move a parameter. Every bound on the gradient includes the penalties' gradients.
protocol UpdateRule: Sendable {
  /// The optimizer's name on the command line.
  var name: String { get }
  /// η; nil if the rule finds its steps itself.
  var learningRate: Double? { get }
  /// λ, if the rule has its own weight decay.
  var weightDecay: Double { get }
  /// The number of vectors of the parameters' layout that the rule keeps from step to step.
  var momentCount: Int { get }
  /// The initial value of a moment.
  func initialMoment(_ column: Int) -> Double
  /// Whether the rule can produce this moment, which is finite.
  func accepts(_ moment: Double, inColumn column: Int) -> Bool
  /// What is wrong with the factors besides the learning rate; nil if nothing is.
  var mistake: String? { get }

  /// Step `number`, counted from 1, with the schedule's learning rate and the whole weight decay for it.
  func step(_ number: Int, rate: Double, weightDecay: Double) -> UpdateStep

  /// The farthest that a step moves any parameter if no element of the gradient is larger than `gradient`.
  ///
  /// Weight decay, θ ← shrinkage · θ with 0 < shrinkage ≤ 1, moves no parameter away from 0 and does not count.
  func distance(_ gradient: Double, rate: Double, _ bounds: StepBounds) -> Double
  /// The largest gradient with which no moment overflows and no parameter moves farther than `room`; below 0 if there
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

  /// Whether each step uses all samples. These methods compare gradients from step to step, so the gradients must all
  /// be of the same function.
  var isFullBatch: Bool { learningRate == nil }
}

/// A step of a rule, in double precision.
enum UpdateStep: Sendable {
  /// The gradient is only kept: its use is not a rule for each parameter.
  case keep
  /// θ ← shrinkage · θ − rate · g.
  case descend(rate: Double, shrinkage: Double)
  case moments(MomentUpdate<Double>)
}

/// Whether the factor of an exponentially decaying mean is in 0 ..< 1.
func isShare(_ value: Double) -> Bool { value >= 0 && value < 1 }

/// Whether ε is at least the least normal `Float`. A smaller ε would be 0 in `Float`, and give 0 / 0 if a gradient is
/// 0.
func isDivisor(_ epsilon: Double) -> Bool { epsilon >= Double(Float.leastNormalMagnitude) && epsilon.isFinite }
