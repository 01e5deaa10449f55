/// An element type that BLAS computes with: `Float` or `Double`, and no other.
public protocol BLASScalar: BinaryFloatingPoint, Sendable {
  associatedtype Routines: BLASRoutines where Routines.Scalar == Self
}

extension Float: BLASScalar {
  public typealias Routines = FloatRoutines
}

extension Double: BLASScalar {
  public typealias Routines = DoubleRoutines
}

/// What the libraries below do with one element type; call it through ``Matrix``.
///
/// All storage is column-major; a tile is `rows` × `columns` elements whose columns start `stride` elements apart.
public protocol BLASRoutines {
  associatedtype Scalar: Sendable
  typealias Pointer = UnsafePointer<Scalar>
  typealias MutablePointer = UnsafeMutablePointer<Scalar>

  // BLAS, level 3 to 1. `m`, `n`, `k` are the product's sizes, `lda` … the strides.
  static func gemm(
    _ transposeA: Bool, _ transposeB: Bool, _ m: Int32, _ n: Int32, _ k: Int32,
    _ alpha: Scalar, _ a: Pointer, _ lda: Int32, _ b: Pointer, _ ldb: Int32, _ beta: Scalar, _ c: MutablePointer,
    _ ldc: Int32)
  static func gemv(
    _ transposeA: Bool, _ rows: Int32, _ columns: Int32,
    _ alpha: Scalar, _ a: Pointer, _ lda: Int32, _ x: Pointer, _ incx: Int32, _ beta: Scalar, _ y: MutablePointer,
    _ incy: Int32)
  static func ger(
    _ rows: Int32, _ columns: Int32,
    _ alpha: Scalar, _ x: Pointer, _ y: Pointer, _ a: MutablePointer, _ lda: Int32)
  static func axpy(_ n: Int32, _ alpha: Scalar, _ x: Pointer, _ y: MutablePointer)
  static func dot(_ n: Int32, _ x: Pointer, _ y: Pointer) -> Scalar
  static func nrm2(_ n: Int32, _ x: Pointer) -> Scalar
  static func asum(_ n: Int32, _ x: Pointer) -> Scalar

  /// Whether ``product`` exists here: where OpenBLAS leaves some of the processor's rate.
  static var hasProduct: Bool { get }
  /// The same as `gemm` for large matrices, with every element's bits independent of how a product is cut.
  static func product(
    _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int,
    _ alpha: Scalar, _ a: Pointer, _ lda: Int, _ b: Pointer, _ ldb: Int, _ beta: Scalar, _ c: MutablePointer, _ ldc: Int
  )

  // LAPACK. Each returns `info`.
  static func geqrf(_ rows: Int32, _ columns: Int32, _ a: MutablePointer, _ lda: Int32, _ tau: MutablePointer) -> Int32
  static func orgqr(
    _ rows: Int32, _ columns: Int32, _ reflectors: Int32, _ a: MutablePointer, _ lda: Int32, _ tau: Pointer
  ) -> Int32
  static func gels(
    _ rows: Int32, _ columns: Int32, _ sides: Int32, _ a: MutablePointer, _ lda: Int32, _ b: MutablePointer,
    _ ldb: Int32
  ) -> Int32

  // Element-wise loops. `CKernels.h` states each one's formula and accuracy.
  static func apply(_ function: ElementwiseFunction, _ n: Int, _ x: Pointer, _ y: MutablePointer)
  static func activate(
    _ function: TileActivation, _ rows: Int, _ columns: Int, _ z: MutablePointer, _ stride: Int, bias: Pointer
  ) -> Scalar
  static func derive(
    _ function: TileActivation, _ rows: Int, _ columns: Int,
    _ delta: MutablePointer, _ deltaStride: Int, _ a: Pointer, _ stride: Int
  ) -> Scalar
  static func loss(
    _ function: TileLoss, _ rows: Int, _ columns: Int, _ z: Pointer, _ stride: Int, _ y: Pointer, _ yStride: Int,
    scale: Scalar, delta: MutablePointer?
  ) -> Double
  static func rowSums(
    _ rows: Int, _ columns: Int, _ x: Pointer, _ stride: Int, scale: Scalar, accumulator: Scalar, _ sums: MutablePointer
  )
  static func sum(_ n: Int, _ x: Pointer) -> Scalar
  static func maxMagnitude(_ n: Int, _ x: Pointer) -> Scalar
  static func scale(_ n: Int, _ factor: Scalar, _ x: MutablePointer)
  static func momentum(
    _ n: Int, rate: Scalar, momentum: Scalar, nesterov: Bool, _ gradient: Pointer, _ velocity: MutablePointer,
    _ parameters: MutablePointer)
  static func adam(
    _ n: Int, _ factors: AdamFactors<Scalar>, _ gradient: Pointer, _ mean: MutablePointer, _ square: MutablePointer,
    _ parameters: MutablePointer)
}

/// A function that is applied to every element on its own, at most 4 ulp from the exact value over its whole range.
public enum ElementwiseFunction: String, Sendable, CaseIterable {
  /// eˣ.
  case exp
  /// The natural logarithm: −∞ at 0, NaN below.
  case log
  /// The error function, 2/√π ∫₀ˣ e^(−t²) dt.
  case erf
  /// 1 / (1 + e⁻ˣ).
  case sigmoid
  /// The hyperbolic tangent.
  case tanh
  /// max(0, x), with NaN and −0 kept.
  case relu
}

/// What is applied to a tile of weighted inputs once the bias is added; see the layers module for the mathematics.
public enum TileActivation: Sendable {
  case identity, sigmoid, tanh, relu, softmax
}

/// A loss that is summed over a tile together with its error; see the layers module for the mathematics.
public enum TileLoss: Sendable {
  /// Σ (a − y)², error a − y.
  case squaredError
  /// −Σ y log softmax(z), error softmax(z) Σy − y.
  case softmaxCrossEntropy
  /// Binary cross-entropy of sigmoid(z), error sigmoid(z) − y.
  case sigmoidCrossEntropy
}

/// What becomes of the gradient g of parameters θ; see the training module for the mathematics.
@usableFromInline
package enum TileUpdate<Scalar: BLASScalar>: Sendable {
  /// The gradient is kept for others.
  case keep
  /// θ ← θ − rate · g: the product that makes the gradient adds to the parameters, and there is no gradient.
  case descend(rate: Scalar)
  /// v ← μ v + g, θ ← θ − rate · v, or θ − rate · (g + μ v) after Nesterov.
  case momentum(velocity: Tile<Scalar>, rate: Scalar, momentum: Scalar, nesterov: Bool)
  /// Adam's step, with the moments m and v.
  case adam(mean: Tile<Scalar>, square: Tile<Scalar>, AdamFactors<Scalar>)
}

/// What an Adam step does to every parameter alike:
///
///     m ← β₁ m + r₁ g,   v ← β₂ v + r₂ g²,   w ← kept · w − rate · m / (correction · √v + ε)
public struct AdamFactors<Scalar: Sendable>: Sendable {
  let beta1, rest1, beta2, rest2, rate, correction, epsilon, kept: Scalar

  package init(
    beta1: Scalar, rest1: Scalar, beta2: Scalar, rest2: Scalar, rate: Scalar, correction: Scalar, epsilon: Scalar,
    kept: Scalar
  ) {
    self.beta1 = beta1
    self.rest1 = rest1
    self.beta2 = beta2
    self.rest2 = rest2
    self.rate = rate
    self.correction = correction
    self.epsilon = epsilon
    self.kept = kept
  }
}
