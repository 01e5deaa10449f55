import Perceptron
import Synchronization

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

  /// Tries recipes, and makes an ensemble of the best ones. Nil on all processes but the first.
  func searched(_ log: TrainingLog?) throws -> Found<Scalar>? {
    guard let heldOut else { fatalError("a search without validation samples was refused before") }
    let entrants = Mutex<[Entrant<Scalar>]>([])
    let trials = try fitAll(log) { trial, team in
      let plain = model(trial.fits.map(\.network))
      let (calibrated, calibration) = try calibrated(plain, isFinal: false, team)
      let judged = Judged(calibrated, heldOut, team)
      let evaluation: Evaluation
      do throws(CommandError) { evaluation = try judged.evaluation(of: calibrated) } catch {
        // Outputs that are not finite: as for a training that diverges, the search goes on without the trial.
        if trial.number > 0 { return nil }
        throw error
      }
      let fits = zip(trial.fits, calibrated.networks).map {
        $0.replacing(network: $1, temperature: calibration?.temperature ?? 1)
      }
      let known = entrants.withLock {
        $0.append(
          Entrant(
            trial: Trial(number: trial.number, recipe: trial.recipe, fits: fits), outputs: judged.outputs,
            evaluation: evaluation))
        return $0
      }
      // Several processes keep what was reserved at first, as only one of them knows the trials, or none until the end.
      if let time, refits, processes.count == 1, !time.isOver {
        let choices = ensemble(of: known, heldOut).choices.sorted { $0.count > $1.count }
        reserveTime(toRefit: choices.map { known[$0.model].trial })
      }
      return evaluation.figure
    }
    if trials == nil { return nil }
    let all = entrants.withLock { $0.sorted { $0.trial.number < $1.trial.number } }
    if let time, StopSignal.received == nil {
      if all.count == 1, time.isOver {
        printError("note: --minutes was too short for a second recipe\n")
      } else if !time.isOver {
        printError("note: --auto ended before its time: it tries at most \(trialCount) recipes\n")
      }
    }
    let choices = ensemble(of: all, heldOut).choices
    let rounds = Double(choices.reduce(0) { $0 + $1.count })
    var found = Found(fits: all.flatMap(\.trial.fits))
    // Each part of the validation samples belongs to the networks of a residue class, so trials stay whole.
    found.fits = choices.flatMap { all[$0.model].trial.fits }
    found.weights = choices.flatMap { choice in
      Array(repeating: Double(choice.count) / rounds / Double(networkCount), count: networkCount)
    }
    let weights = Dictionary(uniqueKeysWithValues: choices.map { ($0.model, Double($0.count) / rounds) })
    found.trials = all.enumerated().map { index, entrant in
      TrialSummary(
        trial: entrant.trial.number + 1, validation: entrant.evaluation, seconds: entrant.trial.seconds,
        weight: weights[index] ?? 0,
        settings: Dictionary(uniqueKeysWithValues: entrant.trial.recipe.settings.map { ($0.name, $0.value) }))
    }.sorted { ($0.validation.loss ?? .infinity, $0.trial) < ($1.validation.loss ?? .infinity, $1.trial) }
    return found
  }

  private func ensemble(of entrants: [Entrant<Scalar>], _ heldOut: HeldOut<Scalar>) -> GreedyEnsemble {
    GreedyEnsemble(
      from: entrants.map(\.outputs), targets: heldOut.samples.targets, loss: loss,
      most: max(1, SearchOptions.mostNetworks / networkCount))
  }
}
