import CKernels
import Testing

/// The product of its own, where there is one: the sizes lie on both sides of a vector, a panel, and the blocks of columns and inner indices.
@Suite("The product", .enabled(if: ck_best_instruction_set() == ck_avx512, "skipped: needs AVX-512"))
struct KernelProductTests {
  private static let rows = [1, 15, 16, 17, 31, 32, 33, 70]
  private static let columns = [1, 7, 8, 9, 12, 513]
  private static let inner = [1, 16, 37, 1024, 1030]

  @Test("is that of plain loops", arguments: rows, columns)
  func values(m: Int, n: Int) {
    for k in Self.inner {
      for (transposeA, transposeB) in [(false, false), (true, false), (false, true), (true, true)] {
        check(ck_float_kernels_for(ck_avx512)!.pointee.product!, m, n, k, transposeA, transposeB)
        check(ck_double_kernels_for(ck_avx512)!.pointee.product!, m, n, k, transposeA, transposeB)
      }
    }
  }

  @Test("gives an element the same bits, however the result is cut")
  func cuts() {
    let product = ck_float_kernels_for(ck_avx512)!.pointee.product!
    let (m, n, k) = (100, 70, 1100)
    let a: [Float] = randomNumbers(m * k, in: -1...1, seed: 1)
    let b: [Float] = randomNumbers(k * n, in: -1...1, seed: 2)
    var whole = [Float](repeating: 0, count: m * n)
    product(0, 0, m, n, k, 1, a, m, b, k, 0, &whole, m)
    for (rows, columns) in [(0..<1, 0..<70), (3..<50, 1..<2), (50..<100, 60..<70), (99..<100, 69..<70)] {
      var part = [Float](repeating: 0, count: rows.count * columns.count)
      a.withUnsafeBufferPointer { a in
        b.withUnsafeBufferPointer { b in
          product(
            0, 0, rows.count, columns.count, k, 1, a.baseAddress! + rows.lowerBound, m,
            b.baseAddress! + columns.lowerBound * k, k, 0, &part, rows.count)
        }
      }
      let expected = columns.flatMap { column in rows.map { whole[column * m + $0] } }
      #expect(sameBits(part, expected))
    }
  }

  private typealias Product<Real> =
    (
      Int32, Int32, Int, Int, Int, Real, UnsafePointer<Real>?, Int, UnsafePointer<Real>?, Int, Real,
      UnsafeMutablePointer<Real>?, Int
    )
    -> Void

  private func check<Real: KernelReal>(
    _ product: Product<Real>, _ m: Int, _ n: Int, _ k: Int, _ transposeA: Bool, _ transposeB: Bool
  ) {
    let (lda, ldb, ldc) = ((transposeA ? k : m) + 3, (transposeB ? n : k) + 1, m + 2)
    let a: [Real] = randomNumbers(lda * (transposeA ? m : k), in: -1...1, seed: 1)
    let b: [Real] = randomNumbers(ldb * (transposeB ? k : n), in: -1...1, seed: 2)
    for (alpha, beta): (Real, Real) in [(1, 0), (-0.5, 1), (1, 2)] {
      let before = [Real](repeating: beta == 0 ? .nan : 0.25, count: ldc * n)
      var c = before
      product(transposeA ? 1 : 0, transposeB ? 1 : 0, m, n, k, alpha, a, lda, b, ldb, beta, &c, ldc)
      var wrong = 0
      // Every element, or of larger products some, on both sides of a block's edge among them.
      let (rows, columns) =
        m * n * k <= 20000
        ? (Set(0..<m), Set(0..<n))
        : (Set([0, m / 2, m - 1]), Set([0, 7, 8, n / 2, 247, 248, 255, 256, 511, 512, n - 1]).filter { $0 < n })
      for j in columns {
        for i in rows {
          var sum = 0.0
          for p in 0..<k {
            sum += Double(a[transposeA ? p + i * lda : i + p * lda]) * Double(b[transposeB ? j + p * ldb : p + j * ldb])
          }
          let expected = Double(alpha) * sum + (beta == 0 ? 0 : Double(beta) * 0.25)
          if !(abs(Double(c[i + j * ldc]) - expected) <= Real.tolerance * 10 * Double(k).squareRoot()) { wrong += 1 }
        }
      }
      #expect(wrong == 0, "\(m)×\(n)×\(k), \(transposeA), \(transposeB)")
      let gaps = (0..<n).flatMap { j in (m..<ldc).map { c[$0 + j * ldc] } }
      #expect(sameBits(gaps, [Real](repeating: before[0], count: gaps.count)), "wrote outside")
    }
  }
}
