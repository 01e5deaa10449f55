import PerceptronDatasets
import PerceptronLayers
import Tensor

/// How a network is built and trained, apart from the data, the task and the seed.
///
/// A recipe is a list of its pieces, each of which may be changed:
///
///     var recipe = Recipe.table(preparation.task, sampleCount: samples.count)
///     recipe.hidden = [512, 512]
///     let network = recipe.network(for: preparation, fittedOn: samples, output: .identity, seed: 1)
///     var trainer = recipe.trainer(of: network, loss: .meanSquaredError, seed: 1)
///     try trainer.fit(on: samples, validation: others, epochs: recipe.epochs, selection: recipe.selection)
///     let trained = trainer.result
public struct Recipe: Sendable, Equatable {
  /// What is done to the inputs before the first layer.
  public enum Encoding: String, Sendable, CaseIterable {
    /// Nothing.
    case none
    /// Each feature has a learnt scale; see ``Embedding``.
    case scales
    /// Numbers also become waves of learnt frequencies; see ``Embedding``.
    case waves
    /// Numbers become pieces, one for each bin between quantiles of the samples; see ``Embedding``.
    case quantileBins = "quantile-bins"
    /// Numbers become pieces, one for each leaf of a decision tree that predicts the target from the number alone.
    case treeBins = "tree-bins"

    /// Whether numbers have bins.
    public var hasBins: Bool { self == .quantileBins || self == .treeBins }
  }

  // MARK: The network

  /// What is done to the inputs before the first layer.
  public var encoding: Encoding
  /// The most bins of a number, if the encoding has bins: 1 to ``Embedding/mostPieces``.
  public var bins: Int
  /// The size of the learnt vectors that stand for the categories of a column, if it has more than
  /// ``mostOneHotCategories``; nil for one-hot features. See ``Embedding``.
  public var categoryDimension: Int?
  /// The sizes of the hidden layers.
  public var hidden: [Int]
  /// The activation of the hidden layers.
  public var activation: Activation
  /// Whether each hidden unit learns how much of the activation it applies.
  public var isParametric: Bool
  /// The normalization of the hidden layers.
  public var normalization: Normalization
  /// The dropout of the hidden layers; the last value applies to all further layers.
  public var dropout: [Double]
  /// The distribution of the first parameters; nil for the usual one of the activation.
  public var initializer: Initializer?
  /// Whether the first parameters are then fitted to the samples; see ``Network/fitInitialParameters(to:using:)``.
  public var fitsInitialParameters: Bool

  // MARK: The steps

  /// The rule by which parameters change.
  public var optimizer: Optimizer
  /// Factors of the learning rate for groups of parameters.
  public var rates: RateFactors
  /// What is added to the loss, and what limits gradients and weights.
  public var regularization: Regularization
  /// The share of each target that is spread over all classes, if the loss is for classes.
  public var labelSmoothing: Double
  /// The probability with which an input is dropped.
  public var inputDropout: Double
  /// The share of the mean of the parameters that is kept in each step; nil for no mean. See ``Trainer/average``.
  public var averageDecay: Double?
  /// Factors of the learning rate, of the dropout and of the weight decay over the epochs.
  public var schedule, dropoutSchedule, decaySchedule: Schedule
  /// The number of samples in a step.
  public var batchSize: Int
  /// The number of parts of a batch that are back-propagated separately; see ``Trainer``.
  public var shards = 1
  /// The number of passes over the samples.
  public var epochs: Int
  /// How the best epoch is chosen; nil to keep the last.
  public var selection: Selection?

  /// Whether there are hidden units that can learn how much of the activation they apply.
  package var canBeParametric: Bool { !hidden.isEmpty && activation != .identity }

  /// The most categories of a column that stay one-hot if others become vectors.
  public static var mostOneHotCategories: Int { 8 }
}
