import CPerceptronKernels
import CPerceptronOpenBLAS

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

// The only file that calls BLAS. Sizes are OpenBLAS's 32-bit integers; the callers have checked that theirs fit.

/// OpenBLAS as this process uses it.
package struct BLAS: Sendable {
  /// The processor whose kernels compute, in OpenBLAS's words.
  package let kernels: String
  /// Those that OpenBLAS had chosen itself, if others were put in their place.
  package let replacedKernels: String?
  /// Whether the kernels use as wide vectors as the processor has, or nearly.
  package let isUpToDate: Bool

  /// Prepares OpenBLAS before its first call: it stays on the calling thread, its kernels fit the processor, and its
  /// products are checked.
  ///
  /// Its own threads are all-or-nothing, share one count for the whole process, and concurrent multi-threaded products
  /// have returned wrong numbers (OpenBLAS issue 5836); and one thread gives the same bits however many cores the
  /// machine has.
  package static let current: BLAS = {
    let kernels = chooseKernels()
    openblas_set_num_threads(1)
    let wrongSingle = wrongProduct { (ta, tb, m, n, k, a: [Float], lda, b, ldb, c, ldc) in
      cblas_sgemm(CblasColMajor, flag(ta), flag(tb), m, n, k, 1, a, lda, b, ldb, 0, &c, ldc)
    }
    let wrongDouble = wrongProduct { (ta, tb, m, n, k, a: [Double], lda, b, ldb, c, ldc) in
      cblas_dgemm(CblasColMajor, flag(ta), flag(tb), m, n, k, 1, a, lda, b, ldb, 0, &c, ldc)
    }
    if let wrong = wrongSingle.map({ "sgemm " + $0 }) ?? wrongDouble.map({ "dgemm " + $0 }) {
      fail(
        "this system's BLAS computes wrong products (\(wrong));"
          + " install another OpenBLAS, for example libopenblas0-pthread")
    }
    return kernels
  }()

  /// OpenBLAS takes a processor that is newer than itself for one of the year 2004, whose kernels are ten times slower.
  /// The variable that says otherwise is read when the kernels are chosen; whoever has set it has chosen.
  private static func chooseKernels() -> BLAS {
    let found = coreName
    func level(_ name: String) -> Int { levels.firstIndex { $0.contains(name.lowercased()) } ?? levels.count }
    let best = InstructionSet.best
    // AVX2's kernels do with AVX-512, too: they are not what OpenBLAS falls back to.
    let least = best == .baseline ? 0 : 2
    let variable = "OPENBLAS_CORETYPE"
    if level(found) < least, getenv(variable) == nil {
      setenv(variable, best == .avx512 ? "SkylakeX" : "Haswell", 1)
      defer { unsetenv(variable) }
      if choose_blas_kernels() != 0, level(coreName) > level(found) {
        return BLAS(kernels: coreName, replacedKernels: found, isUpToDate: true)
      }
    }
    return BLAS(kernels: coreName, replacedKernels: nil, isUpToDate: level(coreName) >= least)
  }

  private static var coreName: String { openblas_get_corename().map { String(cString: $0) } ?? "unknown" }

  /// The processors of x86-64 that OpenBLAS has kernels for, by the width of their vectors: 128 bits, AVX's 256, AVX2's
  /// with multiply-adds, and 512. What is not among them is as good as any.
  private static let levels: [Set<String>] = [
    [
      "prescott", "core2", "penryn", "dunnington", "nehalem", "atom", "athlon", "opteron", "opteron_sse3", "barcelona",
      "bobcat", "nano", "katmai", "coppermine", "northwood", "banias",
    ],
    ["sandybridge", "bulldozer", "piledriver", "steamroller"],
    ["haswell", "zen", "excavator"],
    ["skylakex", "cooperlake", "sapphirerapids"],
  ]
}

@inline(__always)
func prepareBLAS() {
  _ = BLAS.current
}

/// The address space that OpenBLAS maps for each thread that is in a product: 128 MiB in 0.3.21 on x86-64, the most of
/// any processor.
package let blasBufferSize = 128 << 20

/// Makes OpenBLAS map the buffers for so many threads now: without room it would try again for ever.
package func reserveBLASBuffers(threads: Int) {
  prepareBLAS()
  reserve_blas_buffers(Int32(threads))
}

/// The kernels that compute here, this package's and OpenBLAS's: others may round differently.
package func kernelNames() -> String { "\(InstructionSet.current.name), OpenBLAS \(BLAS.current.kernels)" }

/// What computes here, and why, in one line for people.
package func kernelDescription() -> String {
  let (set, blas) = (InstructionSet.current, BLAS.current)
  let own = "instruction set \(set.rawValue), products by \(FloatRoutines.hasProduct ? "this package" : "OpenBLAS")"
  let replaced = blas.replacedKernels.map { ", in place of \($0), its choice for processors it does not know" } ?? ""
  return "\(own); OpenBLAS with its kernels for \(blas.kernels)\(replaced)"
}

/// Why training is slow here, in one line; nil if it is not.
package func slowness() -> String? {
  guard !FloatRoutines.hasProduct else { return nil }
  let blas = BLAS.current
  guard blas.isUpToDate else {
    return
      "products are slow: OpenBLAS computes with its kernels for \(blas.kernels), which are far below what this"
      + " processor can do; unset OPENBLAS_CORETYPE, or install a newer OpenBLAS"
  }
  #if arch(x86_64)
    return
      "training is slow with \(InstructionSet.current.name) instructions;"
      + " a processor with AVX2 takes a fraction of the time"
  #else
    return nil
  #endif
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
