import Tensor
import Testing

/// Features and targets with a linear law, noise, and features of very different size and place.
private func samples(_ inputs: Int, _ outputs: Int, _ count: Int) -> (features: Matrix<Double>, targets: Matrix<Double>)
{
  var generator = Philox(seed: 3)
  var features = Matrix<Double>(rows: inputs, columns: count)
  features.fillNormal(using: &generator)
  var law = Matrix<Double>(rows: outputs, columns: inputs)
  law.fillNormal(using: &generator)
  var targets = Matrix<Double>(rows: outputs, columns: count)
  targets.fillNormal(standardDeviation: 0.1, using: &generator)
  targets.add(law.multiplied(by: features))
  return (features, targets)
}

@Test("Two samples give the line through them, held back by the ridge")
func lineThroughTwo() throws {
  // Around the means 2 and 5: x = ∓1, y = ∓2, so S = 2, and the slope is 4 / (2 · 1.25) = 1.6.
  let (weights, bias) = try ([[1, 3]] as Matrix<Float>).ridgeRegression([[3, 7]], strength: 0.25)
  #expect(abs(weights[0, 0] - 1.6) < 1e-15)
  #expect(abs(bias[0, 0] - (5 - 1.6 * 2)) < 1e-15)
}

@Test("With next to no ridge the weights are those of QR", arguments: [(1, 1, 30), (7, 3, 100), (130, 10, 1500)])
func agreesWithQR(inputs: Int, outputs: Int, count: Int) throws {
  let (features, targets) = samples(inputs, outputs, count)
  let (weights, bias) = try features.ridgeRegression(targets, strength: 1e-14)
  // The same with a row of ones.
  var design = Matrix<Double>(rows: count, columns: inputs + 1, repeating: 1)
  design[columns: 0..<inputs] = Matrix(features.transposed)
  let exact = try design.leastSquares(Matrix(targets.transposed))
  for output in 0..<outputs {
    for input in 0..<inputs { #expect(abs(weights[output, input] - exact[input, output]) < 1e-10) }
    #expect(abs(bias[output, 0] - exact[inputs, output]) < 1e-10)
  }
}

@Test("A sample with twice the weight counts as two, and one with none not at all")
func weights() throws {
  let (features, targets) = samples(3, 2, 40)
  let twice = (Array(0..<40) + Array(10..<20)).filter { $0 >= 5 }
  let sampleWeights = Matrix(rows: 1, columns: 40, columnMajor: (0..<40).map { $0 < 5 ? 0 : 10..<20 ~= $0 ? 2 : 1.0 })
  let weighted = try features.ridgeRegression(targets, sampleWeights: sampleWeights, strength: 0.1)
  let repeated = try features.gathered(twice).ridgeRegression(targets.gathered(twice), strength: 0.1)
  for (a, b) in [(weighted.weights, repeated.weights), (weighted.bias, repeated.bias)] {
    #expect(zip(a.elements, b.elements).allSatisfy { abs($0 - $1) < 1e-12 })
  }
}

@Test(
  "The bits do not depend on the number of workers",
  arguments: [(5, 2, 10), (37, 1, 700), (200, 10, 1030), (700, 2, 90)])
func sameBits(inputs: Int, outputs: Int, count: Int) throws {
  let (features, targets) = samples(inputs, outputs, count)
  let (weights, bias) = try features.ridgeRegression(targets, strength: 1e-4)
  for workers in [2, 3, 8] {
    let again = try features.ridgeRegression(targets, strength: 1e-4, team: Team(workers: workers))
    #expect(again.weights == weights && again.bias == bias)
  }
}

@Test("Features that are equal share their weight, and one that is constant gets none")
func dependentFeatures() throws {
  // y = 3 x + 1, x given twice, with a constant of which no finite sum is exact between.
  let x = (0..<1000).map { Double($0 % 17) }
  let features = Matrix(rows: 3, columns: 1000, columnMajor: x.flatMap { [$0, 0.1, $0] })
  let (weights, bias) = try features.ridgeRegression(
    Matrix(rows: 1, columns: 1000, columnMajor: x.map { 3 * $0 + 1 }), strength: 1e-9)
  #expect(weights[0, 1] == 0)
  #expect(abs(weights[0, 0] - 1.5) < 1e-6 && abs(weights[0, 2] - 1.5) < 1e-6)
  #expect(abs(bias[0, 0] - 1) < 1e-6)
}

@Test("A feature's unit and place change nothing but its weight")
func units() throws {
  let (features, targets) = samples(4, 2, 50)
  let (weights, bias) = try features.ridgeRegression(targets, strength: 1e-2)
  var moved = features
  for sample in 0..<50 { moved[2, sample] = 1e4 + 1e-3 * features[2, sample] }
  let other = try moved.ridgeRegression(targets, strength: 1e-2)
  for output in 0..<2 {
    #expect(abs(other.weights[output, 2] * 1e-3 - weights[output, 2]) < 1e-8)
    #expect(abs(other.bias[output, 0] + 1e4 * other.weights[output, 2] - bias[output, 0]) < 1e-8)
  }
}

@Test("A fit through numbers that are not finite is refused")
func notFinite() {
  for bad in [Double.nan, .infinity, 1e200] {
    #expect(throws: LinearAlgebraError.notFinite) {
      try ([[1, 2, bad]] as Matrix<Double>).ridgeRegression([[1, 2, 3]], strength: 1e-4)
    }
  }
}

