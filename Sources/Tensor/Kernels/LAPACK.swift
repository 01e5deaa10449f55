import CPerceptronLAPACKE

// The only file that calls LAPACKE.

private let notTransposed = CChar(UInt8(ascii: "N"))
private let upper = CChar(UInt8(ascii: "U"))

extension _FloatRoutines {
  public static func geqrf(
    _ rows: Int32, _ columns: Int32, _ a: MutablePointer, _ lda: Int32, _ tau: MutablePointer
  ) -> Int32 {
    prepareBLAS()
    return LAPACKE_sgeqrf(LAPACK_COL_MAJOR, rows, columns, a, lda, tau)
  }

  public static func orgqr(
    _ rows: Int32, _ columns: Int32, _ reflectors: Int32, _ a: MutablePointer, _ lda: Int32, _ tau: Pointer
  ) -> Int32 {
    prepareBLAS()
    return LAPACKE_sorgqr(LAPACK_COL_MAJOR, rows, columns, reflectors, a, lda, tau)
  }

  public static func gels(
    _ rows: Int32, _ columns: Int32, _ sides: Int32, _ a: MutablePointer, _ lda: Int32, _ b: MutablePointer,
    _ ldb: Int32
  ) -> Int32 {
    prepareBLAS()
    return LAPACKE_sgels(LAPACK_COL_MAJOR, notTransposed, rows, columns, sides, a, lda, b, ldb)
  }
}

extension _DoubleRoutines {
  public static func geqrf(
    _ rows: Int32, _ columns: Int32, _ a: MutablePointer, _ lda: Int32, _ tau: MutablePointer
  ) -> Int32 {
    prepareBLAS()
    return LAPACKE_dgeqrf(LAPACK_COL_MAJOR, rows, columns, a, lda, tau)
  }

  public static func orgqr(
    _ rows: Int32, _ columns: Int32, _ reflectors: Int32, _ a: MutablePointer, _ lda: Int32, _ tau: Pointer
  ) -> Int32 {
    prepareBLAS()
    return LAPACKE_dorgqr(LAPACK_COL_MAJOR, rows, columns, reflectors, a, lda, tau)
  }

  public static func gels(
    _ rows: Int32, _ columns: Int32, _ sides: Int32, _ a: MutablePointer, _ lda: Int32, _ b: MutablePointer,
    _ ldb: Int32
  ) -> Int32 {
    prepareBLAS()
    return LAPACKE_dgels(LAPACK_COL_MAJOR, notTransposed, rows, columns, sides, a, lda, b, ldb)
  }

  static func posv(
    _ rows: Int32, _ sides: Int32, _ a: MutablePointer, _ lda: Int32, _ b: MutablePointer, _ ldb: Int32
  ) -> Int32 {
    prepareBLAS()
    return LAPACKE_dposv(LAPACK_COL_MAJOR, upper, rows, sides, a, lda, b, ldb)
  }
}
