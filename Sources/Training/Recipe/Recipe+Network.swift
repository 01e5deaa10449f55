import PerceptronDatasets
import PerceptronLayers
import Tensor

extension Recipe {
  /// Makes the layers of a network, and the embedding of its inputs; nil for none.
  ///
  /// - Parameters:
  ///   - numbers: The indices of the inputs that are numbers.
  ///   - categories: The indices of the one-hot inputs of each column of categories.
  ///   - output: The activation of the outputs.
  ///   - samples: The samples that the network will be trained on. They give the numbers of inputs and outputs, and the
  ///     bins of an encoding that has bins.
  /// - Precondition: Traps on everything that ``Dense`` and ``Embedding`` trap on, and if there are no samples for
  ///   bins.
  /// - Complexity: For bins, a sort of each number in at most 65,536 samples.
  public func layers<Scalar>(
    numbers: [Int], categories: [Range<Int>] = [], output: Activation, fittedOn samples: Samples<Scalar>
  ) -> (embedding: Embedding?, layers: [Dense]) {
    let inputs = samples.featureCount
    let dimension = categoryDimension ?? 0
    let categories = categoryDimension == nil ? [] : categories.filter { $0.count > Self.mostOneHotCategories }
    let embedding: Embedding?
    switch encoding {
    case .none where categories.isEmpty: embedding = nil
    case .none, .scales: embedding = Embedding(inputs, categories: categories, dimension: dimension)
    case .waves: embedding = Embedding(inputs, numbers: numbers, categories: categories, dimension: dimension)
    case .quantileBins, .treeBins:
      let (numbers, edges) = binned(numbers, samples)
      embedding = Embedding(
        inputs, numbers: numbers, encoding: .pieces(edges: edges), categories: categories, dimension: dimension)
    }
    let sizes = [embedding?.outputSize ?? inputs] + hidden + [samples.targets.rows]
    return (
      embedding,
      .chain(
        sizes, hidden: activation, isParametric: isParametric, output: output, normalization: normalization,
        dropout: dropout)
    )
  }

  /// Makes the layers of a network for prepared data.
  ///
  /// - Precondition: As for ``layers(numbers:categories:output:fittedOn:)``.
  public func layers<Scalar>(
    for preparation: Preparation, output: Activation, fittedOn samples: Samples<Scalar>
  ) -> (embedding: Embedding?, layers: [Dense]) {
    layers(
      numbers: preparation.numericFeatures, categories: preparation.categoryFeatures, output: output,
      fittedOn: samples)
  }

  /// The edges of the bins of numbers. A number that is constant in the samples has no bins, and stays as it is.
  private func binned<Scalar>(_ numbers: [Int], _ samples: Samples<Scalar>) -> (numbers: [Int], edges: [[Double]]) {
    let fit = BinFit(samples, count: bins, usesTargets: encoding == .treeBins)
    let edges = numbers.map { (number: $0, edges: fit.edges(ofFeature: $0)) }.filter { $0.edges.count > 1 }
    return (edges.map(\.number), edges.map(\.edges))
  }

  /// Makes a network with its first parameters.
  ///
  /// - Parameters:
  ///   - samples: Bins are fitted to them, and the first parameters, if the recipe says so.
  ///   - output: The activation of the outputs.
  ///   - seed: The random numbers are from the first stream of this seed.
  /// - Precondition: Traps if the samples do not fit the preparation, and as for
  ///   ``layers(numbers:categories:output:fittedOn:)``.
  public func network<Scalar>(
    for preparation: Preparation, fittedOn samples: Samples<Scalar>, output: Activation, seed: UInt64
  ) -> Network<Scalar> {
    let (embedding, layers) = layers(for: preparation, output: output, fittedOn: samples)
    var generator = Philox(seed: seed)
    var network = Network<Scalar>(
      layers, embedding: embedding, initializer: initializer ?? .automatic(for: layers[0].activation),
      using: &generator)
    if fitsInitialParameters {
      let chosen = samples.spreadIndices(Self.samplesOfInitialParameters)
      network.fitInitialParameters(to: samples.features(of: chosen), using: &generator)
    }
    return network
  }

  private static var samplesOfInitialParameters: Int { 1024 }

  /// Makes the trainer of a network for prepared data, before its first step. A full-batch method takes all samples in
  /// each step.
  ///
  /// - Parameters: As for ``network(for:fittedOn:output:seed:)`` and ``trainer(of:loss:seed:processes:team:)``.
  /// - Precondition: As for these.
  package func trainer<Scalar>(
    for preparation: Preparation, fittedOn samples: Samples<Scalar>, loss: Loss, output: Activation, seed: UInt64,
    processes: Processes = .alone, team: Team
  ) -> Trainer<Scalar> {
    var recipe = self
    if optimizer.isFullBatch { recipe.batchSize = samples.count }
    let network = recipe.network(for: preparation, fittedOn: samples, output: output, seed: seed)
    return recipe.trainer(of: network, loss: loss, seed: seed, processes: processes, team: team)
  }

  /// Makes the trainer of a network.
  ///
  /// - Parameters:
  ///   - seed: The order of the samples is from the second stream of this seed.
  ///   - processes: The processes that share the work, as for ``Trainer``.
  ///   - team: The threads that share each step; by default one for each usable processor.
  /// - Precondition: Traps on everything that ``Trainer`` traps on.
  public func trainer<Scalar>(
    of network: Network<Scalar>, loss: Loss, seed: UInt64, processes: Processes = .alone, team: Team = Team()
  ) -> Trainer<Scalar> {
    Trainer(
      network, loss: loss, optimizer: optimizer, regularization: regularization, schedule: schedule, rates: rates,
      dropoutSchedule: dropoutSchedule, decaySchedule: decaySchedule, batchSize: batchSize,
      shards: shards, processes: processes, inputDropout: inputDropout,
      labelSmoothing: loss.isForClasses ? labelSmoothing : 0,
      averageDecay: averageDecay, generator: Philox(seed: seed, stream: 1), team: team)
  }
}
