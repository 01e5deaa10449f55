import Datasets
import Layers
import Tensor

/// A trained network with all that an answer needs: how its inputs are prepared, and what its outputs mean.
public struct Model<Scalar: BLASScalar>: Sendable {
  public let network: Network<Scalar>
  /// What the network was trained to minimise.
  public let loss: Loss
  public let preparation: Preparation
  /// How it was trained, as names and values for people to read.
  public let training: [String: String]

  /// - Precondition: Traps where the network's sizes are not the preparation's, or the loss does not accept its outputs.
  public init(network: Network<Scalar>, loss: Loss, preparation: Preparation, training: [String: String] = [:]) {
    guard network.inputSize == preparation.inputCount, network.outputSize == preparation.outputCount else {
      fail("\(network) does not fit \(preparation.inputCount) features and \(preparation.outputCount) outputs")
    }
    network.check(loss)
    self.network = network
    self.loss = loss
    self.preparation = preparation
    self.training = training
  }

  /// The answers for prepared features: probabilities of the classes, or values in the units of the data.
  ///
  /// - Shapes: features inputSize × samples; returns outputSize × samples.
  public func predict(_ features: Matrix<Scalar>) -> Matrix<Scalar> {
    preparation.answers(network.predict(features))
  }

  /// The names of the most probable classes for prepared features.
  ///
  /// - Precondition: Traps where the outputs are not classes.
  public func classes(for features: Matrix<Scalar>) -> [String] {
    let names = preparation.classNames
    guard !names.isEmpty else { fail("cannot name classes: the model predicts \(preparation.outputs)") }
    return predict(features).indicesOfColumnMaxima().map { names[$0] }
  }
}
