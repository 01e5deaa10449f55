import Perceptron

/// How far the means that a model predicts are from counts or amounts, for the losses that are deviances.
struct Deviance {
  /// The mean deviance in the units of the data; nil for several targets, whose units differ, and if it is not finite.
  let mean: Double?
  /// D² = 1 − deviance / deviance of the targets' own mean (Cameron and Windmeijer 1997); nil if the targets do not
  /// vary.
  let explained: Double?

  /// - Parameter loss: The model's loss in the units of the data.
  /// - Shapes: outputs and targets, outputs × samples, as scaled for training.
  init<Scalar>(_ loss: Double, of model: TrainedModel<Scalar>, _ outputs: Matrix<Scalar>, _ targets: Matrix<Scalar>) {
    mean = targets.rows == 1 ? loss.ifFinite : nil
    let means = (0..<targets.rows).map { row in
      Scalar((0..<targets.columns).reduce(0.0) { $0 + Double(targets[row, $1]) } / Double(targets.columns))
    }
    let constant = Matrix(
      rows: targets.rows, columns: targets.columns, columnMajor: (0..<targets.columns).flatMap { _ in means })
    let ratio =
      model.loss.mean(ofOutputs: outputs, targets: targets) / model.loss.mean(ofOutputs: constant, targets: targets)
    explained = (1 - ratio).ifFinite
  }
}
