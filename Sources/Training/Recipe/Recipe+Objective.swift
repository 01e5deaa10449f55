import PerceptronDatasets
import Tensor

extension Recipe {
  /// The loss and the activation of the outputs. If one of them was not chosen, it is set to fit the rest.
  ///
  /// | task | loss | activation |
  /// |---|---|---|
  /// | classification | cross-entropy | softmax |
  /// | several labels | binary cross-entropy | sigmoid, because they are independent questions |
  /// | regression | mean squared error | identity; exponential for Poisson's and Tweedie's loss |
  ///
  /// - Parameter areLabels: Whether a classification has several labels.
  package static func objective(
    _ task: Preparation.Task, areLabels: Bool, loss: Loss? = nil, output: Activation? = nil
  ) -> (loss: Loss, output: Activation) {
    let output = output ?? (areLabels ? .sigmoid : nil)
    let loss = loss ?? usualLoss(task, output)
    return (loss, output ?? usualOutput(task, loss))
  }

  private static func usualLoss(_ task: Preparation.Task, _ output: Activation?) -> Loss {
    switch (task, output) {
    case (.classification, nil), (.classification, .softmax): .crossEntropy
    case (.classification, .sigmoid): .binaryCrossEntropy
    default: .meanSquaredError
    }
  }

  private static func usualOutput(_ task: Preparation.Task, _ loss: Loss) -> Activation {
    switch loss {
    case .crossEntropy: .softmax
    case .binaryCrossEntropy: .sigmoid
    case .poisson, .tweedie: .exponential
    default: task == .classification ? .softmax : .identity
    }
  }
}

extension Preparation.Outputs {
  /// Whether there are several labels.
  package var areLabels: Bool { if case .labels = self { true } else { false } }
}