/// Five features of three samples, the third constant, and two targets.
private let fewSamples = (
  features: [[1, 2, 4], [0, 1, -1], [3, 3, 3], [5, -2, 7], [1, 0, 0]] as Matrix<Double>,
  targets: [[1, -1, 2], [0, 3, 1]] as Matrix<Double>
)

// The weights and biases are the normal equations' for α = 0.1, solved in exact fractions.
@Test("Fewer samples than features give the weights of the normal equations, with sample weights too")
func fewerSamples() throws {
  func check(_ sampleWeights: Matrix<Double>?, _ weights: [[Double]], _ bias: [Double]) throws {
    let found = try fewSamples.features.ridgeRegression(
      fewSamples.targets, sampleWeights: sampleWeights, strength: 0.1)
    for output in 0..<2 {
      for input in 0..<5 { #expect(abs(found.weights[output, input] - weights[output][input]) < 1e-14) }
      #expect(abs(found.bias[output, 0] - bias[output]) < 1e-14)
      #expect(found.weights[output, 2] == 0)
    }
  }
  try check(
    nil,
    [
      [0.1551572112783311, -0.635808901625218, 0, 0.14343399931865092, 0.4106631129636681],
      [0.14927055570028658, 0.4700056111099978, 0, -0.1405031963287309, -1.2274553616159998],
    ], [-0.3103678616994983, 1.8625311450004343])
  try check(
    [[1, 2, 3]],
    [
      [0.22186080693080573, -0.587901663482102, 0, 0.13982269115180307, 0.5290525473648255],
      [0.03922914459799785, 0.42994852312720677, 0, -0.12465242795483067, -1.4547651834382882],
    ], [-0.49411452233504877, 2.1600286105676343])
}

@Test("The two ways agree: samples given twice are more than the features, and change nothing")
func bothWays() throws {
  // 300 features are more than one strip of rows.
  let (features, targets) = samples(300, 3, 200)
  let bySamples = try features.ridgeRegression(targets, strength: 1e-3)
  let twice = (0..<400).map { $0 % 200 }
  let byFeatures = try features.gathered(twice).ridgeRegression(targets.gathered(twice), strength: 1e-3)
  for (a, b) in [(bySamples.weights, byFeatures.weights), (bySamples.bias, byFeatures.bias)] {
    #expect(zip(a.elements, b.elements).allSatisfy { abs($0 - $1) < 1e-9 })
  }
}

@Test("One sample gives its own targets, and numbers that are not finite are found")
func oneSample() throws {
  let (weights, bias) = try ([[1], [2]] as Matrix<Float>).ridgeRegression([[5]], strength: 1e-4)
  #expect(weights == [[0, 0]] && bias == [[5]])
  #expect(throws: LinearAlgebraError.notFinite) {
    _ = try ([[1, 2], [3, .infinity], [0, 1]] as Matrix<Float>).ridgeRegression([[1, 2]], strength: 1e-4)
  }
}
