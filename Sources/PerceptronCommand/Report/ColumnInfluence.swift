import Perceptron
import PerceptronCharts

/// The part of a report that shows which columns the answers depend on, and how.
struct ColumnInfluence<Scalar: BLASScalar> {
  private let model: TrainedModel<Scalar>
  private let judged: Judged<Scalar>
  private let team: Team
  /// The largest number of samples for the importances, such that they take no longer than the training or a second.
  private let mostSamples: Int

  private static var smallWork: Double { 5e9 }
  private static var fewestSamples: Int { 100 }
  private static var mostBars: Int { 20 }
  private static var mostPlots: Int { 6 }
  private static var mostValues: Int { 15 }

  /// Nil for images.
  ///
  /// - Parameter trainingWork: Approximate number of multiplications of the training.
  init?(_ model: TrainedModel<Scalar>, _ judged: Judged<Scalar>, trainingWork: Double, _ team: Team) {
    guard case .columns(let columns) = model.preparation.inputs else { return nil }
    (self.model, self.judged, self.team) = (model, judged, team)
    // Outputs and loss take a pass each.
    let work = 2 * Double(columns.count * ColumnImportances.repeats) * Double(model.parameterCount)
    mostSamples = Int(
      min(max(trainingWork, Self.smallWork) / work, Double(ColumnImportances.mostSamples)))
  }

  var markup: String {
    guard mostSamples >= min(judged.samples.count, Self.fewestSamples) else {
      return section("<p class=\"muted\">Not computed: it would take longer than the training.</p>\n")
    }
    let importances = ColumnImportances(judged.parts, most: mostSamples, team: team)
    let shown = importances.rows.prefix(Self.mostBars)
    let quantity = importances.metric == .accuracy ? "loss" : importances.metric.name
    let chart = RowChart(
      "increase of the \(quantity)", rows: shown.map { $0.name.shortened(to: 26) },
      bars: shown.map { $0.increase ?? .nan }, deviations: shown.map { $0.deviation ?? .nan })
    let count = importances.rows.count
    return section(
      """
      <p class="muted">Increase of the \(quantity) on the \(judged.name.escaped) data if a column's values \
      are permuted: \
      \(importances.method)\
      \(count > shown.count ? "; the first \(shown.count) of \(count) columns" : "").</p>
      <div class="charts">
      <figure>
      \(chart.svg)</figure>
      </div>

      """ + dependences(importances.rows.prefix(Self.mostPlots).filter { $0.increase ?? 1 > 0 }.map(\.name)))
  }

  /// The partial dependence on columns.
  private func dependences(_ columns: [String]) -> String {
    let dependences = columns.map {
      model.partialDependence(onColumn: $0, prepared: judged.samples.features, values: Self.mostValues, team: team)
    }.filter { !$0.points.isEmpty }
    guard !dependences.isEmpty else { return "" }
    // The plots have the same scale, so that they can be compared.
    let values = dependences.flatMap { series($0.points).flatMap(\.values) }
    return """
      <h3>Mean answer, as one column varies</h3>
      <p class="muted">Partial dependence: each point is the mean over the same rows, with one value in the column.</p>
      <div class="charts">
      \(dependences.map { plot($0, values) }.joined())</div>

      """
  }

  private func section(_ content: String) -> String {
    "<section><h2>Influence of the columns</h2>\n\(content)</section>\n"
  }

  /// - Parameter values: The values of all plots.
  private func plot(_ dependence: PartialDependence, _ values: [Double]) -> String {
    let (column, points) = (dependence.column, dependence.points)
    let numbers = points.compactMap { if case .number(let number) = $0.value { number } else { nil } }
    let picture =
      if numbers.count == points.count {
        LineChart(quantity, over: axisName(column), numbers, series(points), scaleOf: values).svg
      } else {
        RowChart(
          quantity, rows: points.map { text($0.value).shortened(to: 26) }, points: series(points), scaleOf: values
        ).svg
      }
    return "<figure><h3>\(column.escaped)</h3>\n\(picture)</figure>\n"
  }

  /// Up to four outputs, those that change most: a regression's first value or its quantiles, or the second of two
  /// classes alone.
  private func series(_ points: [PartialDependence.Point]) -> [LineChart.Series] {
    func values(_ output: Int) -> [Double] { points.map { $0.answers[output] } }
    func range(_ output: Int) -> Double { (values(output).max() ?? 0) - (values(output).min() ?? 0) }
    let (outputs, names): ([Int], [String]) =
      switch model.preparation.outputs {
      case .values(let columns, _): ([0], columns)
      case .quantiles(_, let levels, _): (Array(levels.indices), model.preparation.outputs.names)
      case .classes(let names, _): (names.count == 2 ? [1] : Array(names.indices), names)
      case .labels(let columns, _): (Array(columns.indices), columns)
      }
    let shown = outputs.sorted { range($0) > range($1) || range($0) == range($1) && $0 < $1 }.prefix(4).sorted()
    return zip(shown, ["a", "b", "c", "d"]).map { output, style in
      LineChart.Series(names[output].shortened(to: 14), values(output), style: style)
    }
  }

  private var quantity: String {
    switch model.preparation.outputs {
    case .values: "mean prediction"
    case .quantiles: "mean quantile"
    case .classes, .labels: "mean probability"
    }
  }

  /// The column's name, for dates with the name of the number that is shown.
  private func axisName(_ column: String) -> String {
    guard case .columns(let columns) = model.preparation.inputs,
      case .date(_, let format, _, _)? = columns.first(where: { $0.name == column })
    else { return column.shortened(to: 40) }
    return "\(column.shortened(to: 40)), \(format.parts[0])"
  }

  private func text(_ value: PartialDependence.Value) -> String {
    switch value {
    case .number(let number): number.short
    case .text(let text): text
    case .missing: "(missing)"
    case .others: "(others)"
    }
  }
}

extension String {
  /// The string, or its beginning with an ellipsis if it has more characters.
  fileprivate func shortened(to count: Int) -> String { self.count > count ? prefix(count - 1) + "…" : self }
}
