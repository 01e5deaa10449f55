/// A parameter of a layer, or a running statistic of its batch normalisation; see ``Dense`` and ``Normalization``.
public enum LayerParameter: String, Sendable, CaseIterable {
  /// W, outputSize × inputSize.
  case weights
  /// b, outputSize × 1.
  case bias
  /// γ of a normalised layer, outputSize × 1.
  case scale
  /// β of a batch- or layer-normalised layer, outputSize × 1.
  case shift
  /// α of a layer with a parametric activation, outputSize × 1.
  case activationWeight
  /// The mean that predictions use after batch normalisation, outputSize × 1.
  case runningMean
  /// The variance that predictions use after batch normalisation, outputSize × 1.
  case runningVariance

  /// Whether training changes it without a gradient.
  package var isStatistic: Bool { self == .runningMean || self == .runningVariance }
}

extension Dense {
  /// The layer's parameters, then its statistics, in their order in the network's vectors.
  public var parameters: [LayerParameter] {
    [.weights, .bias] + normalization.parameters.filter { !$0.isStatistic }
      + (isParametric ? [.activationWeight] : []) + normalization.parameters.filter(\.isStatistic)
  }

  /// The numbers of rows and columns of a parameter.
  public func shape(of parameter: LayerParameter) -> (rows: Int, columns: Int) {
    (outputSize, parameter == .weights ? inputSize : 1)
  }

  /// The index where a parameter begins in the layer's part of the parameters, or of the statistics.
  func offset(of parameter: LayerParameter) -> Int {
    switch parameter {
    case .weights, .runningMean: 0
    case .bias: weightCount
    case .scale: weightCount + outputSize
    case .shift: weightCount + 2 * outputSize
    case .activationWeight: weightCount + outputSize + gammaAndBetaCount
    case .runningVariance: outputSize
    }
  }
}
