/// C ← α op(A) op(B) + β C as a triple loop over column-major arrays whose columns start `lda`, `ldb` and `ldc`
/// elements apart.
package func naiveMultiply<Scalar: BinaryFloatingPoint>(
  _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int,
  _ alpha: Scalar, _ a: [Scalar], _ lda: Int, _ b: [Scalar], _ ldb: Int, _ beta: Scalar, _ c: inout [Scalar], _ ldc: Int
) {
  for j in 0..<n {
    for i in 0..<m {
      var sum: Scalar = 0
      for p in 0..<k { sum += a[transposeA ? p + i * lda : i + p * lda] * b[transposeB ? j + p * ldb : p + j * ldb] }
      let scaled = alpha == 0 || k == 0 ? 0 : alpha * sum
      c[i + j * ldc] = beta == 0 ? scaled : scaled + beta * c[i + j * ldc]
    }
  }
}
