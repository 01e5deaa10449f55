import CPerceptronKernels
import CPerceptronOpenBLAS

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

// The only file that calls BLAS. Sizes are OpenBLAS's 32-bit integers; the callers have checked that their sizes fit.

/// The state of OpenBLAS in this process.
package struct BLAS: Sendable {
  /// The processor type whose kernels are in use, as OpenBLAS names it.
  package let kernels: String
  /// The kernels that OpenBLAS had chosen, if this package replaced them; otherwise nil.
  package let replacedKernels: String?
  /// Whether the kernels use the processor's full vector width, or nearly.
  package let isUpToDate: Bool

  /// Prepares OpenBLAS before its first call: it runs on the calling thread only, its kernels are chosen for the
  /// processor, and its products are checked.
  ///
  /// OpenBLAS's own threads are not used for two reasons. They are all-or-nothing, share one count for the whole
  /// process, and have returned wrong numbers for concurrent multi-threaded products (OpenBLAS issue 5836). And a
  /// single thread gives the same bits whatever the number of cores.
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

  /// Chooses kernels that suit the processor.
  ///
  /// OpenBLAS treats a processor that is newer than itself as one of the year 2004, whose kernels are ten times slower.
  /// OpenBLAS reads the environment variable that overrides this when it chooses its kernels. If the user has set that
  /// variable, it stays as it is.
  private static func chooseKernels() -> BLAS {
    let found = coreName
    func level(_ name: String) -> Int { levels.firstIndex { $0.contains(name.lowercased()) } ?? levels.count }
    let best = InstructionSet.best
    // AVX2's kernels are good enough with AVX-512: OpenBLAS does not fall back to them.
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

  /// The x86-64 processors that OpenBLAS has kernels for, by vector width: 128 bits, AVX's 256 bits, AVX2's 256 bits
  /// with multiply-adds, and 512 bits. A name that is not listed counts as the highest level.
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

/// The address space that OpenBLAS maps for each thread that computes a product: 128 MiB in version 0.3.21 on x86-64,
/// the most for any processor.
package let blasBufferSize = 128 << 20

/// Makes OpenBLAS map the buffers for this many threads now. If there were no room later, it would retry forever.
package func reserveBLASBuffers(threads: Int) {
  prepareBLAS()
  reserve_blas_buffers(Int32(threads))
}

/// The names of the kernels in use, this package's and OpenBLAS's. Other kernels may round differently.
package func kernelNames() -> String { "\(InstructionSet.current.name), OpenBLAS \(BLAS.current.kernels)" }

/// A one-line description of what computes here, and why.
package func kernelDescription() -> String {
  let (set, blas) = (InstructionSet.current, BLAS.current)
  let own = "instruction set \(set.rawValue), products by \(_FloatRoutines.hasProduct ? "this package" : "OpenBLAS")"
  let replaced = blas.replacedKernels.map { ", in place of \($0), its choice for processors it does not know" } ?? ""
  return "\(own); OpenBLAS with its kernels for \(blas.kernels)\(replaced)"
}

/// The reason why training is slow here, in one line; nil if it is not slow.
package func slowness() -> String? {
  guard !_FloatRoutines.hasProduct else { return nil }
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

/// The kernels, BLAS and LAPACK for `Float`.
public enum _FloatRoutines: _BLASRoutines {
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

  public static func dot(_ n: Int32, _ x: Pointer, _ y: Pointer) -> Float {
    prepareBLAS()
    return cblas_sdot(n, x, 1, y, 1)
  }

  public static func nrm2(_ n: Int32, _ x: Pointer) -> Float {
    prepareBLAS()
    return cblas_snrm2(n, x, 1)
  }
}

/// The kernels, BLAS and LAPACK for `Double`.
public enum _DoubleRoutines: _BLASRoutines {
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

  public static func dot(_ n: Int32, _ x: Pointer, _ y: Pointer) -> Double {
    prepareBLAS()
    return cblas_ddot(n, x, 1, y, 1)
  }

  public static func nrm2(_ n: Int32, _ x: Pointer) -> Double {
    prepareBLAS()
    return cblas_dnrm2(n, x, 1)
  }
}
