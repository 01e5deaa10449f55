import PerceptronDatasets
import PerceptronLayers
import Tensor

extension Network {
  /// Fits a linear network to samples by least squares: one layer without an activation. It is the baseline that any
  /// other network has to beat.
  ///
  ///     a = W x + b
  ///
  /// For classes, the targets are one-hot and the predicted class is the largest output. See `Matrix.ridgeRegression`.
  ///
  /// - Parameters:
  ///   - ridge: The strength of the penalty on the weights, as a share of each feature's variance.
  ///   - team: The threads that share the work; by default the calling thread alone.
  /// - Throws: ``LinearAlgebraError/notFinite`` if a number is not finite or a weight is beyond the range of `Scalar`.
  /// - Precondition: Traps if there are no samples, features or targets, and unless the ridge is positive and finite.
  /// - Complexity: m · inputSize · samples + m³ / 3 flops in `Double`, where m is the lesser of inputSize and samples.
  ///   The team shares the first term.
  public static func linear(
    fittedOn samples: Samples<Scalar>, ridge: Double = 1e-4, team: Team = Team(workers: 1)
  ) throws(LinearAlgebraError) -> Network {
    let (weights, bias) = try samples.features.ridgeRegression(
      samples.targets, sampleWeights: samples.weights, strength: ridge, team: team)
    var network = Network([Dense(weights.columns, weights.rows, .identity)])
    network[layer: 0, .weights] = Self.rounded(weights)
    network[layer: 0, .bias] = Self.rounded(bias)
    guard network.parameters.maxMagnitude().isFinite else { throw .notFinite }
    return network
  }

  private static func rounded(_ matrix: Matrix<Double>) -> Matrix<Scalar> {
    Matrix(rows: matrix.rows, columns: matrix.columns, columnMajor: matrix.elements.map { Scalar($0) })
  }
}
