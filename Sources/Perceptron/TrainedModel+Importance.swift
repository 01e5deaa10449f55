import PerceptronDatasets
import PerceptronModelFiles
import PerceptronTraining
import Tensor

extension TrainedModel {
  /// Measures how much the answers depend on each column: all features of the column are permuted together among the
  /// samples, and the answers are judged again. The same permutations serve all columns.
  ///
  /// A column that the model ignores has the importance 0 exactly. If two columns hold the same information, the model
  /// may rely on either, and both seem less important than they are together. The samples should be ones that were not
  /// used for training; on samples that were used, the importance includes what was merely memorised.
  ///
  /// Sources: Breiman, "Random Forests", 2001; Fisher, Rudin and Dominici, "All Models are Wrong, but Many are Useful",
  /// 2019.
  ///
  /// - Parameters:
  ///   - samples: At least one; their weights are not used. A few thousand are enough.
  ///   - repeats: The number of permutations, at least 1.
  ///   - generator: Draws the permutations.
  ///   - team: The threads that share the work of each prediction; by default the calling thread alone. The result has
  ///     the same bits for any number of threads.
  /// - Returns: A value for each column, in descending order of ``Importance/loss`` or, for a regression, of
  ///   ``Importance/metric``; equal ones are in the order of the columns.
  /// - Precondition: Traps if the model is for images, if there are no samples or permutations, and if the samples'
  ///   sizes do not match the network.
  /// - Complexity: columns · repeats + 1 evaluations of the samples; for a single network an evaluation is two passes,
  ///   for outputs and loss. Takes the memory of a second copy of the features.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func importances(
    on samples: Samples<Scalar>, repeats: Int = 5, generator: Philox = Philox(seed: 0), team: Team = Team(workers: 1)
  ) -> [Importance] {
    guard case .columns = preparation.inputs else { fail("cannot permute the columns of images") }
    guard repeats >= 1, samples.count >= 1 else { fail("cannot permute \(samples.count) samples \(repeats) times") }
    let order = Array(0..<samples.count)
    var generator = generator
    let permutations = (0..<repeats).map { _ in
      var permutation = order
      generator.shuffle(&permutation)
      return permutation
    }
    let before = errors(samples, team)
    var features = samples.features
    let importances = preparation.encoders.map { encoder in
      let after = permutations.map { permutation in
        features.replace(rows: encoder.features, by: samples.features, columns: permutation)
        return errors(Samples(features: features, targets: samples.targets), team)
      }
      features.replace(rows: encoder.features, by: samples.features, columns: order)
      return Importance(
        column: encoder.column.name, loss: .init(after.map { $0.loss - before.loss }),
        metric: .init(after.map { $0.metric - before.metric }))
    }
    return importances.sorted(for: preparation.task)
  }

  /// The loss, and the negative accuracy, the root mean squared error or the quantile loss.
  private func errors(_ samples: Samples<Scalar>, _ team: Team) -> (loss: Double, metric: Double) {
    let outputs = outputs(prepared: samples.features, team: team)
    let loss = meanLoss(ofOutputs: outputs, on: samples, team: team)
    let levels = preparation.outputs.levels
    guard levels.isEmpty else {
      let metrics = QuantileMetrics.perOutput(
        answers: preparation.answers(outputs), values: preparation.values(of: samples.targets), levels: levels)
      return (loss, metrics.reduce(0) { $0 + $1.loss } / Double(metrics.count))
    }
    let metrics = ModelMetrics(of: self, outputs: outputs, targets: samples.targets, loss: loss)
    return (loss, metrics.accuracy.map { -$0 } ?? metrics.errors!.rootMeanSquaredError)
  }
}

extension Matrix {
  /// Replaces rows by the same rows of another matrix, whose columns are taken in the order of the indices.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  mutating func replace(rows: Range<Int>, by source: Matrix, columns: [Int]) {
    withTile { tile in
      source.withReadOnlyTile { source in
        let (to, from) = (tile.rows(rows), source.rows(rows))
        for (column, index) in columns.enumerated() {
          to[columns: column..<column + 1].copy(from[columns: index..<index + 1])
        }
      }
    }
  }
}
