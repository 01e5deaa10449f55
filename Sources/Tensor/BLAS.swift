import CKernels
import COpenBLAS

// The only file that calls BLAS. Sizes are OpenBLAS's 32-bit integers; the callers have checked that theirs fit.

/// Prepares OpenBLAS before its first call: it stays on the calling thread, and its products are checked.
///
/// Its own threads are all-or-nothing, share one count for the whole process, and concurrent multi-threaded products have returned wrong
/// numbers (OpenBLAS issue 5836); and one thread gives the same bits however many cores the machine has.
private let isReady: Bool = {
  openblas_set_num_threads(1)
  let wrongSingle = wrongProduct { (ta, tb, m, n, k, a: [Float], lda, b, ldb, c, ldc) in
    cblas_sgemm(
      CblasColMajor, flag(ta), flag(tb), m, n, k, 1, a, lda, b, ldb, 0, &c,
      ldc)
  }
  let wrongDouble = wrongProduct { (ta, tb, m, n, k, a: [Double], lda, b, ldb, c, ldc) in
    cblas_dgemm(
      CblasColMajor, flag(ta), flag(tb), m, n, k, 1, a, lda, b, ldb, 0, &c,
      ldc)
  }
  if let wrong = wrongSingle.map({ "sgemm " + $0 }) ?? wrongDouble.map({ "dgemm " + $0 }) {
    fail(
      "this system's BLAS computes wrong products (\(wrong)); install another OpenBLAS, for example libopenblas0-pthread"
    )
  }
  return true
}()

@inline(__always)
func prepareBLAS() {
  _ = isReady
}

/// The address space that OpenBLAS maps for each thread that is in a product: 128 MiB in 0.3.21 on x86-64, the most of any processor.
package let blasBufferSize = 128 << 20

/// Makes OpenBLAS map the buffers for so many threads now: without room it would try again for ever.
package func reserveBLASBuffers(threads: Int) {
  reserve_blas_buffers(Int32(threads))
  prepareBLAS()
}

/// The kernels that compute here, this package's and OpenBLAS's: others may round differently.
package func kernelNames() -> String {
  let set =
    switch ck_best_instruction_set() {
    case ck_avx512: "AVX-512"
    case ck_avx2: "AVX2"
    default: "baseline"
    }
  return "\(set), OpenBLAS \(openblas_get_corename().map { String(cString: $0) } ?? "unknown")"
}

private func flag(_ isTransposed: Bool) -> CBLAS_TRANSPOSE { isTransposed ? CblasTrans : CblasNoTrans }

/// The libraries for `Float`.
public enum FloatRoutines: BLASRoutines {
  public typealias Scalar = Float

  public static func gemm(
    _ transposeA: Bool, _ transposeB: Bool, _ m: Int32, _ n: Int32, _ k: Int32,
    _ alpha: Float, _ a: Pointer, _ lda: Int32, _ b: Pointer, _ ldb: Int32, _ beta: Float, _ c: MutablePointer,
    _ ldc: Int32
  ) {
    prepareBLAS()
    cblas_sgemm(CblasColMajor, flag(transposeA), flag(transposeB), m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
  }

  public static func gemv(
    _ transposeA: Bool, _ rows: Int32, _ columns: Int32,
    _ alpha: Float, _ a: Pointer, _ lda: Int32, _ x: Pointer, _ incx: Int32, _ beta: Float, _ y: MutablePointer,
    _ incy: Int32
  ) {
    prepareBLAS()
    cblas_sgemv(CblasColMajor, flag(transposeA), rows, columns, alpha, a, lda, x, incx, beta, y, incy)
  }

  public static func ger(
    _ rows: Int32, _ columns: Int32, _ alpha: Float, _ x: Pointer, _ y: Pointer, _ a: MutablePointer, _ lda: Int32
  ) {
    prepareBLAS()
    cblas_sger(CblasColMajor, rows, columns, alpha, x, 1, y, 1, a, lda)
  }

  public static func axpy(_ n: Int32, _ alpha: Float, _ x: Pointer, _ y: MutablePointer) {
    prepareBLAS()
    cblas_saxpy(n, alpha, x, 1, y, 1)
  }

  public static func dot(_ n: Int32, _ x: Pointer, _ y: Pointer) -> Float {
    prepareBLAS()
    return cblas_sdot(n, x, 1, y, 1)
  }

  public static func nrm2(_ n: Int32, _ x: Pointer) -> Float {
    prepareBLAS()
    return cblas_snrm2(n, x, 1)
  }

  public static func asum(_ n: Int32, _ x: Pointer) -> Float {
    prepareBLAS()
    return cblas_sasum(n, x, 1)
  }
}

/// The libraries for `Double`.
public enum DoubleRoutines: BLASRoutines {
  public typealias Scalar = Double

  public static func gemm(
    _ transposeA: Bool, _ transposeB: Bool, _ m: Int32, _ n: Int32, _ k: Int32,
    _ alpha: Double, _ a: Pointer, _ lda: Int32, _ b: Pointer, _ ldb: Int32, _ beta: Double, _ c: MutablePointer,
    _ ldc: Int32
  ) {
    prepareBLAS()
    cblas_dgemm(CblasColMajor, flag(transposeA), flag(transposeB), m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
  }

  public static func gemv(
    _ transposeA: Bool, _ rows: Int32, _ columns: Int32,
    _ alpha: Double, _ a: Pointer, _ lda: Int32, _ x: Pointer, _ incx: Int32, _ beta: Double, _ y: MutablePointer,
    _ incy: Int32
  ) {
    prepareBLAS()
    cblas_dgemv(CblasColMajor, flag(transposeA), rows, columns, alpha, a, lda, x, incx, beta, y, incy)
  }

  public static func ger(
    _ rows: Int32, _ columns: Int32, _ alpha: Double, _ x: Pointer, _ y: Pointer, _ a: MutablePointer, _ lda: Int32
  ) {
    prepareBLAS()
    cblas_dger(CblasColMajor, rows, columns, alpha, x, 1, y, 1, a, lda)
  }

  public static func axpy(_ n: Int32, _ alpha: Double, _ x: Pointer, _ y: MutablePointer) {
    prepareBLAS()
    cblas_daxpy(n, alpha, x, 1, y, 1)
  }

  public static func dot(_ n: Int32, _ x: Pointer, _ y: Pointer) -> Double {
    prepareBLAS()
    return cblas_ddot(n, x, 1, y, 1)
  }

  public static func nrm2(_ n: Int32, _ x: Pointer) -> Double {
    prepareBLAS()
    return cblas_dnrm2(n, x, 1)
  }

  public static func asum(_ n: Int32, _ x: Pointer) -> Double {
    prepareBLAS()
    return cblas_dasum(n, x, 1)
  }
}
