import Tensor

/// Factors of the learning rate and of the weight decay for groups of parameters.
///
/// Adam's steps do not depend on the gradient's scale. A factor of 1 / √inputSize for weights that start from
/// N(0, 1 / inputSize) is therefore the same training as the neural tangent parametrisation z = W a / √inputSize with
/// W from N(0, 1) and one rate for all layers (Jacot, Gabriel and Hongler 2018).
public struct RateFactors: Sendable, Equatable {
  /// Whether the rate of a layer's weights is divided by the root of its number of inputs. Their decay is not.
  public var dividesByRootOfInputs: Bool
  /// The factor for biases, and for γ and β of normalised layers.
  public var biases: Double
  /// The factor for the weights α of parametric activations.
  public var activationWeights: Double
  /// The factor for the scales of an embedding.
  public var inputScales: Double
  /// The factor for the waves and the components of an embedding.
  public var waves: Double
  /// Whether biases, and γ and β, decay. Other parameters decay at their own rate.
  public var decaysBiases: Bool

  /// The same rate for all parameters.
  public static let equal = RateFactors()

  /// Makes factors; each is 1 by default.
  public init(
    dividesByRootOfInputs: Bool = false, biases: Double = 1, activationWeights: Double = 1, inputScales: Double = 1,
    waves: Double = 1, decaysBiases: Bool = true
  ) {
    self.dividesByRootOfInputs = dividesByRootOfInputs
    self.biases = biases
    self.activationWeights = activationWeights
    self.inputScales = inputScales
    self.waves = waves
    self.decaysBiases = decaysBiases
  }

  /// The factors of the rate and of the weight decay for a parameter of a layer.
  package func factors(_ parameter: LayerParameter, of layer: Dense) -> (rate: Double, decay: Double) {
    switch parameter {
    case .weights: (dividesByRootOfInputs ? 1 / Double(layer.inputSize).squareRoot() : 1, 1)
    case .bias, .scale, .shift: (biases, decaysBiases ? biases : 0)
    case .activationWeight: (activationWeights, activationWeights)
    case .runningMean, .runningVariance: (1, 1)
    }
  }

  /// The factors for a parameter of an embedding. Phases are in turns: the rate for them in radians is 2π times as
  /// large.
  package func factors(_ parameter: EmbeddingParameter) -> (rate: Double, decay: Double) {
    switch parameter {
    case .scale: (inputScales, inputScales)
    case .phases: (waves / (2 * .pi), waves)
    case .frequencies, .weights, .bias: (waves, waves)
    case .vectors: (1, 1)
    }
  }

  /// The largest factor of a rate.
  package var largest: Double { max(1, biases, activationWeights, inputScales, waves) }

  /// Whether all factors are finite and at least 0.
  package var areValid: Bool {
    [biases, activationWeights, inputScales, waves].allSatisfy { $0 >= 0 && $0.isFinite }
  }
}

/// Neighbouring parameters, and the factors of the learning rate and of the weight decay for them.
package struct ParameterGroup: Sendable {
  let range: Range<Int>
  let rate, decay: Double
}
