import Glibc
import PerceptronDatasets
import PerceptronLayers
import PerceptronTraining
import Tensor
import Testing

/// Rows of two columns and a target: counts, many of them 0, or amounts if `areWhole` is false.
private func rows(_ count: Int, areWhole: Bool) -> [[Double]] {
  var generator = Philox(seed: 9)
  var noise = Matrix<Double>(rows: 3, columns: count)
  noise.fillNormal(using: &generator)
  return (0..<count).map { row in
    let (a, b) = (3 + 2 * noise[0, row], noise[1, row])
    let size = 4 * exp(0.3 * a - 0.8 * b - 1 + 0.7 * noise[2, row]) - 2
    return [a, b, areWhole ? max(size, 0).rounded() : max(size, 0)]
  }
}

/// Fits log μ = xᵀβ + c by iteratively reweighted least squares, with the variance μᵖ (Nelder and Wedderburn 1972), and
/// returns the means of the rows.
private func means(_ rows: [[Double]], power: Double) -> [Double] {
  let x = rows.map { [$0[0], $0[1], 1] }
  let y = rows.map { $0[2] }
  var beta = [0, 0, log(y.reduce(0, +) / Double(y.count))]
  func predictor(_ row: [Double]) -> Double { zip(row, beta).reduce(0) { $0 + $1.0 * $1.1 } }
  for _ in 0..<100 {
    var (a, v) = ([[Double]](repeating: [0, 0, 0], count: 3), [0.0, 0, 0])
    for (row, y) in zip(x, y) {
      let eta = predictor(row)
      let mean = exp(eta)
      let (weight, working) = (pow(mean, 2 - power), eta + (y - mean) / mean)
      for i in 0..<3 {
        v[i] += weight * row[i] * working
        for j in 0..<3 { a[i][j] += weight * row[i] * row[j] }
      }
    }
    // Gauss's elimination; the matrix is positive definite.
    for i in 0..<3 {
      for k in i + 1..<3 {
        let factor = a[k][i] / a[i][i]
        for j in i..<3 { a[k][j] -= factor * a[i][j] }
        v[k] -= factor * v[i]
      }
    }
    for i in [2, 1, 0] { beta[i] = (v[i] - (i + 1..<3).reduce(0) { $0 + a[i][$1] * beta[$1] }) / a[i][i] }
  }
  return x.map { exp(predictor($0)) }
}

@Test(
  "A linear network with a loss of counts or amounts is the generalised linear model",
  arguments: [Loss.poisson, .tweedie(1.5), .tweedie(1.1)])
func generalisedLinearModel(loss: Loss) throws {
  let rows = rows(300, areWhole: loss == .poisson)
  #expect(rows.count { $0[2] == 0 } > 30)
  let text = "a,b,y\n" + rows.map { $0.map { "\($0)" }.joined(separator: ",") + "\n" }.joined()
  let table = try Table(Array(text.utf8), path: "t.csv")
  let preparation = try Preparation(fittedOn: table, loss: loss)
  let samples = try preparation.samples(of: table, as: Double.self)
  var trainer = Trainer(
    Network<Double>([Dense(2, 1, .exponential)]), loss: loss, optimizer: .lbfgs(), batchSize: 300,
    generator: Philox(seed: 1), team: Team(workers: 1))
  try trainer.fit(on: samples, epochs: 100)
  let answers = preparation.answers(trainer.network.predict(samples.features))
  let expected = means(rows, power: loss == .poisson ? 1 : loss.level)
  for row in 0..<300 { #expect(abs(answers[0, row] / expected[row] - 1) < 1e-6) }
  // The targets keep their values in the answers' units.
  let targets = preparation.answers(samples.targets)
  for row in 0..<300 { #expect(abs(targets[0, row] - rows[row][2]) <= 1e-14 * rows[row][2]) }
}

@Test("Adam comes near the same means, with the same bits for any number of threads")
func countsByAdam() throws {
  let rows = rows(300, areWhole: true)
  let mean = rows.reduce(0) { $0 + $1[2] } / 300
  let samples = Samples<Float>(
    features: Matrix(samples: rows.map { [Float($0[0] - 3) / 2, Float($0[1])] }),
    targets: Matrix(samples: rows.map { [Float($0[2] / mean)] }))
  func trained(_ workers: Int) throws -> Network<Float> {
    var trainer = Trainer(
      Network<Float>([Dense(2, 1, .exponential)]), loss: .poisson, optimizer: .adam(learningRate: 0.01),
      schedule: Schedule(.cosine(epochs: 200)), batchSize: 32, generator: Philox(seed: 1), team: Team(workers: workers))
    try trainer.fit(on: samples, epochs: 200)
    return trainer.network
  }
  let network = try trained(1)
  #expect(try network.parameters == trained(3).parameters)
  let answers = network.predict(samples.features)
  let expected = means(rows, power: 1)
  for row in 0..<300 { #expect(abs(mean * Double(answers[0, row]) / expected[row] - 1) < 0.1) }
}
