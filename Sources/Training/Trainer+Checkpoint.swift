import Layers
import Tensor

extension Checkpoint {
  /// Notes where a training stands; costs no copy before the trainer's next step.
  public init(_ trainer: Trainer<Scalar>) {
    var counts = trainer.countPaths.mapValues { trainer[keyPath: $0] }
    var numbers = trainer.numberPaths.mapValues { [trainer[keyPath: $0]] }
    var matrices = trainer.matrixPaths.mapValues { trainer[keyPath: $0] }
    (matrices["parameters"], matrices["statistics"]) = (trainer.network.parameters, trainer.network.statistics)
    numbers["order"] = trainer.order.map { Double($0) }
    numbers["reports"] = trainer.reports.flatMap(\.numbers)
    if let search = trainer.search { numbers["rho"] = search.method.rho }
    if let best = trainer.best {
      counts["best epoch"] = best.epoch
      numbers["best validation loss"] = [best.validationLoss]
      (matrices["best parameters"], matrices["best statistics"]) = (best.parameters, best.statistics)
    }
    self.init(settings: trainer.settings, counts: counts, numbers: numbers, matrices: matrices)
  }
}

extension Trainer {
  /// Takes up the training that a checkpoint was made of, where it stood then.
  ///
  /// - Throws: ``CheckpointError/otherTraining(setting:found:expected:)`` where this trainer was made with other settings (the threads do not count), and
  ///   ``CheckpointError/badValue(name:)`` where the checkpoint was not made of a trainer. The trainer is then as before.
  public mutating func restore(_ checkpoint: Checkpoint<Scalar>) throws(CheckpointError) {
    for (name, expected) in settings.sorted(by: { $0.key < $1.key }) {
      let found = checkpoint.settings[name] ?? "not known"
      guard found == expected else { throw .otherTraining(setting: name, found: found, expected: expected) }
    }
    var restored = self
    for (name, path) in countPaths {
      guard let count = checkpoint.counts[name], possibleCounts.contains(count) else { throw .badValue(name: name) }
      restored[keyPath: path] = count
    }
    for (name, path) in numberPaths { restored[keyPath: path] = try checkpoint.number(name) }
    for (name, path) in matrixPaths {
      restored[keyPath: path] = try checkpoint.matrix(name, like: restored[keyPath: path])
    }
    restored.move(
      to: try checkpoint.matrix("parameters", like: network.parameters),
      statistics: try checkpoint.matrix("statistics", like: network.statistics))
    restored.order = try checkpoint.order()
    guard restored.samplesDone <= max(restored.order.count - 1, 0) else { throw .badValue(name: "samples done") }
    restored.reports = try checkpoint.reports()
    restored.best = try checkpoint.best(network)
    if let method = search?.method { try restored.search!.method.restore(method.history, checkpoint) }
    self = restored
  }
}

// MARK: - The values by their names

extension Trainer {
  /// What the trainer was made with, as far as the bits depend on it.
  fileprivate var settings: [String: String] {
    func text(_ norm: Double?) -> String { norm.map { "\($0)" } ?? "none" }
    return [
      "network": "\(network)", "loss": loss.rawValue, "optimizer": "\(optimizer)", "L1": "\(regularization.l1)",
      "L2": "\(regularization.l2)", "weight decay": "\(regularization.weightDecay)",
      "clipped norm": text(regularization.clipNorm), "largest norm": text(regularization.maxNorm),
      "schedule": "\(schedule.shape)", "number of epochs to warm up": "\(schedule.warmupEpochs)",
      "batch size": "\(batchSize)", "input dropout": "\(inputDropout)", "label smoothing": "\(labelSmoothing)",
      "seed": "\(generator.seed)", "random stream": "\(generator.stream)",
    ]
  }

  fileprivate var countPaths: [String: WritableKeyPath<Trainer, Int>] {
    var paths: [String: WritableKeyPath<Trainer, Int>] = [
      "epoch": \.epoch, "step in epoch": \.stepInEpoch, "samples done": \.samplesDone, "draws": \.draws,
      "step": \.state.step, "stale epochs": \.schedule.staleEpochs,
    ]
    if search != nil {
      paths["steps kept"] = \.search!.method.count
      paths["place of the next"] = \.search!.method.place
    }
    return paths
  }

  fileprivate var numberPaths: [String: WritableKeyPath<Trainer, Double>] {
    var paths: [String: WritableKeyPath<Trainer, Double>] = [
      "loss sum": \.lossSum, "seconds in epoch": \.secondsInEpoch, "moment bound": \.state.reach.momentBound,
      "plateau": \.schedule.plateau,
      "plateau factor": \.schedule.plateauFactor,
    ]
    if search != nil { paths["scale"] = \.search!.method.scale }
    return paths
  }

