import PerceptronDatasets
import PerceptronLayers
import Tensor

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

extension Recipe {
  /// A recipe for tables whose settings are drawn at random, for a search: each trial takes one, and an ensemble of the
  /// best ones is better than any of them.
  ///
  /// | setting | drawn from |
  /// |---|---|
  /// | hidden layers | 256, 256, 256 (one half); 512, 512; 384, 384, 384; 128 four times; 512 |
  /// | activation | the recipe's (four of seven), SELU, Mish, ReLU, SiLU |
  /// | encoding | waves (two thirds), scales, bins between quantiles |
  /// | learning rate | the recipe's, times e^U(−1.1, 0.7) |
  /// | factor of the rate of scales | e^U(0.7, 2.5) |
  /// | dropout | 0.15 (one half), 0, 0.3 |
  /// | weight decay | 0.02 (one half), 0, 0.1 |
  /// | label smoothing | 0 (one half), 0.1; 0 for regression |
  /// | epochs | the recipe's (two thirds), twice as many |
  ///
  /// Most of the ranges are those of RealMLP's (Holzmüller, Grinsztajn and Steinwart 2024), around
  /// ``table(_:loss:sampleCount:batchSize:epochs:)``.
  ///
  /// - Parameters:
  ///   - task: What is learnt.
  ///   - loss: As for ``table(_:loss:sampleCount:batchSize:epochs:)``.
  ///   - sampleCount: The number of training samples.
  ///   - batchSize: As for ``table(_:loss:sampleCount:batchSize:epochs:)``.
  ///   - epochs: The number of epochs; nil to draw it.
  ///   - generator: Draws the settings.
  public static func varied(
    _ task: Preparation.Task, loss: Loss? = nil, sampleCount: Int, batchSize: Int? = nil, epochs: Int? = nil,
    using generator: inout Philox
  ) -> Recipe {
    func uniform(_ range: ClosedRange<Double>) -> Double {
      range.lowerBound + (range.upperBound - range.lowerBound) * generator.nextUniform()
    }
    func oneOf<Value>(_ values: [Value]) -> Value { values[generator.nextIndex(below: values.count)] }
    let usual = table(task, loss: loss, sampleCount: sampleCount, batchSize: batchSize, epochs: epochs)
    let factor = oneOf([1, 1, 2])
    var recipe =
      factor == 1 || epochs != nil
      ? usual : table(task, loss: loss, sampleCount: sampleCount, batchSize: batchSize, epochs: factor * usual.epochs)
    let small = [256, 256, 256]
    recipe.hidden = oneOf([small, small, small, small, [512, 512], [384, 384, 384], [128, 128, 128, 128], [512]])
    recipe.activation = oneOf([usual.activation, usual.activation, usual.activation, .selu, .mish, .relu, .silu])
    recipe.encoding = oneOf([.waves, .waves, .waves, .waves, .scales, .quantileBins])
    if case .adam(let rate, let beta1, let beta2, let epsilon, let decay) = usual.optimizer {
      recipe.optimizer = .adam(
        learningRate: rate * exp(uniform(-1.1...0.7)), beta1: beta1, beta2: beta2, epsilon: epsilon,
        weightDecay: decay)
    }
    recipe.rates.inputScales = exp(uniform(0.7...2.5))
    recipe.dropout = [oneOf([0.15, 0.15, 0, 0.3])]
    recipe.regularization.weightDecay = oneOf([0.02, 0.02, 0, 0.1])
    recipe.labelSmoothing = oneOf([usual.labelSmoothing, task == .regression ? 0 : 0.1])
    return recipe
  }
}
