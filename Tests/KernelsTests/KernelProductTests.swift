import CPerceptronKernels
import Testing

/// The package's own product, for every instruction set that has one: the sizes lie on both sides of a vector, a tile,
/// and the blocks of rows, columns and inner indices.
@Suite("The product", .enabled(if: InstructionSet.withProduct.count > 0, "skipped: needs AVX2"))
struct KernelProductTests {
  private static let rows = [1, 7, 8, 15, 16, 17, 31, 32, 33, 49, 70, 130]
  private static let columns = [1, 2, 7, 8, 9, 12, 13, 25, 513]
  private static let inner = [1, 10, 16, 37, 256, 512, 513, 1030]

  @Test("is that of plain loops", arguments: rows, columns)
  func values(m: Int, n: Int) {
    for set in InstructionSet.withProduct {
      for k in Self.inner {
        for (transposeA, transposeB) in [(false, false), (true, false), (false, true), (true, true)] {
          check(ck_float_kernels_for(set.kernels)!.pointee.product!, m, n, k, transposeA, transposeB)
          check(ck_double_kernels_for(set.kernels)!.pointee.product!, m, n, k, transposeA, transposeB)
        }
      }
    }
  }

  /// A's block of rows is larger than what is packed at once.
  @Test("is that of plain loops for many rows")
  func manyRows() {
    for set in InstructionSet.withProduct {
      for transposeA in [false, true] {
        check(ck_float_kernels_for(set.kernels)!.pointee.product!, 1700, 40, 300, transposeA, false)
        check(ck_double_kernels_for(set.kernels)!.pointee.product!, 900, 40, 300, transposeA, true)
      }
    }
  }

  @Test("gives an element the same bits, however the result is cut, and with every instruction set")
  func cuts() {
    let (m, n, k) = (100, 70, 1100)
    let a: [Float] = randomNumbers(m * k, in: -1...1, seed: 1)
    let b: [Float] = randomNumbers(k * n, in: -1...1, seed: 2)
    var results: [[Float]] = []
    for set in InstructionSet.withProduct {
      let product = ck_float_kernels_for(set.kernels)!.pointee.product!
      var whole = [Float](repeating: 0, count: m * n)
      product(0, 0, m, n, k, 1, a, m, b, k, 0, &whole, m)
      results.append(whole)
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
    for result in results { #expect(sameBits(result, results[0])) }
  }

  /// The inner sizes lie on both sides of what is done without writing the gradient to memory.
  @Test(
    "changes parameters by every rule as a gradient that was written to memory does", arguments: [3, 200, 512, 513])
  func updates(k: Int) {
    for set in InstructionSet.withProduct {
      for (m, n, stride) in [(1, 9, 1), (30, 50, 30), (70, 33, 75), (100, 40, 105)] {
        let kernels = ck_float_kernels_for(set.kernels)!.pointee
        let a: [Float] = randomNumbers(m * k, in: -1...1, seed: 1)
        let b: [Float] = randomNumbers(n * k, in: -1...1, seed: 2)
        let start: [Float] = randomNumbers(stride * n, in: 0...1, seed: 3)
        for rule in ck_rule.all {
          func result(_ body: (UnsafePointer<ck_float_update>, UnsafeMutablePointer<Float>) -> Void) -> [[Float]] {
            var (mean, square, parameters) = (start, start, start)
            mean.withUnsafeMutableBufferPointer { mean in
              square.withUnsafeMutableBufferPointer { square in
                var update = ck_float_update(
                  rule: rule, rate: 0.3, beta1: 0.7, gain1: 0.3, beta2: 1.1, gain2: 0.9, smallest: 0.3,
                  largest: 0.9, correction: 1.3, epsilon: 0.1, shrinkage: 0.9, m: mean.baseAddress,
                  v: square.baseAddress)
                body(&update, &parameters)
              }
            }
            return [mean, square, parameters]
          }
          var gradient = [Float](repeating: .nan, count: stride * n)
          let fused = result { update, parameters in
            kernels.update_by_product(update, m, n, k, a, m, b, n, &gradient, parameters, stride)
          }
          kernels.product(0, 1, m, n, k, 1, a, m, b, n, 0, &gradient, stride)
          let expected = result { update, parameters in
            for column in 0..<n {
              var own = update.pointee
              own.m += column * stride
              own.v += column * stride
              gradient.withUnsafeBufferPointer {
                kernels.update(&own, m, $0.baseAddress! + column * stride, parameters + column * stride)
              }
            }
          }
          for (found, wanted) in zip(fused, expected) {
            #expect(sameBits(found, wanted), "\(set), \(rule), \(m)×\(n)×\(k)")
          }
        }
      }
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
