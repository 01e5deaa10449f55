import PerceptronDatasets
import PerceptronLayers
import Tensor

extension Recipe {
  /// Makes the layers of a network, and the embedding of its inputs; nil for none.
  ///
  /// - Parameters:
  ///   - inputs: The number of inputs.
  ///   - numbers: The indices of the inputs that are numbers.
  ///   - outputs: The number of outputs.
  ///   - output: The activation of the outputs.
  /// - Precondition: Traps on everything that ``Dense`` and ``Embedding`` trap on.
  public func layers(
    inputs: Int, numbers: [Int], outputs: Int, output: Activation
  ) -> (embedding: Embedding?, layers: [Dense]) {
    let embedding: Embedding? =
      switch encoding {
      case .none: nil
      case .scales: Embedding(inputs)
      case .waves: Embedding(inputs, numbers: numbers)
      }
    let sizes = [embedding?.outputSize ?? inputs] + hidden + [outputs]
    return (
      embedding,
      .chain(
        sizes, hidden: activation, isParametric: isParametric, output: output, normalization: normalization,
        dropout: dropout)
    )
  }

  /// Makes the layers of a network for prepared data.
  ///
  /// - Precondition: As for ``layers(inputs:numbers:outputs:output:)``.
  public func layers(for preparation: Preparation, output: Activation) -> (embedding: Embedding?, layers: [Dense]) {
    layers(
      inputs: preparation.inputCount, numbers: preparation.numericFeatures, outputs: preparation.outputCount,
      output: output)
  }

  /// Makes a network with its first parameters.
  ///
  /// - Parameters:
  ///   - samples: The first parameters are fitted to them, if the recipe says so.
  ///   - output: The activation of the outputs.
  ///   - seed: The random numbers are from the first stream of this seed.
  /// - Precondition: Traps if the samples do not fit the preparation, and as for
  ///   ``layers(inputs:numbers:outputs:output:)``.
  public func network<Scalar>(
    for preparation: Preparation, fittedOn samples: Samples<Scalar>, output: Activation, seed: UInt64
  ) -> Network<Scalar> {
    let (embedding, layers) = layers(for: preparation, output: output)
    var generator = Philox(seed: seed)
    var network = Network<Scalar>(
      layers, embedding: embedding, initializer: initializer ?? .automatic(for: layers[0].activation),
      using: &generator)
    if fitsInitialParameters {
      let count = min(samples.count, Self.samplesOfInitialParameters)
      let columns = (0..<count).map { $0 * samples.count / count }
      network.fitInitialParameters(to: samples.features.gathered(columns), using: &generator)
    }
    return network
  }

  private static var samplesOfInitialParameters: Int { 1024 }

  /// Makes the trainer of a network.
  ///
  /// - Parameters:
  ///   - seed: The order of the samples is from the second stream of this seed.
  ///   - team: The threads that share each step; by default one for each usable processor.
  /// - Precondition: Traps on everything that ``Trainer`` traps on.
  public func trainer<Scalar>(
    of network: Network<Scalar>, loss: Loss, seed: UInt64, team: Team = Team()
  ) -> Trainer<Scalar> {
    Trainer(
      network, loss: loss, optimizer: optimizer, regularization: regularization, schedule: schedule, rates: rates,
      dropoutSchedule: dropoutSchedule, decaySchedule: decaySchedule, batchSize: batchSize,
      inputDropout: inputDropout, labelSmoothing: loss.isForClasses ? labelSmoothing : 0,
      averageDecay: averageDecay, generator: Philox(seed: seed, stream: 1), team: team)
  }
}
