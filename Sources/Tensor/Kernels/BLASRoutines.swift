/// The operations of the underlying libraries for one element type; call them through ``Matrix``.
///
/// All storage is column-major. A tile has `rows` × `columns` elements, and its columns start `stride` elements apart.
public protocol _BLASRoutines {
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
  static func dot(_ n: Int32, _ x: Pointer, _ y: Pointer) -> Scalar
  static func nrm2(_ n: Int32, _ x: Pointer) -> Scalar

  /// Whether `product` exists here; otherwise `gemm` is used.
  static var hasProduct: Bool { get }
  /// The same as `gemm`, but the bits of every element are independent of how a product is cut.
  static func product(
    _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int,
    _ alpha: Scalar, _ a: Pointer, _ lda: Int, _ b: Pointer, _ ldb: Int, _ beta: Scalar, _ c: MutablePointer, _ ldc: Int
  )

  /// Changes the parameters like ``update(_:_:_:_:)`` with the gradient A Bᵀ. The gradient is rows × columns, with sums
  /// of `inner` terms. Available only if ``hasProduct``.
  static func update(
    _ update: MomentUpdate<Scalar>, _ rows: Int, _ columns: Int, _ inner: Int, product a: Pointer, _ lda: Int,
    _ b: Pointer, _ ldb: Int, gradient: MutablePointer, _ parameters: MutablePointer, _ stride: Int)

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
    _ function: Activation, _ rows: Int, _ columns: Int, _ z: MutablePointer, _ stride: Int, bias: Pointer,
    slopes: MutablePointer?, _ slopesStride: Int
  ) -> Scalar
  static func drop(
    _ place: DropoutPlace, _ rows: Int, _ columns: Int, _ a: MutablePointer, _ stride: Int, slopes: MutablePointer?,
    _ slopesStride: Int, differences: MutablePointer?, _ differencesStride: Int)
  static func derive(
    _ function: Activation, _ rows: Int, _ columns: Int,
    _ delta: MutablePointer, _ deltaStride: Int, _ a: Pointer, _ stride: Int
  ) -> Scalar
  static func multiply(
    _ rows: Int, _ columns: Int, _ x: MutablePointer, _ xStride: Int, _ y: Pointer, _ yStride: Int
  ) -> Scalar
  static func loss(
    _ loss: Loss, _ rows: Int, _ columns: Int, _ z: Pointer, _ stride: Int, _ y: Pointer, _ yStride: Int, batch: Int,
    delta: MutablePointer?
  ) -> Double
  static func blend(
    _ rows: Int, _ columns: Int, _ z: MutablePointer, _ stride: Int, _ g: MutablePointer, _ gStride: Int,
    alpha: Pointer, slopes: MutablePointer?, _ slopesStride: Int
  ) -> Scalar
  static func pieces(_ shape: PieceShape, _ columns: Int, _ e: MutablePointer, _ stride: Int)
  static func hats(
    _ shape: PieceShape, _ columns: Int, _ x: Pointer, _ stride: Int, _ numbers: MutablePointer,
    _ places: UnsafeMutablePointer<Int32>)
  static func multiplyListed(
    _ rows: Range<Int>, _ columns: Int, _ k: Int, _ packed: Pointer, most: Int, _ numbers: Pointer,
    _ places: UnsafePointer<Int32>, _ z: MutablePointer, _ zStride: Int)
  static func lookUp(
    _ shape: CategoryShape, _ columns: Int, table: Pointer, _ x: Pointer, _ stride: Int, _ e: MutablePointer,
    _ eStride: Int)
  static func lookUpBack(
    _ shape: CategoryShape, _ columns: Int, _ x: Pointer, _ stride: Int, _ delta: Pointer, _ deltaStride: Int,
    gradient: MutablePointer
  ) -> Scalar
  static func embed(
    _ shape: EmbeddingShape, _ columns: Int, parameters: Pointer, _ e: MutablePointer, _ stride: Int,
    _ outputs: MutablePointer, _ outputsStride: Int
  ) -> Scalar
  static func embedBack(
    _ shape: EmbeddingShape, _ columns: Int, parameters: Pointer, _ e: Pointer, _ stride: Int,
    _ delta: MutablePointer, _ deltaStride: Int, gradient: MutablePointer
  ) -> Scalar
  static func normalizeRows(
    _ rows: Int, _ columns: Int, _ z: MutablePointer, _ stride: Int, gamma: Pointer, epsilon: Scalar,
    normal: MutablePointer, _ normalStride: Int, mean: MutablePointer, variance: MutablePointer, inverse: MutablePointer
  )
  static func normalizeRowsBack(
    _ rows: Int, _ columns: Int, _ delta: MutablePointer, _ stride: Int, normal: Pointer, _ normalStride: Int,
    gamma: Pointer, inverse: Pointer, sums: MutablePointer, _ sumsStride: Int
  ) -> Scalar
  static func standardizeRows(
    _ rows: Int, _ columns: Int, _ z: MutablePointer, _ stride: Int, gamma: Pointer, epsilon: Scalar, mean: Pointer,
    variance: Pointer)
  static func normalizeColumns(
    _ rows: Int, _ columns: Int, _ z: MutablePointer, _ stride: Int, gamma: Pointer, epsilon: Scalar, isCentered: Bool,
    normal: MutablePointer?, _ normalStride: Int, inverse: MutablePointer?)
  static func normalizeColumnsBack(
    _ rows: Int, _ columns: Int, _ delta: MutablePointer, _ stride: Int, normal: Pointer, _ normalStride: Int,
    gamma: Pointer, inverse: Pointer, isCentered: Bool, sums: MutablePointer
  ) -> Scalar
  static func rowSums(
    _ rows: Int, _ columns: Int, _ x: Pointer, _ stride: Int, scale: Scalar, accumulator: Scalar, _ sums: MutablePointer
  )
  static func sum(_ n: Int, _ x: Pointer) -> Scalar
  static func maxMagnitude(_ n: Int, _ x: Pointer) -> Scalar
  static func wideDot(_ n: Int, _ x: Pointer, _ y: Pointer) -> Double
  static func add(_ n: Int, _ factor: Scalar, _ x: Pointer, _ y: MutablePointer)
  static func scale(_ n: Int, _ factor: Scalar, _ x: MutablePointer)
  static func update(_ update: MomentUpdate<Scalar>, _ n: Int, _ gradient: Pointer, _ parameters: MutablePointer)
  static func penalize(
    _ n: Int, _ weights: Pointer, l1: Scalar, l2: Scalar, scale: Scalar, _ gradient: MutablePointer?
  ) -> Double
  static func limitRows(_ rows: Int, _ columns: Int, _ x: MutablePointer, _ stride: Int, limit: Scalar)
  static func multiplyAdds(_ n: Int, _ numbers: MutablePointer) -> Double
  static func packedCount(_ rows: Int, _ columns: Int) -> Int
  static func pack(_ rows: Int, _ columns: Int, _ a: Pointer, _ stride: Int, _ packed: MutablePointer)
  static func multiplyPacked(
    _ allRows: Int, _ rows: Range<Int>, _ columns: Int, _ k: Int, _ packed: Pointer, _ x: Pointer, _ xStride: Int,
    _ z: MutablePointer, _ zStride: Int)
}
