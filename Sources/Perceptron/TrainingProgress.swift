import PerceptronFiles

/// How far the training of a ``TableFit`` has come, after an epoch of one of its networks. Several networks are trained
/// at the same time if there are several threads. If they are trained again on all rows, their epochs are counted
/// from 1 again.
public struct TrainingProgress: Sendable, Equatable {
  /// The number of the network, counted from 1, and how many there are.
  public let network, networkCount: Int
  /// The number of the network's epoch, counted from 1, and how many it is trained for.
  public let epoch, epochs: Int
  /// The share of the work for all networks that is done, from 0 to 1: half of it after the first of two trainings.
  public let share: Double
  /// The mean loss of the training rows in this epoch, in the units of the data as in ``ModelMetrics/loss``.
  public let trainingLoss: Double
  /// The mean loss of the rows that this network does not learn from; nil if there are none.
  public let validationLoss: Double?
}

extension TrainingProgress: CustomStringConvertible {
  /// A line such as "network 2 of 4, epoch 31 of 64, 45 % done: loss 0.12, validation loss 0.15".
  public var description: String {
    let validation = validationLoss.map { ", validation loss \($0.shown)" } ?? ""
    return "network \(network) of \(networkCount), epoch \(epoch) of \(epochs), \((100 * share).fixed(0)) % done:"
      + " loss \(trainingLoss.shown)\(validation)"
  }
}
