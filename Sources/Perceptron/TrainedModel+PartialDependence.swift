import PerceptronDatasets
import PerceptronModelFiles
import Tensor

extension TrainedModel {
  /// Computes how the answers depend on a column: the mean answer as the column takes one value after another in all
  /// samples, while the other columns stay as they are.
  ///
  ///     f̄(v) = 1/n Σᵢ f(xᵢ with v in the column)
  ///
  /// If columns are related, some of these samples are unlike any real one. The values are numbers that divide the
  /// samples into parts of equal size, or the most frequent strings. A column that was the same in every training row
  /// has no influence; one of strings then has no points.
  ///
  /// Source: Friedman, "Greedy Function Approximation: A Gradient Boosting Machine", 2001.
  ///
  /// - Parameters:
  ///   - name: The column.
  ///   - features: Samples as the model's ``TrainedModel/preparation`` makes them.
  ///   - values: The largest number of values; equal ones count once.
  ///   - rows: The largest number of samples whose answers are averaged. They are evenly spread over all samples.
  ///   - team: The threads that share the work of each prediction; by default the calling thread alone. The result has
  ///     the same bits for any number of threads.
  /// - Shapes: features inputSize × samples.
  /// - Precondition: Traps if the model has no such column, if there are no samples, and if the features do not have
  ///   inputSize rows.
  /// - Complexity: values · rows predictions, and a sort of all samples for a column of numbers.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func partialDependence(
    onColumn name: String, prepared features: Matrix<Scalar>, values: Int = 20, rows: Int = 500,
    team: Team = Team(workers: 1)
  ) -> PartialDependence {
    let encoders = preparation.encoders
    guard case .columns = preparation.inputs, let index = encoders.firstIndex(where: { $0.column.name == name }) else {
      fail("cannot vary the column \(name): the model has no such column")
    }
    guard features.rows == preparation.inputCount, features.columns > 0, values > 0, rows > 0 else {
      fail("cannot vary a column of \(features.shape) features in \(rows) rows: there have to be both")
    }
    let samples: [(value: PartialDependence.Value, sample: Int)]
    if case .category(_, let texts, _) = encoders[index].column {
      samples = categories(encoders[index], texts, features, values)
    } else {
      let number = encoders[..<index].reduce(0) { $0 + $1.scales.count }
      samples = numbers(encoders[index], number, features, values)
    }
    let count = min(rows, features.columns)
    var varied = features.gathered((0..<count).map { $0 * features.columns / count })
    return PartialDependence(
      column: name,
      points: samples.map { value, sample in
        let places = [Int](repeating: sample, count: count)
        varied.replace(rows: encoders[index].features, by: features, columns: places)
        let sums = predict(prepared: varied, team: team).rowSums()
        return PartialDependence.Point(value: value, answers: sums.elements.map { $0 / Double(count) })
      })
  }

  /// The most frequent strings, each with a sample that has it.
  private func categories(
    _ encoder: ColumnEncoder, _ texts: [String], _ features: Matrix<Scalar>, _ most: Int
  ) -> [(PartialDependence.Value, Int)] {
    var counts = encoder.features.map { _ in (count: 0, sample: 0) }
    features.withSpan { elements in
      for sample in 0..<features.columns {
        for (category, row) in encoder.features.enumerated() where elements[sample * features.rows + row] != 0 {
          counts[category] = (counts[category].count + 1, sample)
        }
      }
    }
    let order = counts.indices.filter { counts[$0].count > 0 }.sorted {
      counts[$0].count > counts[$1].count || counts[$0].count == counts[$1].count && $0 < $1
    }
    return order.prefix(most).map { category in
      let value: PartialDependence.Value =
        category == texts.count ? .others : texts[category].isEmpty ? .missing : .text(texts[category])
      return (value, counts[category].sample)
    }
  }

  /// Different numbers in ascending order, each with a sample that has it: those in the middles of parts of equal size.
  ///
  /// - Parameter number: The place of the column's first number among the numbers of all columns.
  private func numbers(
    _ encoder: ColumnEncoder, _ number: Int, _ features: Matrix<Scalar>, _ most: Int
  ) -> [(PartialDependence.Value, Int)] {
    let row = encoder.features.lowerBound
    let found = features.withSpan { elements in (0..<features.columns).map { elements[$0 * features.rows + row] } }
    let order = found.indices.sorted { found[$0] < found[$1] }
    let chosen = (0..<most).map { order[(2 * $0 + 1) * order.count / (2 * most)] }
    let scaling = preparation.inputScaling
    var scaled = Matrix<Scalar>(rows: scaling.offsets.count, columns: chosen.count)
    for (column, sample) in chosen.enumerated() { scaled[number, column] = found[sample] }
    var values = Matrix<Double>(rows: scaled.rows, columns: scaled.columns)
    values.withTile { values in scaled.withReadOnlyTile { scaling.invert($0, into: values) } }
    var last: Scalar?
    return chosen.enumerated().compactMap { column, sample in
      // A smooth clip cannot be inverted at its ends.
      guard found[sample] != last, values[number, column].isFinite else { return nil }
      last = found[sample]
      return (.number(values[number, column]), sample)
    }
  }
}