  // The parameters and statistics are apart, since they are restored by `move`. L-BFGS's loss and gradient there are not kept: they are computed
  // anew, to the same bits. So is the parameters' bound, which decides nothing in the end: a step that it refuses is tried again with a new one.
  fileprivate var matrixPaths: [String: WritableKeyPath<Trainer, Matrix<Scalar>>] {
    var paths: [String: WritableKeyPath<Trainer, Matrix<Scalar>>] = ["moments": \.state.moments]
    if search != nil { (paths["s"], paths["y"]) = (\.search!.method.s, \.search!.method.y) }
    return paths
  }

  /// The generator's position.
  fileprivate var draws: Int {
    get { Int(clamping: generator.position) }
    set { generator = Philox(seed: generator.seed, stream: generator.stream, position: UInt64(newValue)) }
  }
}

extension Schedule {
  /// The least validation loss so far, which is finite; infinite before the first.
  fileprivate var plateau: Double {
    get { best ?? .infinity }
    set { best = newValue.isFinite ? newValue : nil }
  }
}

extension EpochReport {
  fileprivate static let numberCount = 6

  /// All of it in a row. The last says which of the optional ones there are.
  fileprivate var numbers: [Double] {
    let marks = (isBest ? 1.0 : 0) + (validationLoss == nil ? 0 : 2) + (learningRate == nil ? 0 : 4)
    return [Double(epoch), trainingLoss, validationLoss ?? 0, learningRate ?? 0, seconds, marks]
  }

  /// The report of such a row; nil where it is none.
  fileprivate init?(_ numbers: ArraySlice<Double>) {
    let numbers = Array(numbers)
    guard let epoch = Int(exactly: numbers[0]), let marks = Int(exactly: numbers[5]), 0..<8 ~= marks else { return nil }
    self.init(
      epoch: epoch, trainingLoss: numbers[1], validationLoss: marks & 2 == 0 ? nil : numbers[2],
      isBest: marks & 1 != 0, learningRate: marks & 4 == 0 ? nil : numbers[3], seconds: numbers[4])
  }
}

// MARK: - Values that are there and make sense

/// What a count may be: far from where it could not be counted on.
private let possibleCounts = 0...Int.max / 2

extension Checkpoint {
  fileprivate func numbers(_ name: String) throws(CheckpointError) -> [Double] {
    guard let found = numbers[name] else { throw .badValue(name: name) }
    return found
  }

  fileprivate func number(_ name: String) throws(CheckpointError) -> Double {
    let found = try numbers(name)
    guard found.count == 1 else { throw .badValue(name: name) }
    return found[0]
  }

  fileprivate func matrix(_ name: String, like other: Matrix<Scalar>) throws(CheckpointError) -> Matrix<Scalar> {
    guard let found = matrices[name], found.rows == other.rows, found.columns == other.columns else {
      throw .badValue(name: name)
    }
    return found
  }

  /// The order of the samples, empty where no epoch was begun.
  fileprivate func order() throws(CheckpointError) -> [Int] {
    let found = try numbers("order")
    var isPlaced = [Bool](repeating: false, count: found.count)
    return try found.map { number throws(CheckpointError) in
      guard let index = Int(exactly: number), found.indices.contains(index), !isPlaced[index] else {
        throw .badValue(name: "order")
      }
      isPlaced[index] = true
      return index
    }
  }

  fileprivate func reports() throws(CheckpointError) -> [EpochReport] {
    let found = try numbers("reports")
    guard found.count.isMultiple(of: EpochReport.numberCount) else { throw .badValue(name: "reports") }
    return try stride(from: 0, to: found.count, by: EpochReport.numberCount).map { start throws(CheckpointError) in
      guard let report = EpochReport(found[start..<start + EpochReport.numberCount]) else {
        throw .badValue(name: "reports")
      }
      return report
    }
  }

  fileprivate func best(_ network: Network<Scalar>) throws(CheckpointError) -> BestEpoch<Scalar>? {
    guard let epoch = counts["best epoch"] else { return nil }
    guard possibleCounts.contains(epoch) else { throw .badValue(name: "best epoch") }
    return BestEpoch(
      epoch: epoch, validationLoss: try number("best validation loss"),
      parameters: try matrix("best parameters", like: network.parameters),
      statistics: try matrix("best statistics", like: network.statistics))
  }
}

extension LBFGS {
  /// Takes up what does not have a path of its own, where it fits the rest.
  fileprivate mutating func restore(_ history: Int, _ checkpoint: Checkpoint<Scalar>) throws(CheckpointError) {
    rho = try checkpoint.numbers("rho")
    guard rho.count == history, count <= history, place < history else { throw .badValue(name: "rho") }
  }
}
