import Glibc
import PerceptronNaiveLoops
import Tensor
import Testing

/// Sizes around the widths of registers and of BLAS's blocks, and none.
private let sizes = [0, 1, 2, 5, 8, 16, 17, 33, 70]

/// α and β: the ones that BLAS treats apart, and some that it does not.
private let scales: [(alpha: Double, beta: Double)] = [
  (1, 0), (1, 1), (0, 0), (0, 0.5), (-1.5, 0), (2, -0.25), (0.125, 1),
]

@Test("Products of every shape, transposition, α, β and view agree with plain loops", arguments: [false, true])
func productsAgreeWithLoops(useDouble: Bool) {
  let checked = useDouble ? checkProducts(Double.self) : checkProducts(Float.self)
  print("\(checked) products of \(useDouble ? "Double" : "Float") compared")
  #expect(checked >= 20_000)
}

/// Compares all combinations; every second operand is a view of some columns of a wider matrix. Returns how many there
/// were.
private func checkProducts<Scalar: BLASScalar>(_: Scalar.Type) -> Int {
  var generator = Philox(seed: 1)
  var checked = 0
  for m in sizes {
    for n in sizes {
      for k in sizes {
        for flags in 0..<4 {
          let (transposeA, transposeB) = (flags & 1 != 0, flags & 2 != 0)
          let a: Matrix<Scalar> = operand(transposeA ? k : m, transposeA ? m : k, isView: checked % 2 == 0, &generator)
          let b: Matrix<Scalar> = operand(transposeB ? n : k, transposeB ? k : n, isView: checked % 4 < 2, &generator)
          for (alpha, beta) in scales {
            var c: Matrix<Scalar> = operand(m, n, isView: checked % 8 < 4, &generator)
            var expected = c.elements
            var magnitudes = c.elements.map(abs)
            let (x, y) = (Scalar(alpha), Scalar(beta))
            naiveMultiply(transposeA, transposeB, m, n, k, x, a.elements, a.rows, b.elements, b.rows, y, &expected, m)
            naiveMultiply(
              transposeA, transposeB, m, n, k, abs(x), a.elements.map(abs), a.rows, b.elements.map(abs), b.rows, abs(y),
              &magnitudes, m)
            product(a, transposeA, b, transposeB, x, y, &c)
            // Each order of summation is within (k + 2) ε of the exact sum, relative to the sum of magnitudes.
            let bound = 2 * Scalar(k + 2) * Scalar.ulpOfOne
            for ((got, wanted), magnitude) in zip(zip(c.elements, expected), magnitudes)
            where !(abs(got - wanted) <= bound * magnitude) {
              Issue.record(
                "\(m)×\(n)×\(k), transposed \(transposeA) \(transposeB), α \(alpha), β \(beta): \(got) ≠ \(wanted)")
              return checked
            }
            checked += 1
          }
        }
      }
    }
  }
  return checked
}

@Test(
  "Products beyond the limit of BLAS's small kernels agree too",
  arguments: [(130, 110, 129), (512, 128, 784), (257, 100, 101)])
func largeProducts(m: Int, n: Int, k: Int) {
  var generator = Philox(seed: 2)
  for flags in 0..<4 {
    let (transposeA, transposeB) = (flags & 1 != 0, flags & 2 != 0)
    let a: Matrix<Double> = operand(transposeA ? k : m, transposeA ? m : k, isView: true, &generator)
    let b: Matrix<Double> = operand(transposeB ? n : k, transposeB ? k : n, isView: false, &generator)
    var c: Matrix<Double> = operand(m, n, isView: true, &generator)
    var expected = c.elements
    naiveMultiply(transposeA, transposeB, m, n, k, -0.5, a.elements, a.rows, b.elements, b.rows, 1, &expected, m)
    product(a, transposeA, b, transposeB, -0.5, 1, &c)
    #expect(zip(c.elements, expected).allSatisfy { abs($0 - $1) < 1e-12 })
    var single = Matrix<Float>(c.map { _ in 0 }.elements.map { Float($0) }).reshaped(rows: m, columns: n)
    let (x, y) = (Matrix<Float>(a.elements.map { Float($0) }), Matrix<Float>(b.elements.map { Float($0) }))
    product(
      x.reshaped(rows: a.rows, columns: a.columns), transposeA, y.reshaped(rows: b.rows, columns: b.columns),
      transposeB, 1, 0,
      &single)
    var exact = [Double](repeating: 0, count: m * n)
    naiveMultiply(transposeA, transposeB, m, n, k, 1, a.elements, a.rows, b.elements, b.rows, 0, &exact, m)
    #expect(zip(single.elements, exact).allSatisfy { abs(Double($0) - $1) < 1e-4 })
  }
}

private func operand<Scalar>(_ rows: Int, _ columns: Int, isView: Bool, _ generator: inout Philox) -> Matrix<Scalar> {
  var matrix = Matrix<Scalar>(rows: rows, columns: columns + (isView ? 3 : 0))
  matrix.fillUniform(-1...1, using: &generator)
  return isView ? matrix[columns: 1..<1 + columns] : matrix
}

private func product<Scalar>(
  _ a: Matrix<Scalar>, _ transposeA: Bool, _ b: Matrix<Scalar>, _ transposeB: Bool, _ alpha: Scalar, _ beta: Scalar,
  _ c: inout Matrix<Scalar>
) {
  switch (transposeA, transposeB) {
  case (false, false): multiply(a, by: b, into: &c, alpha: alpha, beta: beta)
  case (true, false): multiply(a.transposed, by: b, into: &c, alpha: alpha, beta: beta)
  case (false, true): multiply(a, by: b.transposed, into: &c, alpha: alpha, beta: beta)
  case (true, true): multiply(a.transposed, by: b.transposed, into: &c, alpha: alpha, beta: beta)
  }
}

