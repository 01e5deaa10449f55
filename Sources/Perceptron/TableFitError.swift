import PerceptronDatasets
import PerceptronModelFiles
import Tensor

/// Why a table has no ``TableFit``, although it can be read.
public enum TableFitError: Error, Sendable, Equatable {
  /// The loss is not one for what the table's targets are.
  case lossDoesNotFit(Loss, Preparation.Outputs)
  /// The outputs of the trained networks are not finite for some training rows.
  case outputsNotFinite
  /// The outputs are finite, but not the answers in the units of the target.
  case answersNotFinite

  /// What is wrong with the answers of a trained model; nil if nothing is.
  ///
  /// - Parameter features: Those of some training samples, at most ``mostAsked``.
  package init?<Scalar>(_ model: TrainedModel<Scalar>, _ features: Matrix<Scalar>, _ team: Team) {
    let outputs = model.outputs(prepared: features, team: team)
    guard outputs.maxMagnitude().isFinite else {
      self = .outputsNotFinite
      return
    }
    guard !model.preparation.answers(outputs).maxMagnitude().isFinite else { return nil }
    self = .answersNotFinite
  }

  package static var mostAsked: Int { 4096 }
}

extension TableFitError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .lossDoesNotFit(let loss, let outputs):
      "the loss \(loss.rawValue) does not fit \(outputs); leave it out, or name another target or task"
    case .outputsNotFinite: "the trained networks' outputs are not finite; lower the recipe's learning rate"
    case .answersNotFinite:
      "the trained model's answers are not finite in the units of the target; divide the target by a power of ten"
    }
  }
}
