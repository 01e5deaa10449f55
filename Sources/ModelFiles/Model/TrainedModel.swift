import PerceptronDatasets
import PerceptronLayers
import Tensor

/// A trained network with everything that an answer needs: the preparation of its inputs and the meaning of its
/// outputs.
///
/// It may also be an ensemble: several networks for the same inputs and outputs. Its answer is the mean of the
/// networks' answers, which is usually better than any single one (Hansen and Salamon 1990), or a weighted mean.
public struct TrainedModel<Scalar: BLASScalar>: Sendable {
  /// One network, or the members of an ensemble. They take one-hot inputs: if a network is given that embeds
  /// categories, its first layer absorbs their vectors.
  public let networks: [Network<Scalar>]
  /// The share of each network in the answer; together 1.
  public let weights: [Double]
  /// Whether all networks have the same layers.
  let haveSameLayers: Bool
  /// What the networks were trained to minimise.
  public let loss: Loss
  /// How inputs become features, and what outputs mean.
  public let preparation: Preparation
  /// How the model was trained, as names and values for human readers.
  public let training: [String: String]
  /// The share ε of the answer that is the same for all classes, from 0 to below 1. See ``calibrated(on:team:)``.
  public let uniformShare: Double
  /// The bounds of new values around the answers; nil if none were calibrated. See
  /// ``withInterval(level:calibratedOn:team:)``.
  public let interval: PredictionInterval?

  /// Makes a model of one network.
  ///
  /// - Precondition: Traps if the network's sizes do not match the preparation, if the loss does not accept its
  ///   outputs, if the loss and the preparation are not for the same quantiles, if the interval is for other outputs,
  ///   and on more than 1000 layers. Also traps unless uniformShare is from 0 to below 1, and if it is above 0 without
  ///   ``hasProbabilities``.
  public init(
    network: Network<Scalar>, loss: Loss, preparation: Preparation, training: [String: String] = [:],
    uniformShare: Double = 0, interval: PredictionInterval? = nil
  ) {
    self.init(
      networks: [network], loss: loss, preparation: preparation, training: training, uniformShare: uniformShare,
      interval: interval)
  }

  /// Makes an ensemble.
  ///
  /// - Parameters:
  ///   - networks: From 1 to 1000. Their layers may differ.
  ///   - weights: The share of each network in the answer, relative to the others; nil if all count alike.
  /// - Precondition: Traps on any other number of networks, on more than 1000 layers, if the networks differ in the
  ///   activation of their outputs, unless there is a positive and finite weight for each, and as for a single network.
  public init(
    networks: [Network<Scalar>], weights: [Double]? = nil, loss: Loss, preparation: Preparation,
    training: [String: String] = [:], uniformShare: Double = 0, interval: PredictionInterval? = nil
  ) {
    guard networkCounts.contains(networks.count) else {
      fail(
        "cannot make a model of \(networks.count) networks: \(networkCounts.lowerBound) to \(networkCounts.upperBound)"
          + " are possible")
    }
    for network in networks {
      guard network.layers.count <= mostLayers else {
        fail("cannot make a model of \(network.layers.count) layers: at most \(mostLayers) are possible")
      }
      guard network.inputSize == preparation.inputCount, network.outputSize == preparation.outputCount else {
        fail("\(network) does not fit \(preparation.inputCount) features and \(preparation.outputCount) outputs")
      }
      guard network.outputActivation == networks[0].outputActivation else {
        fail("cannot make an ensemble of \(networks[0]) and \(network): their outputs differ")
      }
    }
    networks[0].check(loss)
    guard loss.levels == preparation.outputs.levels else {
      fail("cannot use the loss \(loss.rawValue) for the outputs \(preparation.outputs)")
    }
    let sum = weights?.reduce(0, +) ?? 0
    guard weights.map({ $0.count == networks.count && $0.allSatisfy { $0 > 0 } && sum.isFinite }) ?? true else {
      fail("cannot weigh \(networks.count) networks by \(weights!)")
    }
    guard Self.canHave(uniformShare: uniformShare, loss, preparation) else {
      fail("cannot share \(uniformShare) of the answers equally among \(preparation.outputs)")
    }
    self.uniformShare = uniformShare
    self.interval = interval.map {
      PredictionInterval(level: $0.level, margins: $0.margins, for: preparation.outputs)
    }
    let folded = networks.map { $0.foldingCategories() }
    self.networks = folded
    haveSameLayers = folded.allSatisfy { !$0.hasOtherLayers(than: folded[0]) }
    self.weights =
      weights.map { $0.map { $0 / sum } } ?? Array(repeating: 1 / Double(networks.count), count: networks.count)
    self.loss = loss
    self.preparation = preparation
    self.training = training
  }

  /// The network, or the first network of an ensemble.
  public var network: Network<Scalar> { networks[0] }

  /// The number of parameters of all networks together.
  public var parameterCount: Int { networks.reduce(0) { $0 + $1.parameterCount } }

  /// Whether all networks have the same share in the answer.
  package var hasEqualWeights: Bool { weights.allSatisfy { $0 == weights[0] } }

  /// The same model, calibrated and with intervals, of other networks.
  ///
  /// - Parameters:
  ///   - plain: The networks before their calibration.
  ///   - temperature: That of the model's calibration; 1 for none.
  package func replacing(plain: [Network<Scalar>], temperature: Double) -> TrainedModel {
    replacing(
      networks: plain.map { $0.withTemperature(temperature) }, uniformShare: uniformShare, interval: interval)
  }