@Test("With β = 0 the destination's NaNs vanish, in gemm and in gemv", arguments: [1, 2, 40])
func zeroBetaDropsNaN(columns: Int) {
  let a = Matrix<Double>.identity(40)
  let b = Matrix<Double>(rows: 40, columns: columns, repeating: 2)
  var c = Matrix<Double>(rows: 40, columns: columns, repeating: .nan)
  multiply(a, by: b, into: &c)
  #expect(c == b)
  multiply(a, by: b, into: &c, alpha: 0)
  #expect(c == Matrix(rows: 40, columns: columns))
}

@Test("With β ≠ 0 the destination's NaNs stay")
func betaKeepsNaN() {
  var c = Matrix<Double>(rows: 3, columns: 3, repeating: .nan)
  multiply(Matrix.identity(3), by: Matrix.identity(3), into: &c, beta: 1)
  #expect(c.elements.allSatisfy { $0.isNaN })
}

@Test("With α = 0 or nothing to sum, NaNs in the operands have no effect")
func operandsAreNotRead() {
  let nan = Matrix<Float>(rows: 4, columns: 4, repeating: .nan)
  var c = Matrix<Float>(rows: 4, columns: 4, repeating: 3)
  multiply(nan, by: nan, into: &c, alpha: 0, beta: 2)
  #expect(c == Matrix(rows: 4, columns: 4, repeating: 6))
  multiply(Matrix(rows: 4, columns: 0), by: Matrix(rows: 0, columns: 4), into: &c, beta: 0.5)
  #expect(c == Matrix(rows: 4, columns: 4, repeating: 3))
}

@Test("A destination that is an operand too gets the product of the old values")
func aliasing() {
  let original: Matrix<Double> = [[1, 2], [3, 4]]
  var c = original
  multiply(c, by: c, into: &c)
  #expect(c == [[7, 10], [15, 22]])
  c = original
  multiply(c.transposed, by: c[columns: 0..<2], into: &c, beta: 1)
  #expect(c == [[11, 16], [17, 24]])
  #expect(original == [[1, 2], [3, 4]])
}

@Test("A scaled sum, a dot product and the norm agree with values worked by hand")
func vectorOperations() {
  var a: Matrix<Float> = [[7, 9, 11], [13, 17, 21]]
  a.add(Matrix(rows: 2, columns: 3, repeating: 2), scaledBy: -0.5)
  #expect(a == [[6, 8, 10], [12, 16, 20]])
  #expect(Matrix<Double>([1, 2, 3]).dot(Matrix([4, -5, 6])) == 12)
  #expect(Matrix<Double>([3, -4]).norm() == 5)
  #expect(abs(Matrix<Double>([3e200, -4e200]).norm() - 5e200) < 1e185)
}

private let hasMemoryForLongVectors = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)) > 12 << 30

@Test(
  "A vector longer than BLAS can count is taken in parts",
  .enabled(if: hasMemoryForLongVectors, "skipped: needs 12 GiB of memory"))
func longVectors() {
  // 2³¹ + 5 zeros: the memory is never written but at the ends, so little of it exists.
  var x = Matrix<Float>(rows: 2_147_483_653, columns: 1)
  x.withMutableSpan { span in
    span[0] = 3
    span[span.count - 1] = 4
  }
  #expect(x.dot(x) == 25)
  #expect(x.norm() == 5)
}

@Test(
  "A product with a size beyond BLAS's is right where it is this package's own, and refused by name elsewhere",
  .enabled(if: hasMemoryForLongVectors, "skipped: needs 12 GiB of memory"))
func oversizedProduct() async {
  guard !_FloatRoutines.hasProduct else {
    var long = Matrix<Float>(rows: 2_147_483_653, columns: 1)
    long.withMutableSpan { span in
      span[0] = 3
      span[span.count - 1] = 4
    }
    #expect(long.transposed.multiplied(by: long) == [[25]])
    return
  }
  let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    let long = Matrix<Float>(rows: 2_147_483_653, columns: 1)
    _ = long.transposed.multiplied(by: long)
  }
  #expect(standardError(result).contains("a size of 2147483653 is beyond the 32-bit sizes of BLAS"))
}

@Test("A product of shapes that do not fit traps with both shapes")
func mismatchedProduct() async {
  let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    _ = Matrix<Float>(rows: 128, columns: 784).multiplied(by: Matrix<Float>(rows: 512, columns: 64))
  }
  #expect(standardError(result).contains("cannot multiply 128×784 by 512×64: inner sizes 784 ≠ 512"))
}

func standardError(_ result: ExitTest.Result?) -> String {
  String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
}

@Test("A BLAS that computes one kind of product wrongly is found out")
func wrongBLAS() {
  for broken in [nil, "NN", "NT", "TN", "TT"] {
    let found = wrongProduct { (ta, tb, m, n, k, a: [Float], lda, b, ldb, c, ldc) in
      naiveMultiply(ta, tb, Int(m), Int(n), Int(k), 1, a, Int(lda), b, Int(ldb), 0, &c, Int(ldc))
      if (ta ? "T" : "N") + (tb ? "T" : "N") == broken { c[c.count - 1] += 1 }
    }
    #expect(found == broken)
  }
}
