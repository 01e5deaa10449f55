import Tensor

/// The places of a layer's parameters in its part of the parameter vector, and of its running statistics in theirs.
extension Dense {
  func weights<Scalar>(in parameters: Tile<Scalar>) -> Tile<Scalar> {
    parameters.reshaped(from: offset(of: .weights), rows: outputSize, columns: inputSize)
  }

  func bias<Scalar>(in parameters: Tile<Scalar>) -> Tile<Scalar> {
    parameters.reshaped(from: offset(of: .bias), rows: outputSize, columns: 1)
  }

  func gammaAndBeta<Scalar>(in parameters: Tile<Scalar>) -> Tile<Scalar> {
    parameters.reshaped(from: offset(of: .scale), rows: gammaAndBetaCount, columns: 1)
  }

  func gamma<Scalar>(in parameters: Tile<Scalar>) -> Tile<Scalar> {
    gammaAndBeta(in: parameters).rows(0..<outputSize)
  }

  /// β, or nil if the layer has none.
  func beta<Scalar>(in parameters: Tile<Scalar>) -> Tile<Scalar>? {
    gammaAndBetaCount > outputSize ? gammaAndBeta(in: parameters).rows(outputSize..<2 * outputSize) : nil
  }

  func activationWeights<Scalar>(in parameters: Tile<Scalar>) -> Tile<Scalar> {
    parameters.reshaped(from: offset(of: .activationWeight), rows: outputSize, columns: 1)
  }

  func runningStatistics<Scalar>(_ statistics: Tile<Scalar>) -> (mean: Tile<Scalar>, variance: Tile<Scalar>) {
    (statistics.rows(0..<outputSize), statistics.rows(outputSize..<2 * outputSize))
  }
}
