import CPerceptronKernels
import Tensor

/// The instruction sets, and of them those that this processor has.
enum InstructionSet: UInt32, CaseIterable, Sendable {
  case baseline, avx2, avx512

  var kernels: ck_instruction_set { ck_instruction_set(rawValue) }

  /// Those with a product of the package's own.
  static var withProduct: [InstructionSet] { here.filter { ck_float_kernels_for($0.kernels)!.pointee.product != nil } }

  /// Whether it has fused multiply-adds.
  var isFused: Bool {
    #if arch(arm64)
      true
    #else
      self != .baseline
    #endif
  }

  static var here: [InstructionSet] { allCases.filter { ck_float_kernels_for(ck_instruction_set($0.rawValue)) != nil } }
}

/// The functions of one number.
enum Function: String, CaseIterable, Sendable {
  case exp, log, erf, sigmoid, tanh, relu

  /// All but the one that is exact.
  static let approximated = allCases.filter { $0 != .relu }
}

extension ck_rule {
  /// All rules, in the order of CKernels.h.
  static var all: [ck_rule] { [ck_momentum, ck_nesterov, ck_adam, ck_rmsprop, ck_rprop, ck_lion] }
}

/// One table of kernels in the form that both precisions share.
struct Kernels<Real: KernelReal> {
  typealias Numbers = UnsafePointer<Real>
  typealias Output = UnsafeMutablePointer<Real>

  var map: [Function: (Int, Numbers?, Output?) -> Void]
  var bias: [Activation: (Int, Int, Output?, Int, Numbers?, _ slopes: Output?, Int) -> Real]
  var drop:
    (Int, Int, Int, Int, UInt64, UInt64, Double, Output?, Int, _ slopes: Output?, Int, _ differences: Output?, Int) ->
      Void
  var multiply: (Int, Int, Output?, Int, Numbers?, Int) -> Real
  var blend: (Int, Int, Output?, Int, Output?, Int, _ alpha: Numbers?, _ slopes: Output?, Int) -> Real
  var pieces: (UnsafePointer<ck_pieces>?, Int, Output?, Int) -> Void
  var hats: (UnsafePointer<ck_pieces>?, Int, Numbers?, Int, Output?, UnsafeMutablePointer<Int32>?) -> Void
  var lookUp: (UnsafePointer<ck_categories>?, Int, Numbers?, Numbers?, Int, Output?, Int) -> Void
  var lookUpBack: (UnsafePointer<ck_categories>?, Int, Numbers?, Int, Numbers?, Int, Output?) -> Real
  var embed: (UnsafePointer<ck_embedding>?, Int, Numbers?, Output?, Int, Output?, Int) -> Real
  var embedBack: (UnsafePointer<ck_embedding>?, Int, Numbers?, Numbers?, Int, Output?, Int, Output?) -> Real
  var derive: [Activation: (Int, Int, Output?, Int, Numbers?, Int) -> Real]
  var loss: [Loss: (Int, Int, Numbers?, Int, Numbers?, Int, Real, Real, Output?) -> Double]
  var rowSums: (Int, Int, Numbers?, Int, Real, Real, Output?) -> Void
  var sum: (Int, Numbers?) -> Real
  var maxMagnitude: (Int, Numbers?) -> Real
  var scale: (Int, Real, Output?) -> Void
  var dot: (Int, Numbers?, Numbers?) -> Double
  var penalize: (Int, Numbers?, _ l1: Real, _ l2: Real, _ scale: Real, Output?) -> Double
  var limitRows: (Int, Int, Output?, Int, Real) -> Void
  var packedCount: (Int, Int) -> Int
  var pack: (Int, Int, Numbers?, Int, Output?) -> Void
  var multiplyPacked: (Int, Int, Int, Int, Int, Numbers?, Numbers?, Int, Output?, Int) -> Void
  var update: (Rule<Real>, Int, Numbers?, _ mean: Output, _ square: Output, _ parameters: Output) -> Void
}

/// A rule of an update, with its factors.
struct Rule<Real: KernelReal> {
  var name: ck_rule
  var rate, beta1: Real
  var gain1: Real = 0
  var beta2: Real
  var gain2: Real = 0
  var smallest: Real = 0
  var largest: Real = 0
  var correction, epsilon, shrinkage: Real
}

protocol KernelReal: BinaryFloatingPoint, Sendable {
  static func kernels(_ set: InstructionSet) -> Kernels<Self>
  /// As much as it takes to fit a comparison in this precision.
  static var tolerance: Double { get }
}

extension Float: KernelReal {
  static let tolerance = 2e-6

