import PerceptronDatasets
import PerceptronFiles
import PerceptronModelFiles
import PerceptronTraining
import Tensor

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// How good the answers of a model are for labelled samples, in the units of the data; see
/// ``TrainedModel/metrics(on:team:)``.
public struct ModelMetrics: Sendable, Equatable {
  /// The metrics by what is predicted.
  public enum Kind: Sendable, Equatable {
    /// Classes are predicted.
    case classification(ClassificationMetrics)
    /// Several labels are predicted. All labels of all samples count as one row of yes-or-no questions.
    case multiLabel(ClassificationMetrics)
    /// Numbers are predicted. For quantiles, these are the errors of the median; there are no targets if it is not
    /// predicted.
    case regression([Target])
  }

  /// The errors of one target of a regression.
  public struct Target: Sendable, Equatable {
    /// The name of its column.
    public let name: String
    /// How far the predicted numbers are off.
    public let errors: RegressionMetrics
  }

  /// The number of samples.
  public let sampleCount: Int
  /// The mean of the model's loss. For a single target it is in the units of the data: in their square for a squared
  /// loss. For several targets, whose units differ, it is that of the scaled targets.
  public let loss: Double
  /// How often the classes are right, or how far the numbers are off.
  public let kind: Kind

  /// The share of samples whose class is right, or of labels; nil for numbers.
  public var accuracy: Double? {
    switch kind {
    case .classification(let metrics), .multiLabel(let metrics): metrics.accuracy
    case .regression: nil
    }
  }

  /// The errors of the numbers, as the mean over several targets; nil for classes, and for quantiles without a median.
  public var errors: RegressionMetrics? {
    targets.isEmpty ? nil : RegressionMetrics(meanOf: targets.map(\.errors))
  }

  /// The errors of each target; empty for classes, and for quantiles without a median.
  public var targets: [Target] { if case .regression(let targets) = kind { targets } else { [] } }

  /// - Parameters:
  ///   - outputs: The model's outputs for the samples.
  ///   - targets: The samples' targets.
  ///   - loss: The mean loss of the outputs, in the units of the scaled targets.
  package init<Scalar>(
    of model: TrainedModel<Scalar>, outputs: Matrix<Scalar>, targets: Matrix<Scalar>, loss: Double
  ) {
    sampleCount = targets.columns
    self.loss = loss * model.preparation.lossUnit(of: model.loss)
    switch model.preparation.outputs {
    case .classes: kind = .classification(ClassificationMetrics(outputs: outputs, targets: targets))
    case .labels:
      let row = { (matrix: Matrix<Scalar>) in matrix.reshaped(rows: 1, columns: matrix.count) }
      kind = .multiLabel(ClassificationMetrics(outputs: row(outputs), targets: row(targets)))
    case .values(let columns, let scaling):
      let errors = RegressionMetrics.perOutput(outputs: outputs, targets: targets, scaledBy: scaling)
      kind = .regression(zip(columns, errors).map(Target.init))
    case .quantiles(let columns, let levels, let scaling):
      guard let median = model.preparation.outputs.median else {
        kind = .regression([])
        return
      }
      // Sorted, but still scaled.
      let sorted = Preparation.Outputs.quantiles(columns: columns, levels: levels, scaling: .unscaled(columns.count))
      let rows = columns.indices.map { $0 * levels.count + median }
      let errors = RegressionMetrics.perOutput(
        outputs: sorted.answers(outputs).rows(rows), targets: sorted.answers(targets).rows(rows), scaledBy: scaling)
      kind = .regression(zip(columns, errors).map(Target.init))
    }
  }
}

extension ModelMetrics: CustomStringConvertible {
  /// The metrics on one line, such as "accuracy 0.9667 (29 of 30), loss 0.11" or "RMSE 2.3, MAE 1.8, R² 0.91, loss
  /// 5.3".
  public var description: String {
    func share(_ metrics: ClassificationMetrics, of what: String = "") -> String {
      "accuracy \(metrics.accuracy.fixed(4)) (\(metrics.correctCount) of \(metrics.sampleCount)\(what)), "
    }
    let start =
      switch kind {
      case .classification(let metrics): share(metrics)
      case .multiLabel(let metrics): share(metrics, of: " labels")
      case .regression:
        errors.map {
          "RMSE \($0.rootMeanSquaredError.shown), MAE \($0.meanAbsoluteError.shown),"
            + " R² \($0.rSquared.ifFinite?.fixed(4) ?? "–"), "
        } ?? ""
      }
    return "\(start)loss \(loss.shown)"
  }
}

extension Judged {
  /// The metrics of a model by its outputs for the samples.
  package func metrics(of model: TrainedModel<Scalar>) -> ModelMetrics {
    ModelMetrics(of: model, outputs: outputs, targets: samples.targets, loss: loss)
  }
}

extension TrainedModel {
  /// Compares the model's answers with the targets of samples. The metrics are in the units of the data, not in those
  /// of the scaled targets.
  ///
  /// - Parameters:
  ///   - samples: Samples as the model's ``TrainedModel/preparation`` makes them; their weights are not used.
  ///   - team: The threads that share the work; by default the calling thread alone.
  /// - Precondition: Traps if there are no samples, or if their sizes do not match the network.
  /// - Complexity: For a single network two passes over the samples, otherwise one.
  public func metrics(on samples: Samples<Scalar>, team: Team = Team(workers: 1)) -> ModelMetrics {
    guard samples.count > 0 else { fail("cannot measure a model without samples") }
    return Judged(self, samples.withoutWeights, name: "", team).metrics(of: self)
  }
}

extension Preparation {
  /// The factor that converts a loss on scaled targets to the units of the data: for a squared loss, the square of the
  /// target's scale. The loss of several targets stays that of the scaled targets, because their units differ.
  package func lossUnit(of loss: Loss) -> Double {
    guard let scaling = outputs.targets?.scaling, scaling.factors.count == 1 else { return 1 }
    return pow(scaling.factors[0], -loss.degree)
  }
}

extension Matrix<Double> {
  /// These rows, in this order.
  fileprivate func rows(_ rows: [Int]) -> Matrix {
    Matrix(
      rows: rows.count, columns: columns,
      columnMajor: (0..<columns).flatMap { column in rows.map { self[$0, column] } })
  }
}
