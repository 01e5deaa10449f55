import Perceptron
import Synchronization

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

extension Recipe {
  /// The settings that a search varies, for readers.
  var settings: [(name: String, value: String)] {
    let rate = optimizer.learningRate.map { [("learning rate", $0.short)] } ?? []
    return [
      ("hidden", hidden.map(String.init).joined(separator: ",")), ("activation", activation.rawValue),
      ("encoding", encoding.rawValue),
    ] + rate + [
      ("scales", rates.inputScales.short), ("dropout", dropout.map(\.short).joined(separator: ",")),
      ("weight decay", regularization.weightDecay.short), ("label smoothing", labelSmoothing.short),
      ("epochs", "\(epochs)"),
    ]
  }
}

extension Recipe {
  /// The pieces in a few words, such as "waves, parametric selu, adam 0.04 coslog4".
  var pieces: String {
    let encoded = encoding == .none ? [] : [encoding.rawValue]
    let layers = hidden.isEmpty ? [] : [(isParametric ? "parametric " : "") + activation.rawValue]
    let step = [optimizer.name, optimizer.learningRate?.short, schedule.shape.name].compactMap(\.self)
    return (encoded + layers + [step.joined(separator: " ")]).joined(separator: ", ")
  }
}

extension Schedule.Shape {
  /// The name on the command line; nil for a constant rate.
  fileprivate var name: String? {
    switch self {
    case .constant: nil
    case .step: "step"
    case .exponential: "exponential"
    case .cosine: "cosine"
    case .oneCycle: "one-cycle"
    case .logCosine: "coslog4"
    case .flatCosine: "flat-cos"
    case .plateau: "plateau"
    }
  }
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

/// A trial with its outputs for the validation samples. Its networks are calibrated if their outputs are probabilities.
private struct Entrant<Scalar: BLASScalar> {
  let trial: Trial<Scalar>
  let outputs: Matrix<Scalar>
  let evaluation: Evaluation
}

extension TrainingRun {
  /// The recipe of the trial with this number, counted from 0. A search begins with the usual one.
  func recipe(ofTrial number: Int) -> Recipe {
    guard number > 0 else { return recipe }
    var generator = Philox(seed: options.seed, stream: 3 + UInt64(number))
    // A drawn rate may be too large for a weight decay that was given: another one is drawn.
    for _ in 0..<100 {
      let drawn = try? options.pieces.variedRecipe(
        data.preparation.task, loss, samples: data.trainingCount, using: &generator)
      guard var drawn else { continue }
      drawn.selection = recipe.selection
      return drawn
    }
    return recipe
  }

  /// Tries recipes, and makes an ensemble of the best ones.
  func searched(_ log: TrainingLog?) throws -> Found<Scalar> {
    guard let heldOut else { fatalError("a search without validation samples was refused before") }
    let entrants = Mutex<[Entrant<Scalar>]>([])
    _ = try fitAll(log) { trial, team in
      let plain = model(trial.fits.map(\.network))
      let calibrated = try calibrated(plain, warns: false, team).model
      let judged = Judged(calibrated, heldOut, team)
      let evaluation: Evaluation
      do throws(CommandError) { evaluation = try judged.evaluation(of: calibrated) } catch {
        // Outputs that are not finite: as for a training that diverges, the search goes on without the trial.
        if trial.number > 0 { return nil }
        throw error
      }
      let fits = zip(trial.fits, calibrated.networks).map { $0.replacing(network: $1) }
      entrants.withLock {
        $0.append(
          Entrant(
            trial: Trial(number: trial.number, recipe: trial.recipe, fits: fits), outputs: judged.outputs,
            evaluation: evaluation))
      }
      return evaluation.figure
    }
    let all = entrants.withLock { $0.sorted { $0.trial.number < $1.trial.number } }
    if let deadline, StopSignal.received == nil {
      if all.count == 1, ContinuousClock.now > deadline {
        printError("note: --minutes was too short for a second recipe\n")
      } else if ContinuousClock.now < deadline {
        printError("note: --auto ended before its time: it tries at most \(trialCount) recipes\n")
      }
    }
    let ensemble = GreedyEnsemble(
      from: all.map(\.outputs), targets: heldOut.samples.targets, loss: loss,
      most: max(1, SearchOptions.mostNetworks / networkCount))
    let rounds = Double(ensemble.choices.reduce(0) { $0 + $1.count })
    var found = Found(fits: all.flatMap(\.trial.fits))
    // Each part of the validation samples belongs to the networks of a residue class, so trials stay whole.
    found.fits = ensemble.choices.flatMap { all[$0.model].trial.fits }
    found.weights = ensemble.choices.flatMap { choice in
      Array(repeating: Double(choice.count) / rounds / Double(networkCount), count: networkCount)
    }
    let weights = Dictionary(uniqueKeysWithValues: ensemble.choices.map { ($0.model, Double($0.count) / rounds) })
    found.trials = all.enumerated().map { index, entrant in
      TrialSummary(
        trial: entrant.trial.number + 1, validation: entrant.evaluation, seconds: entrant.trial.seconds,
        weight: weights[index] ?? 0,
        settings: Dictionary(uniqueKeysWithValues: entrant.trial.recipe.settings.map { ($0.name, $0.value) }))
    }.sorted { ($0.validation.loss ?? .infinity, $0.trial) < ($1.validation.loss ?? .infinity, $1.trial) }
    return found
  }
}
