/// The first form of product that a BLAS computes wrongly, as a string such as "NT", or nil if all four are correct.
///
/// Checks small products of integers, which every correct BLAS computes exactly, in all four transpose forms. This
/// detects a library that was built for another processor, or repaired wrongly, before it costs a day of training. It
/// takes about 10 µs.
/// - Parameter multiply: C ← op(A) op(B) with (transposeA, transposeB, m, n, k, A, lda, B, ldb, C, ldc), like gemm.
package func wrongProduct<Scalar: BLASScalar>(
  _ multiply: (Bool, Bool, Int32, Int32, Int32, [Scalar], Int32, [Scalar], Int32, inout [Scalar], Int32) -> Void
) -> String? {
  let (m, n, k) = (19, 7, 11)  // not multiples of the kernels' register blocks
  for (transposeA, transposeB) in [(false, false), (false, true), (true, false), (true, true)] {
    let a = (0..<m * k).map { Scalar($0 % 7 - 3) }
    let b = (0..<k * n).map { Scalar($0 % 5 - 2) }
    let (lda, ldb) = (transposeA ? k : m, transposeB ? n : k)
    var c = [Scalar](repeating: .nan, count: m * n)
    multiply(transposeA, transposeB, Int32(m), Int32(n), Int32(k), a, Int32(lda), b, Int32(ldb), &c, Int32(m))
    for j in 0..<n {
      for i in 0..<m {
        var sum: Scalar = 0
        for p in 0..<k { sum += a[transposeA ? p + i * lda : i + p * lda] * b[transposeB ? j + p * ldb : p + j * ldb] }
        if c[i + j * m] != sum { return (transposeA ? "T" : "N") + (transposeB ? "T" : "N") }
      }
    }
  }
  return nil
}
