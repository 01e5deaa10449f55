import PerceptronLayers
import Tensor

/// An ensemble that is chosen from many models by their outputs for the same samples.
///
/// It begins with the best model. In each round it adds the model with which the mean of all outputs so far has the
/// least loss; a model may be added repeatedly, which gives it a larger weight. Of all rounds, the one with the least
/// loss counts.
///
/// Source: Caruana, Niculescu-Mizil, Crew and Ksikes, "Ensemble Selection from Libraries of Models", 2004.
public struct GreedyEnsemble: Sendable, Equatable {
  /// The index of each chosen model, in the order of their first choice, and how often it was chosen.
  public let choices: [(model: Int, count: Int)]
  /// The loss of the mean of the chosen outputs.
  public let loss: Double

  /// Chooses the models.
  ///
  /// - Parameters:
  ///   - outputs: The outputs of each model for the samples.
  ///   - targets: The targets of the samples, which no model should have learnt from.
  ///   - loss: What is to be small.
  ///   - most: The largest number of different models.
  ///   - rounds: The number of choices.
  /// - Shapes: outputs and targets outputs × samples.
  /// - Precondition: Traps without models or samples, on other shapes, and unless `most` and `rounds` are positive.
  /// - Complexity: rounds · models evaluations of the loss.
  public init<Scalar: BLASScalar>(
    from outputs: [Matrix<Scalar>], targets: Matrix<Scalar>, loss: Loss, most: Int, rounds: Int = 50
  ) {
    guard !outputs.isEmpty, targets.columns > 0, most > 0, rounds > 0 else {
      fail("cannot choose \(most) of \(outputs.count) models by \(targets.columns) samples in \(rounds) rounds")
    }
    var sum = Matrix<Scalar>(rows: targets.rows, columns: targets.columns)
    var order: [Int] = []
    var best = (loss: Double.infinity, count: 0)
    for round in 1...rounds {
      let isFull = Set(order).count == most
      var found = (loss: Double.infinity, model: -1)
      for model in outputs.indices where !isFull || order.contains(model) {
        var mean = sum
        mean.add(outputs[model])
        mean.scale(by: 1 / Scalar(round))
        let value = loss.mean(ofOutputs: mean, targets: targets)
        // A loss that is not finite is the worst; the first of equals is chosen.
        if value < found.loss || found.model < 0 { found = (value.isNaN ? .infinity : value, model) }
      }
      sum.add(outputs[found.model])
      order.append(found.model)
      if found.loss < best.loss || round == 1 { best = (found.loss, round) }
    }
    let chosen = order.prefix(best.count)
    var models: [Int] = []
    for model in chosen where !models.contains(model) { models.append(model) }
    choices = models.map { model in (model, chosen.count { $0 == model }) }
    self.loss = best.loss
  }

  /// Whether the choices and the loss are the same.
  public static func == (one: GreedyEnsemble, other: GreedyEnsemble) -> Bool {
    one.loss == other.loss && one.choices.elementsEqual(other.choices, by: ==)
  }
}
