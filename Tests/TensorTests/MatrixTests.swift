import Tensor
import Testing

@Test("A copy does not follow its original, nor the original a view of it")
func valueSemantics() {
  var original: Matrix<Double> = [[1, 2, 3], [4, 5, 6]]
  let copy = original
  var view = original[columns: 1..<3]
  original[0, 1] = 20
  view[1, 0] = 50
  #expect(copy == [[1, 2, 3], [4, 5, 6]])
  #expect(original == [[1, 20, 3], [4, 5, 6]])
  #expect(view == [[2, 3], [50, 6]])
  original[columns: 0..<2] = view
  #expect(original == [[2, 3, 3], [50, 6, 6]])
}

@Test("Elements stand column after column, at a 64-byte boundary")
func storage() {
  let matrix: Matrix<Float> = [[1, 2], [3, 4], [5, 6]]
  #expect(matrix.elements == [1, 3, 5, 2, 4, 6])
  #expect(matrix.reshaped(rows: 2, columns: 3) == [[1, 5, 4], [3, 2, 6]])
  #expect(matrix == Matrix(rows: 3, columns: 2, columnMajor: [1, 3, 5, 2, 4, 6]))
  #expect(matrix == Matrix(rows: 3, columns: 2, rowMajor: [1, 2, 3, 4, 5, 6]))
  for count in 1..<40 {
    let rowMajor = (0..<count * 19).map(Double.init)
    let tall = Matrix(rows: count, columns: 19, rowMajor: rowMajor)
    #expect((0..<count).allSatisfy { row in (0..<19).allSatisfy { tall[row, $0] == rowMajor[row * 19 + $0] } })
    #expect(Matrix(tall.transposed).elements == rowMajor)
    Matrix<Double>(rows: count, columns: 1).withSpan { span in
      span.withUnsafeBufferPointer { #expect(UInt(bitPattern: $0.baseAddress!) % 64 == 0) }
    }
  }
}

@Test("Empty matrices are ordinary ones", arguments: [(0, 0), (0, 3), (3, 0), (3_000_000_000, 0)])
func emptyMatrices(rows: Int, columns: Int) {
  var matrix = Matrix<Double>(rows: rows, columns: columns)
  matrix.apply(.exp)
  matrix.scale(by: 2)
  #expect(matrix.sum() == 0)
  #expect(matrix.norm() == 0)
  #expect(matrix.maxMagnitude() == 0)
  #expect(matrix.columnSums().rows == columns)
  #expect(matrix[columns: 0..<0].columns == 0)
  #expect(matrix == Matrix(rows: rows, columns: columns))
  #expect(
    Matrix(Matrix<Double>(rows: rows, columns: columns, rowMajor: []).transposed)
      == Matrix<Double>(rows: columns, columns: rows))
  if rows < 10 { #expect(matrix.multiplied(by: Matrix(rows: columns, columns: 2)) == Matrix(rows: rows, columns: 2)) }
}

@Test("Sums, maxima and maps agree with values worked by hand")
func elementwise() {
  let matrix: Matrix<Double> = [[1, -2, 3], [-4, 5, -6]]
  #expect(matrix.sum() == -3)
  #expect(matrix.rowSums() == Matrix([2, -5]))
  #expect(matrix.columnSums() == Matrix([-3, 3, -3]))
  #expect(matrix.maxMagnitude() == 6)
  #expect(matrix.indicesOfColumnMaxima() == [0, 1, 0])
  #expect(Matrix<Double>([.nan, 1, 1]).indicesOfColumnMaxima() == [1])
  #expect(matrix.map { 2 * $0 } == [[2, -4, 6], [-8, 10, -12]])
  var rectified = matrix
  rectified.apply(.relu)
  #expect(rectified == [[1, 0, 3], [0, 5, 0]])
  var squares = matrix.map { $0 * $0 }
  #expect(squares == [[1, 4, 9], [16, 25, 36]])
  squares.scale(by: -1)
  #expect(squares == [[-1, -4, -9], [-16, -25, -36]])
  #expect(Matrix<Float>([1, .nan, 2]).maxMagnitude().isNaN)
  var nan = Matrix<Float>([.nan])
  nan.scale(by: 0)
  #expect(nan[0, 0].isNaN)
}

@Test("A matrix prints its shape, and its rows where they are few")
func description() {
  let matrix: Matrix<Double> = [[1, 2], [3, 4]]
  #expect("\(matrix)" == "2×2 Matrix<Double>\n[1.0, 2.0]\n[3.0, 4.0]")
  #expect("\(Matrix<Float>(rows: 784, columns: 512))" == "784×512 Matrix<Float>")
}

@Test("An element or column that is not there traps with the shape, also in release builds")
func outOfRange() async {
  let element = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    _ = Matrix<Double>(rows: 2, columns: 3)[2, 0]
  }
  #expect(standardError(element).contains("no element (2, 0) in a 2×3 matrix"))
  let columns = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    _ = Matrix<Double>(rows: 2, columns: 3)[columns: 2..<4]
  }
  #expect(standardError(columns).contains("no columns 2..<4 in a 2×3 matrix"))
  let sum = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    var matrix = Matrix<Double>(rows: 2, columns: 3)
    matrix.add(Matrix(rows: 3, columns: 2))
  }
  #expect(standardError(sum).contains("cannot add 2×3 and 3×2"))
  let size = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    _ = Matrix<Double>(rows: 1 << 62, columns: 4)
  }
  #expect(standardError(size).contains("cannot make a 4611686018427387904×4 matrix"))
}
