import PerceptronDatasets
import PerceptronLayers
import Tensor

/// A trained network with all that an answer needs: how its inputs are prepared, and what its outputs mean.
///
/// It may also be an ensemble: several networks of the same layers that were trained on the same data from other seeds.
/// Its answer is the mean of theirs, which is as a rule better than the answer of any one of them (Hansen and Salamon
/// 1990).
public struct TrainedModel<Scalar: BLASScalar>: Sendable {
  /// One, or the members of an ensemble.
  public let networks: [Network<Scalar>]
  /// What the networks were trained to minimise.
  public let loss: Loss
  public let preparation: Preparation
  /// How it was trained, as names and values for people to read.
  public let training: [String: String]

  /// - Precondition: Traps if the network's sizes are not the preparation's, or the loss does not accept its outputs.
  public init(network: Network<Scalar>, loss: Loss, preparation: Preparation, training: [String: String] = [:]) {
    self.init(networks: [network], loss: loss, preparation: preparation, training: training)
  }

  /// Makes an ensemble.
  ///
  /// - Parameter networks: From 1 to 1000.
  /// - Precondition: Traps on another number of networks or more than 1000 layers, where they differ in their layers,
  ///   and as with a single one.
  public init(networks: [Network<Scalar>], loss: Loss, preparation: Preparation, training: [String: String] = [:]) {
    guard networkCounts.contains(networks.count) else {
      fail(
        "cannot make a model of \(networks.count) networks: \(networkCounts.lowerBound) to \(networkCounts.upperBound)"
          + " are possible")
    }
    let first = networks[0]
    if let other = networks.first(where: { $0.layers != first.layers }) {
      fail("cannot make an ensemble of \(first) and \(other): their layers have to be the same")
    }
    guard first.layers.count <= mostLayers else {
      fail("cannot make a model of \(first.layers.count) layers: at most \(mostLayers) are possible")
    }
    guard first.inputSize == preparation.inputCount, first.outputSize == preparation.outputCount else {
      fail("\(first) does not fit \(preparation.inputCount) features and \(preparation.outputCount) outputs")
    }
    first.check(loss)
    self.networks = networks
    self.loss = loss
    self.preparation = preparation
    self.training = training
  }

  /// The network, or the first one of an ensemble.
  public var network: Network<Scalar> { networks[0] }

  /// The parameters of all networks.
  public var parameterCount: Int { networks.count * network.parameterCount }
}

/// How many networks a model may have.
package let networkCounts = 1...1000

/// The most layers that a model may have; the names of a layer's tensors take a pass over the layers before it.
package let mostLayers = 1000

// MARK: - Answers

extension TrainedModel {
  /// The answers for prepared features: probabilities, or values in the units of the data, in `Double` so that values
  /// far from 0 keep their digits.
  ///
  /// - Shapes: features inputSize × samples; returns outputSize × samples.
  public func predict(prepared features: Matrix<Scalar>) -> Matrix<Double> {
    preparation.answers(outputs(prepared: features))
  }

  /// The names of the most probable classes for prepared features.
  ///
  /// - Precondition: Traps if the outputs are not classes.
  public func classes(prepared features: Matrix<Scalar>) -> [String] {
    let names = preparation.classNames
    guard !names.isEmpty else { fail("cannot name classes: the model predicts \(preparation.outputs)") }
    return outputs(prepared: features).indicesOfColumnMaxima().map { names[$0] }
  }

  /// The network's outputs for prepared features, or the mean of the networks' outputs, values still scaled as in
  /// training.
  ///
  ///     a = (a₁ + a₂ + … + a_N) / N
  ///
  /// - Parameter team: The threads that share the work; the calling one alone if none are given.
  /// - Shapes: features inputSize × samples; returns outputSize × samples.
  /// - Precondition: Traps if the features have another number of rows.
  /// - Complexity: 2 · ``parameterCount`` flops a sample; allocates the result and a workspace, however many networks
  ///   there are.
  public func outputs(prepared features: Matrix<Scalar>, team: Team = Team(workers: 1)) -> Matrix<Scalar> {
    var workspace = Workspace(for: network, batchCapacity: min(max(features.columns, 1), 256), team: team)
    var outputs = network.predict(features, workspace: &workspace)
    guard networks.count > 1 else { return outputs }
    for member in networks.dropFirst() { member.predict(features, into: &outputs, adding: true, workspace: &workspace) }
    outputs.scale(by: 1 / Scalar(networks.count))
    return outputs
  }

  /// The mean of ``loss`` over samples, that of an ensemble being the loss of its mean outputs. A single network's is
  /// computed from its weighted inputs, which is more exact, in a pass of its own.
  ///
  /// - Parameters:
  ///   - outputs: What ``outputs(prepared:team:)`` has given for the samples.
  ///   - team: The threads that share the work.
  /// - Precondition: Traps if the samples have other sizes than the networks, there are none, or the outputs are not
  ///   theirs.
  public func meanLoss(
    ofOutputs outputs: Matrix<Scalar>, on samples: Samples<Scalar>, team: Team = Team(workers: 1)
  ) -> Double {
    guard networks.count == 1 else { return loss.mean(ofOutputs: outputs, targets: samples.targets) }
    var workspace = Workspace(for: network, batchCapacity: 256, team: team)
    return network.meanLoss(loss, inputs: samples.features, targets: samples.targets, workspace: &workspace)
  }
}
