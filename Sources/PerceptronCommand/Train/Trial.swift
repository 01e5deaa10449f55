import Perceptron

/// The networks of one recipe, all trained.
struct Trial<Scalar: BLASScalar> {
  /// Counted from 0.
  let number: Int
  let recipe: Recipe
  let fits: [TrainingFit<Scalar>]

  /// The time that the training of all networks took, each on its thread.
  var seconds: Double { fits.reduce(0) { $0 + $1.records.reduce(0) { $0 + $1.seconds } } }
}

/// The networks that make up the model.
struct Found<Scalar: BLASScalar> {
  var fits: [TrainingFit<Scalar>]
  /// The share of each network in the answer; nil if all count alike.
  var weights: [Double]?
  /// The trials of a search, the best first; empty if there was none.
  var trials: [TrialSummary] = []
  /// The epochs of all networks, also those that are not in the model, and the time that they took.
  var epochs: Int
  var seconds: Double

  /// All networks of one recipe.
  init(fits: [TrainingFit<Scalar>]) {
    self.fits = fits
    epochs = fits.reduce(0) { $0 + $1.records.count }
    seconds = fits.reduce(0) { $0 + $1.records.reduce(0) { $0 + $1.seconds } }
  }
}

/// A line of the leaderboard of a search.
struct TrialSummary: Encodable {
  /// Counted from 1.
  let trial: Int
  let validation: Evaluation
  let seconds: Double
  /// The share of the trial's networks in the answer.
  let weight: Double
  let settings: [String: String]
}

extension [TrialSummary] {
  /// The best trials and those that are in the ensemble, below the names of the columns.
  ///
  /// - Parameter width: As many of the settings are shown as fit into this many terminal columns.
  func rows(most: Int = 10, width: Int = .max) -> [[String]] {
    var rows = allRows(most)
    let least = rows[0].count - (first?.settings.count ?? 0)
    while tableWidth(rows) > width, rows[0].count > least { rows = rows.map { $0.dropLast() } }
    return rows
  }

  private func allRows(_ most: Int) -> [[String]] {
    let shown = enumerated().filter { $0.offset < most || $0.element.weight > 0 }.map(\.element)
    // The most telling ones first.
    let order = ["encoding", "learning rate", "hidden", "activation", "epochs"]
    let names = order + (first?.settings.keys.sorted() ?? []).filter { !order.contains($0) }
    let metric = first?.validation.accuracy != nil ? "accuracy" : first?.validation.rmse != nil ? "RMSE" : "loss"
    return [["trial", "validation loss"] + (metric == "loss" ? [] : [metric]) + ["share", "s"] + names]
      + shown.map { one in
        ["\(one.trial)", one.validation.loss?.short ?? "–"]
          + (metric == "loss" ? [] : [one.validation.accuracy?.fixed(4) ?? one.validation.rmse?.short ?? "–"])
          + [one.weight > 0 ? one.weight.fixed(3) : "", one.seconds.fixed(1)] + names.map { one.settings[$0] ?? "" }
      }
  }
}
