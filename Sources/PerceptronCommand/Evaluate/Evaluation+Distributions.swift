import Perceptron

extension Evaluation {
  /// The metrics of one quantile, in the units of its target.
  struct Quantile: Encodable {
    let name: String
    let level: Double
    /// The pinball loss; nil if it is not finite.
    let loss: Double?
    /// The share of targets that are not above the answers.
    let coverage: Double
  }

  /// The metrics of one target's prediction interval, in the target's units.
  struct Interval: Encodable {
    let name: String
    let level: Double
    /// The share of targets within the bounds.
    let coverage: Double
    /// Nil if it is not finite.
    let meanWidth: Double?

    private enum CodingKeys: String, CodingKey {
      case name, level, coverage
      case meanWidth = "mean_width"
    }
  }

  /// The metrics of quantiles and intervals.
  struct Distributions {
    private(set) var quantiles: [Quantile]?
    private(set) var intervals: [Interval]?

    /// - Shapes: outputs and targets outputs × samples, as scaled for training.
    init<Scalar>(_ model: TrainedModel<Scalar>, _ outputs: Matrix<Scalar>, _ targets: Matrix<Scalar>) {
      let (preparation, levels) = (model.preparation, model.preparation.outputs.levels)
      guard let columns = preparation.outputs.targets?.columns, model.interval != nil || !levels.isEmpty else { return }
      let (answers, values) = (preparation.answers(outputs), preparation.values(of: targets))
      if !levels.isEmpty {
        let metrics = QuantileMetrics.perOutput(answers: answers, values: values, levels: levels)
        quantiles = zip(metrics, preparation.outputs.names).map { metrics, name in
          Quantile(name: name, level: metrics.level, loss: metrics.loss.ifFinite, coverage: metrics.coverage)
        }
      }
      if let interval = model.interval {
        let coverages = interval.coverages(answers: answers, values: values)
        intervals = zip(columns, zip(coverages, interval.meanWidths(answers: answers))).map { name, figures in
          Interval(name: name, level: interval.level, coverage: figures.0, meanWidth: figures.1.ifFinite)
        }
      }
    }
  }

  /// Rows of a table with the metrics of each quantile, below the names of the columns; nil if there are none.
  var quantileRows: [[String]]? {
    quantiles.map { quantiles in
      [["quantile", "loss", "share below"]]
        + quantiles.map { [$0.name, $0.loss?.short ?? "–", $0.coverage.fixed(4)] }
    }
  }

  /// The same for the intervals.
  var intervalRows: [[String]]? {
    intervals.map { intervals in
      [["interval", "level", "coverage", "mean width"]]
        + intervals.map { [$0.name, "\($0.level)", $0.coverage.fixed(4), $0.meanWidth?.short ?? "–"] }
    }
  }
}
