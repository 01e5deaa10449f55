import Perceptron

/// `--predictions`: the answers for the rows of DATA that were held out, as a CSV table.
///
/// Each line has the row's number, its fold, the identifier if there is one, the actual targets, and the columns that
/// `predict` would write with probabilities.
struct HeldOutAnswers {
  /// The columns by which the reader knows the rows: the identifier and the actual targets, a field for each row that
  /// was held out.
  private let columns: [(name: String, fields: [String])]

  /// - Parameters:
  ///   - samples: All samples of the data.
  ///   - rows: The 0-based indices of those that are held out, in ascending order.
  init<Scalar>(
    _ data: RawData<Scalar>, _ samples: Samples<Scalar>, _ rows: [Int], _ preparation: Preparation,
    _ options: TrainOptions
  ) throws {
    var columns: [(name: String, fields: [String])] = []
    switch preparation.outputs {
    case .classes(let names, let column):
      columns.append((column ?? "class", samples.targets.gathered(rows).predictedClasses().map { names[$0] }))
    case .labels(let labels, let classes):
      for row in labels.indices {
        columns.append((labels[row], rows.map { classes[row][samples.targets[row, $0] >= 0.5 ? 1 : 0] }))
      }
    case .values(let names, _), .quantiles(let names, _, _):
      // The scaled targets are rounded.
      guard case .table(let table) = data else { break }
      let targets = try table.targetIndices(options.target)
      let values = try table.holding(targets).matrix(
        ofColumns: targets, as: Double.self, formats: preparation.targetFormats,
        missing: preparation.missing)
      for row in names.indices { columns.append((names[row], rows.map { "\(values[row, $0])" })) }
    }
    for index in columns.indices { columns[index].name = "actual \(columns[index].name)" }
    if case .table(let table) = data, let name = preparation.identifier {
      let identifier = try table.columnIndices(named: [name])
      let fields = try table.holding(identifier).fields(ofColumn: name)
      columns.insert((name, rows.map { fields[$0] }), at: 0)
    }
    self.columns = columns
  }

  /// The bytes of the table.
  func csv<Scalar>(_ model: TrainedModel<Scalar>, _ heldOut: HeldOut<Scalar>, _ team: Team) -> [UInt8] {
    var answers = model.preparation.answers(heldOut.outputs(of: model, team))
    if let interval = model.interval { answers.append(rowsOf: interval.bounds(of: answers)) }
    let (rows, folds) = (heldOut.rows, heldOut.folds)
    // A column of the data may have such a name, too.
    let answered: [String] =
      switch model.preparation.outputs {
      case .classes(let names, let column): [column ?? "class"] + names
      case .labels(let names, _): names
      case .values, .quantiles: model.preparation.outputs.names
      }
    let taken = Set(columns.map(\.name) + answered)
    func unique(_ name: String) -> String { taken.contains(name) ? unique("\(name)_") : name }
    let places = [
      (unique("row"), rows.map { "\($0 + 1)" }), (unique("fold"), folds.map { "\($0 + 1)" }),
    ]
    return AnswerTable<Scalar>(
      answers, model.preparation, hasIntervals: model.interval != nil,
      withProbabilities: model.preparation.task == .classification,
      beside: places + columns
    ).csv(team)
  }
}
