import Datasets
import Tensor
import Testing

@Suite struct ScalingTests {
  /// Features of different means and widths, the last one constant.
  private func data<Scalar: BLASScalar>(_ samples: Int, _: Scalar.Type = Scalar.self) -> Matrix<Scalar> {
    var generator = SplitMix(state: 3)
    var matrix = Matrix<Scalar>(rows: 4, columns: samples)
    for sample in 0..<samples {
      matrix[0, sample] = Scalar(Double.random(in: -1...1, using: &generator))
      matrix[1, sample] = Scalar(1e6 + Double.random(in: -1...1, using: &generator))
      matrix[2, sample] = Scalar(1e-9 * Double.random(in: 0...1, using: &generator))
      matrix[3, sample] = 0.1
    }
    return matrix
  }

  private func moments(_ matrix: Matrix<Double>, row: Int) -> (mean: Double, deviation: Double) {
    let values = (0..<matrix.columns).map { matrix[row, $0] }
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +)
    return (mean, (squares / Double(values.count)).squareRoot())
  }

  @Test func `standardised features have mean 0 and standard deviation 1`() {
    var matrix = data(1000, Double.self)
    let scaling = Scaling(.standard, fittedOn: matrix)
    scaling.apply(to: &matrix)
    // Feature 1 has lost 6 digits before the map, as its values are near 1e6.
    for (row, tolerance) in [(0, 1e-12), (1, 1e-9), (2, 1e-12)] {
      let (mean, deviation) = moments(matrix, row: row)
      #expect(abs(mean) < tolerance && abs(deviation - 1) < 1e-12)
    }
  }

  @Test func `features become 0 to 1`() {
    var matrix = data(1000, Double.self)
    let scaling = Scaling(.minMax, fittedOn: matrix)
    scaling.apply(to: &matrix)
    for row in 0..<3 {
      let values = (0..<1000).map { matrix[row, $0] }
      #expect(values.min() == 0 && abs((values.max() ?? 0) - 1) < 1e-15)
    }
  }

  @Test(arguments: [Scaling.Method.standard, .minMax])
  func `a constant feature becomes exactly 0 and comes back exactly`(method: Scaling.Method) {
    var matrix = data(1000, Double.self)
    let scaling = Scaling(method, fittedOn: matrix)
    #expect(scaling.offsets[3] == 0.1 && scaling.factors[3] == 1)
    scaling.apply(to: &matrix)
    #expect((0..<1000).allSatisfy { matrix[3, $0] == 0 })
    scaling.invert(&matrix)
    #expect((0..<1000).allSatisfy { matrix[3, $0] == 0.1 })
  }

  @Test func `no scaling changes nothing`() {
    let original = data(10, Float.self)
    var matrix = original
    let scaling = Scaling(.none, fittedOn: matrix)
    #expect(scaling.offsets == [0, 0, 0, 0] && scaling.factors == [1, 1, 1, 1])
    scaling.apply(to: &matrix)
    #expect(matrix == original)
    scaling.invert(&matrix)
    #expect(matrix == original)
  }

  @Test func `the population's standard deviation is taken`() {
    var matrix = Matrix<Double>(rows: 1, columns: 4)
    for (sample, value) in [2.0, 4, 4, 6].enumerated() { matrix[0, sample] = value }
    let scaling = Scaling(.standard, fittedOn: matrix)
    #expect(scaling.offsets == [4])
    #expect(abs(scaling.factors[0] - 1 / 2.0.squareRoot()) < 1e-15)
    let width = Scaling(.minMax, fittedOn: matrix)
    #expect(width.offsets == [2] && width.factors == [0.25])
  }

  @Test func `new data are mapped as the training data were`() {
    var matrix = Matrix<Float>(rows: 2, columns: 1, repeating: 5)
    let scaling = Scaling(method: .minMax, offsets: [1, 5], factors: [2, 10])
    scaling.apply(to: &matrix)
    #expect(matrix[0, 0] == 8 && matrix[1, 0] == 0)
    scaling.invert(&matrix)
    #expect(matrix[0, 0] == 5 && matrix[1, 0] == 5)
  }

  @Test func `what is applied can be inverted`() {
    let original = data(100, Double.self)
    for method in Scaling.Method.allCases {
      var matrix = original
      let scaling = Scaling(method, fittedOn: matrix)
      scaling.apply(to: &matrix)
      scaling.invert(&matrix)
      for sample in 0..<100 {
        for row in 0..<4 {
          #expect(abs(matrix[row, sample] - original[row, sample]) <= 1e-15 * max(1, abs(original[row, sample])))
        }
      }
    }
  }

  @Test func `a fit on single precision works in double precision`() {
    let matrix = data(10_000, Float.self)
    let scaling = Scaling(.standard, fittedOn: matrix)
    let mean = (0..<10_000).map { Double(matrix[0, $0]) }.reduce(0, +) / 10_000
    #expect(abs(scaling.offsets[0] - mean) < 1e-15)
  }

  @Test(arguments: [1e300, 1e-170, Double.leastNonzeroMagnitude])
  func `values whose squares leave the range give finite factors`(size: Double) {
    var matrix = Matrix<Double>(rows: 1, columns: 2)
    matrix[0, 0] = size
    matrix[0, 1] = -size
    for method in [Scaling.Method.standard, .minMax] {
      let scaling = Scaling(method, fittedOn: matrix)
      var mapped = matrix
      scaling.apply(to: &mapped)
      let width: Double = size < 1e-300 ? 2 * size : method == .standard ? 2 : 1
      #expect(abs(mapped[0, 0] - mapped[0, 1] - width) <= 1e-15 * width)
    }
  }

  @Test func `misuse ends the program`() async {
    await #expect(processExitsWith: .failure) {
      var matrix = Matrix<Float>(rows: 2, columns: 1)
      Scaling(method: .none, offsets: [0], factors: [1]).apply(to: &matrix)
    }
    await #expect(processExitsWith: .failure) {
      _ = Scaling(method: .none, offsets: [0], factors: [])
    }
    await #expect(processExitsWith: .failure) {
      _ = Scaling(.standard, fittedOn: Matrix<Float>(rows: 2, columns: 0))
    }
  }
}