  /// The same model with other networks of the same layers.
  func replacing(
    networks: [Network<Scalar>], training: [String: String]? = nil, uniformShare: Double = 0,
    interval: PredictionInterval? = nil
  ) -> TrainedModel {
    TrainedModel(
      networks: networks, weights: weights, loss: loss, preparation: preparation, training: training ?? self.training,
      uniformShare: uniformShare, interval: interval)
  }
}

/// How many networks a model may have.
package let networkCounts = 1...1000

/// The maximum number of layers of a model. Finding the names of a layer's tensors takes a pass over the layers before
/// it, so the time for all names grows with the square of the number of layers.
package let mostLayers = 1000

// MARK: - Answers

extension TrainedModel {
  /// Returns the answers for prepared features: probabilities, or values in the units of the data. They are in `Double`
  /// so that values far from 0 keep their digits. Answers that are not finite are returned as they are; ``Predictor``
  /// refuses them.
  ///
  /// - Parameter team: The threads that share the work; by default the calling thread alone.
  /// - Shapes: features inputSize × samples; returns outputSize × samples.
  /// - Precondition: Traps if the features do not have inputSize rows.
  public func predict(prepared features: Matrix<Scalar>, team: Team = Team(workers: 1)) -> Matrix<Double> {
    preparation.answers(outputs(prepared: features, team: team))
  }

  /// Returns the names of the most probable classes for prepared features.
  ///
  /// - Parameter team: The threads that share the work; by default the calling thread alone.
  /// - Precondition: Traps if the features do not have inputSize rows, and if the outputs are not classes.
  public func classes(prepared features: Matrix<Scalar>, team: Team = Team(workers: 1)) -> [String] {
    let names = preparation.classNames
    guard !names.isEmpty else { fail("cannot name classes: the model predicts \(preparation.outputs)") }
    return outputs(prepared: features, team: team).indicesOfColumnMaxima().map { names[$0] }
  }

  /// Returns the network's outputs for prepared features, or the weighted mean of the networks' outputs. Values are
  /// still scaled as in training.
  ///
  ///     a = (1 − ε) (w₁ a₁ + w₂ a₂ + … + w_N a_N) + ε u
  ///
  /// ε is ``uniformShare``, and u is 1 / classes, or ½ for labels.
  ///
  /// - Parameter team: The threads that share the work; by default the calling thread alone.
  /// - Shapes: features inputSize × samples; returns outputSize × samples.
  /// - Precondition: Traps if the features do not have inputSize rows.
  /// - Complexity: 2 · ``parameterCount`` flops per sample. Allocates the result and a workspace, and for networks that
  ///   differ in their layers or weights both for each of them.
  public func outputs(prepared features: Matrix<Scalar>, team: Team = Team(workers: 1)) -> Matrix<Scalar> {
    var outputs = meanOutputs(features, team)
    outputs.withTile { $0.mix(uniformShare, of: network.uniformOutput) }
    return outputs
  }

  private func meanOutputs(_ features: Matrix<Scalar>, _ team: Team) -> Matrix<Scalar> {
    guard haveSameLayers && hasEqualWeights else { return weightedOutputs(features, team) }
    var workspace = Workspace(for: network, batchCapacity: batchCapacity(features), team: team)
    var outputs = network.predict(features, workspace: &workspace)
    guard networks.count > 1 else { return outputs }
    for member in networks.dropFirst() { member.predict(features, into: &outputs, adding: true, workspace: &workspace) }
    outputs.scale(by: 1 / Scalar(networks.count))
    return outputs
  }

  private func weightedOutputs(_ features: Matrix<Scalar>, _ team: Team) -> Matrix<Scalar> {
    var sum = Matrix<Scalar>(rows: network.outputSize, columns: features.columns)
    for (member, weight) in zip(networks, weights) {
      var workspace = Workspace(for: member, batchCapacity: batchCapacity(features), team: team)
      sum.add(member.predict(features, workspace: &workspace), scaledBy: Scalar(weight))
    }
    return sum
  }

  private func batchCapacity(_ features: Matrix<Scalar>) -> Int { min(max(features.columns, 1), 256) }

  /// Returns the mean of ``loss`` over samples. For an ensemble, this is the loss of the mean outputs. For a single
  /// network without a ``uniformShare``, it is computed from the weighted inputs in a separate pass, which is more
  /// exact.
  ///
  /// - Parameters:
  ///   - outputs: The result of ``outputs(prepared:team:)`` for the samples.
  ///   - team: The threads that share the work; by default the calling thread alone.
  /// - Precondition: Traps if the samples' sizes do not match the networks, if there are no samples, or if the outputs
  ///   have another shape.
  package func meanLoss(
    ofOutputs outputs: Matrix<Scalar>, on samples: Samples<Scalar>, team: Team = Team(workers: 1)
  ) -> Double {
    guard networks.count == 1, uniformShare == 0 else { return loss.mean(ofOutputs: outputs, targets: samples.targets) }
    var workspace = Workspace(for: network, batchCapacity: 256, team: team)
    return network.meanLoss(loss, inputs: samples.features, targets: samples.targets, workspace: &workspace)
  }
}

extension Network {
  /// The probability of each output if all are equally probable: 1 / outputs for softmax, otherwise ½.
  package var uniformOutput: Double { outputActivation == .softmax ? 1 / Double(outputSize) : 0.5 }

  /// Whether the layers or the embedding differ.
  func hasOtherLayers(than other: Network) -> Bool { layers != other.layers || embedding != other.embedding }
}
