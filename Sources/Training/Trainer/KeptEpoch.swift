import PerceptronLayers
import Tensor

/// The ``Trainer/result`` after an epoch: the best one, or the end of a cycle; see ``Selection``.
public struct KeptEpoch<Scalar: BLASScalar>: Sendable {
  /// The number of the epoch, counted from 1.
  public let epoch: Int
  /// The loss on the validation samples after the epoch.
  public let validationLoss: Double
  /// The share of wrong answers on the validation samples after the epoch; nil unless the epoch was chosen by it.
  public let validationError: Double?
  /// The network's parameters after the epoch.
  public let parameters: Matrix<Scalar>
  /// The network's running statistics after the epoch.
  public let statistics: Matrix<Scalar>

  /// The network as it was after the epoch.
  ///
  /// - Parameter network: The network at another time of the same training.
  package func network(from network: Network<Scalar>) -> Network<Scalar> {
    var network = network
    (network.parameters, network.statistics) = (parameters, statistics)
    return network
  }
}

extension Selection {
  /// The index of the end of a cycle to keep; see ``cycle``.
  ///
  /// - Parameter losses: For each end, the losses of the validation samples.
  package static func indexOfBestCycle(_ losses: [[Double]]) -> Int {
    let last = losses.count - 1
    let sums = losses.map { $0.reduce(0, +) }
    guard let best = sums.indices.min(by: { sums[$0] < sums[$1] }), best != last else { return last }
    let differences = zip(losses[last], losses[best]).map(-)
    let count = Double(differences.count)
    let mean = differences.reduce(0, +) / count
    let variance = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / max(count - 1, 1)
    return mean > (variance / count).squareRoot() ? best : last
  }
}
