import Tensor
import Testing

@Test(
  "Q is orthonormal, R triangular and QR the matrix",
  arguments: [(5, 5), (40, 7), (7, 40), (1, 1), (3, 1), (1, 3), (0, 3)])
func qrDecomposition(rows: Int, columns: Int) {
  var generator = Philox(seed: 7)
  var a = Matrix<Double>(rows: rows, columns: columns)
  a.fillNormal(using: &generator)
  let (q, r) = a.qrDecomposition()
  #expect(distance(q.multiplied(by: r), a) < 1e-13)
  #expect(distance(q.transposed.multiplied(by: q), .identity(min(rows, columns))) < 1e-13)
  for column in 0..<r.columns {
    for row in 0..<r.rows where row > column { #expect(r[row, column] == 0) }
  }
}

@Test("Least squares finds the line through points that lie on one, and the closest through others")
func leastSquares() throws {
  // y = 2 + 3 t at t = 0, 1, 2, 3.
  let a: Matrix<Double> = [[1, 0], [1, 1], [1, 2], [1, 3]]
  try #expect(distance(a.leastSquares(Matrix([2, 5, 8, 11])), Matrix([2, 3])) < 1e-14)
  // For y = (0, 1, 1, 2), the normal equations ((4, 6), (6, 14)) x = (4, 9) give x = (0.1, 0.6).
  try #expect(distance(a.leastSquares(Matrix([0, 1, 1, 2])), Matrix([0.1, 0.6])) < 1e-14)
  // One equation in two unknowns: the shortest solution.
  let wide: Matrix<Float> = [[3, 4]]
  try #expect(distance(wide.leastSquares(Matrix([25])), Matrix([3, 4])) < 1e-5)
}

@Test("Least squares refuses columns that depend on each other")
func rankDeficiency() {
  let a: Matrix<Double> = [[1, 0, 1], [1, 0, 2], [1, 0, 3]]
  #expect(throws: LinearAlgebraError.rankDeficient(column: 1)) { try a.leastSquares(Matrix([1, 2, 3])) }
  // The third column is 0.1 times the first and 0.3 times the second, up to rounding.
  let near: Matrix<Double> = [[1, 2, 0.7], [3, 5, 1.8], [7, 11, 4], [2, 9, 2.9]]
  #expect(throws: LinearAlgebraError.rankDeficient(column: 2)) { try near.leastSquares(Matrix([1, 2, 3, 4])) }
  #expect(throws: LinearAlgebraError.notFinite) { try a.leastSquares(Matrix([1, .nan, 3])) }
}

private func distance<Scalar>(_ a: Matrix<Scalar>, _ b: Matrix<Scalar>) -> Scalar {
  var difference = a
  difference.add(b, scaledBy: -1)
  return difference.maxMagnitude()
}
