import PerceptronDatasets
import PerceptronLayers
import PerceptronTraining
import Tensor
import Testing

@Test("The linear network of least squares finds a linear law", arguments: [1, 2])
func linearLaw(workers: Int) throws {
  var generator = Philox(seed: 5)
  var features = Matrix<Float>(rows: 6, columns: 400)
  features.fillNormal(using: &generator)
  var law = Network<Float>([Dense(6, 2, .identity)], initializer: .glorotNormal, using: &generator)
  law[layer: 0, .bias] = Matrix([0.5, -2])
  let samples = Samples(features: features, targets: law.predict(features))
  let network = try Network.linear(fittedOn: samples, ridge: 1e-9, team: Team(workers: workers))
  #expect(network.layers == law.layers)
  var difference = network.parameters
  difference.add(law.parameters, scaledBy: -1)
  #expect(difference.maxMagnitude() < 1e-5)
}

@Test("Weights beyond the range of Float are refused")
func rangeOfFloat() throws {
  let features = Matrix<Float>(rows: 1, columns: 2, columnMajor: [0, 1e-30])
  let samples = Samples(features: features, targets: Matrix(rows: 1, columns: 2, columnMajor: [0, 1e30]))
  #expect(throws: LinearAlgebraError.notFinite) { try Network.linear(fittedOn: samples) }
}