  static func kernels(_ set: InstructionSet) -> Kernels<Float> {
    let k = ck_float_kernels_for(ck_instruction_set(set.rawValue))!.pointee
    return Kernels(
      map: [.exp: k.exp, .log: k.log, .erf: k.erf, .sigmoid: k.sigmoid, .tanh: k.tanh, .relu: k.relu],
      bias: Dictionary(uniqueKeysWithValues: Activation.allCases.map { ($0, k.activations[$0.kernel].bias) }),
      drop: k.drop, multiply: k.multiply, blend: k.blend, pieces: k.pieces, hats: k.hats,
      lookUp: k.look_up, lookUpBack: k.look_up_back, embed: k.embed, embedBack: k.embed_back,
      derive: Dictionary(uniqueKeysWithValues: Activation.allCases.map { ($0, k.activations[$0.kernel].derive) }),
      loss: Dictionary(uniqueKeysWithValues: Loss.allCases.map { ($0, k.losses[$0.kernel].sum) }),
      rowSums: k.row_sums, sum: k.sum, maxMagnitude: k.max_magnitude, scale: k.scale, dot: k.dot,
      penalize: k.penalize, limitRows: k.limit_rows, packedCount: k.packed_count, pack: k.pack_panels,
      multiplyPacked: k.multiply_packed,
      update: { rule, n, gradient, mean, square, parameters in
        var update = ck_float_update(
          rule: rule.name, rate: rule.rate, beta1: rule.beta1, gain1: rule.gain1, beta2: rule.beta2, gain2: rule.gain2,
          smallest: rule.smallest, largest: rule.largest, correction: rule.correction, epsilon: rule.epsilon,
          shrinkage: rule.shrinkage, m: mean, v: square)
        k.update(&update, n, gradient, parameters)
      })
  }
}

extension Double: KernelReal {
  static let tolerance = 1e-14

  static func kernels(_ set: InstructionSet) -> Kernels<Double> {
    let k = ck_double_kernels_for(ck_instruction_set(set.rawValue))!.pointee
    return Kernels(
      map: [.exp: k.exp, .log: k.log, .erf: k.erf, .sigmoid: k.sigmoid, .tanh: k.tanh, .relu: k.relu],
      bias: Dictionary(uniqueKeysWithValues: Activation.allCases.map { ($0, k.activations[$0.kernel].bias) }),
      drop: k.drop, multiply: k.multiply, blend: k.blend, pieces: k.pieces, hats: k.hats,
      lookUp: k.look_up, lookUpBack: k.look_up_back, embed: k.embed, embedBack: k.embed_back,
      derive: Dictionary(uniqueKeysWithValues: Activation.allCases.map { ($0, k.activations[$0.kernel].derive) }),
      loss: Dictionary(uniqueKeysWithValues: Loss.allCases.map { ($0, k.losses[$0.kernel].sum) }),
      rowSums: k.row_sums, sum: k.sum, maxMagnitude: k.max_magnitude, scale: k.scale, dot: k.dot,
      penalize: k.penalize, limitRows: k.limit_rows, packedCount: k.packed_count, pack: k.pack_panels,
      multiplyPacked: k.multiply_packed,
      update: { rule, n, gradient, mean, square, parameters in
        var update = ck_double_update(
          rule: rule.name, rate: rule.rate, beta1: rule.beta1, gain1: rule.gain1, beta2: rule.beta2, gain2: rule.gain2,
          smallest: rule.smallest, largest: rule.largest, correction: rule.correction, epsilon: rule.epsilon,
          shrinkage: rule.shrinkage, m: mean, v: square)
        k.update(&update, n, gradient, parameters)
      })
  }
}

extension Kernels {
  /// f of every number of `x`, out of place.
  func callAsFunction(_ function: Function, _ x: [Real]) -> [Real] {
    Array(unsafeUninitializedCapacity: x.count) { y, count in
      map[function]!(x.count, x, y.baseAddress)
      count = x.count
    }
  }
}

/// A small generator whose numbers are the same in every run (Marsaglia's xorshift, 2003).
struct Xorshift: RandomNumberGenerator {
  var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}

func randomNumbers<Real: KernelReal>(_ count: Int, in range: ClosedRange<Double>, seed: UInt64) -> [Real] {
  var generator = Xorshift(seed: seed)
  return (0..<count).map { _ in Real(Double.random(in: range, using: &generator)) }
}

/// Equal as bits, so that −0 differs from 0; NaN equals NaN.
func sameBits<Real: KernelReal>(_ a: [Real], _ b: [Real]) -> Bool {
  a.count == b.count
    && zip(a, b).allSatisfy { x, y in (x == y && x.sign == y.sign) || (x.isNaN && y.isNaN) }
}
