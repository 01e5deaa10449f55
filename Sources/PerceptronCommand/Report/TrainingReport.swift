import Perceptron
import PerceptronCharts
import PerceptronFiles

/// `--report`: a self-contained HTML page about a training.
struct TrainingReport<Scalar: BLASScalar> {
  /// A row of the table of metrics.
  struct Row {
    let name: String
    let evaluation: Evaluation
  }

  let model: TrainedModel<Scalar>
  /// The DATA argument as given.
  let source: String
  let sampleCount: Int
  /// The epochs of each network.
  let records: [[EpochRecord]]
  /// The samples on which the network is evaluated in detail, and their name.
  let judged: Judged<Scalar>
  /// The evaluations; the most informative row comes first.
  let rows: [Row]
  /// The result of cross-validation; nil for none.
  let folds: FoldMetrics?
  /// The trials of a search, the best first; empty if there was none.
  let trials: [TrialSummary]
  /// Other facts, by name.
  let facts: [(name: String, value: String)]
  /// Approximate number of multiplications of the training.
  let trainingWork: Double
  let team: Team

  /// The whole page.
  func html() -> String {
    let columns = ColumnInfluence(model, judged, trainingWork: trainingWork, team)?.markup ?? ""
    let sections = [header, search, learning, errors, columns, network, making].joined()
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8"/>
      <meta name="viewport" content="width=device-width, initial-scale=1"/>
      <meta name="generator" content="perceptron \(version)"/>
      <title>\(title.escaped) – training report</title>
      <style>
      \(reportStyle)
      </style>
      </head>
      <body>
      <main>
      \(sections)</main>
      </body>
      </html>

      """
  }

  private var title: String {
    switch model.preparation.outputs {
    case .classes(let names, let column):
      column.map { "Classification of \($0)" } ?? "Classification, \(names.count) classes"
    case .labels(let columns, _): "Classification of \(listed(columns))"
    case .values(let columns, _): "Regression of \(listed(columns))"
    case .quantiles(let columns, _, _): "Quantiles of \(listed(columns))"
    }
  }

  private func listed(_ names: [String]) -> String {
    names.count <= 4 ? names.joined(separator: ", ") : "\(names.count) targets"
  }

  // MARK: Metrics

  private var header: String {
    let epochs = records.reduce(0) { $0 + $1.count }
    let time = duration(records.joined().reduce(0) { $0 + $1.seconds })
    var tiles = rows.prefix(3).map { row in
      (
        row.evaluation.accuracy.map { percent($0) } ?? row.evaluation.rmse?.short ?? "–",
        "\(row.evaluation.accuracy == nil ? "RMSE" : "accuracy") · \(row.name)"
      )
    }
    if tiles.count < 3, let r2 = rows.first?.evaluation.r2 { tiles.append((r2.fixed(4), "R² · \(rows[0].name)")) }
    tiles.append((time, "\(epochs) epoch\(epochs == 1 ? "" : "s") of \(sampleCount) samples"))
    let isRegression = model.preparation.task == .regression
    let head = ["", "loss"] + (isRegression ? ["RMSE", "MAE", "R²"] : ["accuracy"])
    let table = markupTable(
      head,
      rows.map { row in
        let one = row.evaluation
        let metrics = isRegression ? [one.rmse?.short, one.mae?.short, one.r2?.fixed(4)] : [one.accuracy?.fixed(4)]
        return [row.name, one.loss?.short ?? "–"] + metrics.map { $0 ?? "–" }
      })
    return """
      <header>
      <h1>\(title.escaped)</h1>
      <p class="muted">\(source.escaped) · \(dateAndTime())</p>
      <dl class="metrics">
      \(tiles.map { "<div><dt>\($0.1.escaped)</dt><dd>\($0.0.escaped)</dd></div>" }.joined(separator: "\n"))
      </dl>
      </header>
      <section><h2>Metrics</h2>
      \(table)\(crossValidation)</section>

      """
  }

  private var crossValidation: String {
    guard let table = folds?.table else { return "" }
    return "<h3>Cross-validation</h3>\n" + markupTable(table.header, table.rows)
  }

  // MARK: Search

  /// The leaderboard; empty if there was no search.
  private var search: String {
    guard !trials.isEmpty else { return "" }
    let rows = trials.rows(most: 20)
    return """
      <section><h2>Search: \(trials.count) trial\(trials.count == 1 ? "" : "s")</h2>
      <p class="muted">The answer is the weighted mean of the trials that have a share. Each trial is \
      \(model.networks.count / max(trials.count { $0.weight > 0 }, 1)) networks by one recipe.</p>
      \(markupTable(rows[0], Array(rows.dropFirst())))</section>

      """
  }

  // MARK: Curves

  private var learning: String {
    let (records, count) = (records[0], records.count)
    let best = records.last(where: \.isBest)?.epoch
    func chart(_ heading: String, _ name: String, _ curves: [LineChart.Series], _ scale: Axis.Scale = .automatic)
      -> String
    {
      let known = curves.filter { !$0.values.isEmpty }
      guard !known.isEmpty else { return "" }
      let picture = LineChart(name, epochs: records.map(\.epoch), known, best: best, scale: scale)
      return "<figure><h3>\(heading)</h3>\n\(picture.svg)</figure>\n"
    }
    /// An empty list if no epoch has a value.
    func values(_ figure: (EpochRecord) -> Double?) -> [Double] {
      records.contains { figure($0) != nil } ? records.map { figure($0) ?? .nan } : []
    }
    return """
      <section><h2>Learning\(count > 1 ? " of the first network of \(count)" : "")</h2>
      <div class="charts">
      \(chart("Loss", model.loss.rawValue, [
        .init("training", values(\.trainingLoss), style: "a"),
        .init("validation", values(\.validationLoss), style: "b"),
      ]))\
      \(chart("Accuracy", "share", [.init("validation", values(\.accuracy), style: "b")], .linear))\
      \(chart("Error", "RMSE", [.init("validation", values(\.rmse), style: "b")]))\
      \(chart("Learning rate", "rate", [.init("rate", values(\.learningRate), style: "a")], .linearFromZero))</div>
      </section>

      """
  }

  // MARK: Where it errs

  private var errors: String {
    let outputs = judged.outputs
    let body =
      switch model.preparation.outputs {
      case .classes(let names, _):
        ClassificationErrors(outputs: outputs, targets: judged.samples.targets, names: names).markup
          + reliability(outputs, judged.samples.targets) + worstImages(outputs, names)
      case .labels(let columns, let classes): labels(outputs, columns, classes)
      case .values(let columns, _), .quantiles(let columns, _, _): plots(outputs, columns) + distributions
      }
    return "<section><h2>Errors: \(judged.name.escaped)</h2>\n\(body)</section>\n"
  }

  private func labels(_ outputs: Matrix<Scalar>, _ columns: [String], _ classes: [[String]]) -> String {
    let metrics = MultiLabelMetrics(outputs: outputs, targets: judged.samples.targets)
    return "<p>All labels are right for \(percent(metrics.exactMatch)) of the samples.</p>\n"
      + markupTable(
        ["label", "accuracy", "precision", "recall", "F1", "ROC AUC", "count"],
        (zip(zip(columns, classes), metrics.labels).map { ("\($0.0): \($0.1.last ?? "")", $1) } + [
          ("mean", metrics.macro)
        ])
        .map { Evaluation.Output($1, name: $0).row })
      + reliability(
        outputs.reshaped(rows: 1, columns: outputs.count),
        judged.samples.targets.reshaped(rows: 1, columns: outputs.count))
  }

  /// The reliability curve; empty if the outputs are not probabilities.
  private func reliability(_ outputs: Matrix<Scalar>, _ targets: Matrix<Scalar>) -> String {
    guard let reliability = ProbabilityMetrics(outputs: outputs, targets: targets).reliability else { return "" }
    let probabilities = reliability.bins.map(\.probability)
    let chart = LineChart(
      "share of right answers", over: "probability of the answer", probabilities,
      [
        .init("ideal", probabilities, style: "ideal"),
        .init("network", reliability.bins.map(\.accuracy), style: "a"),
      ])
    return """
      <h3>Reliability</h3>
      <div class="charts"><figure>
      \(chart.svg)<figcaption>Expected calibration error: \(reliability.calibrationError.fixed(4)). \
      Each point is one of \(reliability.bins.count) bins of equal size.</figcaption></figure></div>

      """
  }

  private func plots(_ outputs: Matrix<Scalar>, _ columns: [String]) -> String {
    let mostPlots = 12
    let meaning = model.preparation.outputs
    let (count, median) = (max(meaning.levels.count, 1), meaning.levels.isEmpty ? 0 : meaning.median)
    // Quantiles without the median have no errors to plot.
    guard let median else { return "" }
    let (answers, values) = (model.preparation.answers(outputs), model.preparation.values(of: judged.samples.targets))
    let table = markupTable(
      ["target", "RMSE", "MAE", "R²", "mean error in %"],
      judged.metrics(of: model).targets.map { Evaluation.Output($0.errors, name: $0.name).row })
    let plots = columns.prefix(mostPlots).enumerated().map { row, name in
      let plot = ScatterPlot(
        name, actual: (0..<values.columns).map { values[row, $0] },
        predicted: (0..<answers.columns).map { answers[row * count + median, $0] })
      return "<figure><h3>\(name.escaped)</h3>\n\(plot.svg)</figure>\n"
    }
    let shown =
      judged.samples.count > ScatterPlot.mostPoints
      ? "<p class=\"muted\">The plot shows \(ScatterPlot.mostPoints) of the \(judged.samples.count) samples, evenly"
        + " spread.</p>\n"
      : ""
    let left = columns.count > mostPlots ? "<p class=\"muted\">The first \(mostPlots) targets are plotted.</p>\n" : ""
    return table + shown + left + "<div class=\"charts\">\n\(plots.joined())</div>\n"
  }

  /// Tables of the quantiles and the intervals.
  private var distributions: String {
    let evaluation = rows[0].evaluation
    return [evaluation.quantileRows, evaluation.intervalRows].compactMap(\.self).map { rows in
      markupTable(rows[0], Array(rows.dropFirst()))
    }.joined()
  }

  /// The images for which the network gives a wrong answer with the highest probability.
  private func worstImages(_ outputs: Matrix<Scalar>, _ names: [String]) -> String {
    guard case .pixels(let shape) = model.preparation.inputs, shape.count == 2 else { return "" }
    let (predicted, actual) = (outputs.predictedClasses(), judged.samples.targets.predictedClasses())
    func certainty(_ sample: Int) -> Scalar {
      outputs.rows > 1
        ? outputs[predicted[sample], sample] : predicted[sample] == 1 ? outputs[0, sample] : 1 - outputs[0, sample]
    }
    let wrong = predicted.indices.filter { predicted[$0] != actual[$0] }.map { ($0, certainty($0)) }
      .sorted { $0.1 > $1.1 }
    guard !wrong.isEmpty else { return "" }
    let pictures = wrong.prefix(24).map { sample, certainty in
      let (is_, taken) = (names[actual[sample]].escaped, names[predicted[sample]].escaped)
      return """
        <figure><img src="\(image(sample, shape).address)" alt="sample \(sample + 1), class \(is_)"/>\
        <figcaption><b>\(is_)</b> taken for <b>\(taken)</b><br/>\
        \(percent(Double(certainty))), no. \(sample + 1)</figcaption></figure>

        """
    }
    return "<h3>Mistakes with the highest confidence</h3>\n<div class=\"images\">\n\(pictures.joined())</div>\n"
  }

  private func image(_ sample: Int, _ shape: [Int]) -> PNG {
    let values = (0..<judged.samples.features.rows).map { Double(judged.samples.features[$0, sample]) }
    // The original range of scaled pixels is not known.
    let isPlain = model.preparation.inputScaling.method == .none
    let (low, high) = isPlain ? (0, 1) : (values.min()!, values.max()!)
    let pixels = values.map { UInt8(max(0, min(1, high > low ? ($0 - low) / (high - low) : 0)) * 255) }
    return PNG(pixels, width: shape[1], height: shape[0], kind: .gray)
  }

  // MARK: What it is

  private var network: String {
    let kinds = kinds(zip(model.networks, model.weights).map { ModelFile.Member($0, weight: $1) })
    let tables = kinds.map { kind in
      (kind.title.map { "<p>\($0)</p>\n" } ?? "")
        + markupTable(
          ["layer", "inputs", "outputs", "normalization", "activation", "dropout", "parameters"],
          kind.member.rows.enumerated().map { number, row in
            [
              row.type == "embedding" ? row.type : "\(number + (kind.member.embedding == nil ? 1 : 0))",
              "\(row.inputs)", "\(row.outputs)", row.normalization, row.activation, "\(row.dropout)",
              "\(row.parameters)",
            ]
          })
    }
    let count = model.networks.count
    let mean = model.hasEqualWeights ? "mean" : "weighted mean"
    return """
      <section><h2>Network</h2>
      <p>\(count > 1 ? "\(count) networks, whose \(mean) is the answer, with " : "")\
      \(model.parameterCount) parameters; the loss is \(model.loss.rawValue).</p>
      \(tables.joined())</section>

      """
  }

  private var making: String {
    let all =
      [("command", "<code>\(commandLine().escaped)</code>")] + facts.map { ($0.name, $0.value.escaped) }
      + [("machine", machineName().escaped), ("version", version)]
    return """
      <section><h2>How it was made</h2>
      <dl class="facts">
      \(all.map { "<dt>\($0.0.escaped)</dt><dd>\($0.1)</dd>" }.joined(separator: "\n"))
      </dl>
      </section>

      """
  }
}

/// A share as a percentage.
func percent(_ share: Double) -> String { share.isFinite ? "\((100 * share).fixed(2)) %" : "–" }
