import PerceptronFiles
import PerceptronLayers
import Tensor

extension Checkpoint {
  /// Records the state of a training. This copies nothing until the trainer's next step.
  ///
  /// If several processes train, all must make the checkpoint at the same time, because each has only its slice of the
  /// optimizer's moments, which are gathered. All then have the same checkpoint, except for the times.
  public init(_ trainer: Trainer<Scalar>) {
    var counts = trainer.countPaths.mapValues { trainer[keyPath: $0] }
    var numbers = trainer.numberPaths.mapValues { [trainer[keyPath: $0]] }
    var matrices = trainer.matrixPaths.mapValues { trainer[keyPath: $0] }
    (matrices["parameters"], matrices["statistics"]) = (trainer.network.parameters, trainer.network.statistics)
    matrices["moments"] = trainer.moments
    if let average = trainer.average {
      (matrices["average parameters"], matrices["average statistics"]) = (average.parameters, average.statistics)
    }
    numbers["order"] = trainer.order.map { Double($0) }
    numbers["reports"] = EpochReport.numbers(of: trainer.reports)
    if let search = trainer.search { numbers["rho"] = search.method.rho }
    let kept = trainer.best.map { ["best": $0] } ?? [:]
    let ends = trainer.cycleEnds.enumerated().map { (cycleName($0.offset), $0.element) }
    for (name, epoch) in kept.merging(ends, uniquingKeysWith: { $1 }) {
      counts["\(name) epoch"] = epoch.epoch
      numbers["\(name) validation loss"] = [epoch.validationLoss]
      numbers["\(name) validation error"] = epoch.validationError.map { [$0] }
      (matrices["\(name) parameters"], matrices["\(name) statistics"]) = (epoch.parameters, epoch.statistics)
    }
    self.init(settings: trainer.settings, counts: counts, numbers: numbers, matrices: matrices)
  }
}

extension Trainer {
  /// Continues the training of a checkpoint from the point where the checkpoint was made.
  ///
  /// The number of processes may differ from that of the checkpoint's training. All processes must restore the same
  /// checkpoint.
  ///
  /// - Parameter sampleCount: The number of samples that the training continues with; nil if the caller checks it.
  /// - Throws: ``FileError`` (`otherTraining`) if this trainer was made with other settings (the threads do not count),
  ///   or the checkpoint's training has another number of samples. ``FileError`` (`badValue`) if the checkpoint was not
  ///   made from a trainer. The trainer then stays as it was.
  public mutating func restore(_ checkpoint: Checkpoint<Scalar>, sampleCount: Int? = nil) throws(FileError) {
    let settings = settings
    for name in Set(settings.keys).union(checkpoint.settings.keys).sorted() {
      let (found, expected) = (checkpoint.settings[name] ?? "none", settings[name] ?? "none")
      guard found == expected else { throw .otherTraining(setting: name, found: found, expected: expected) }
    }
    var restored = self
    for (name, path) in countPaths {
      guard let count = checkpoint.counts[name], possibleCounts.contains(count) else { throw .badValue(name: name) }
      restored[keyPath: path] = count
    }
    for (name, path) in numberPaths {
      let number = try checkpoint.number(name)
      // Before the first loss the plateau is infinite.
      guard number.isFinite || name == "plateau" && number == .infinity else { throw .badValue(name: name) }
      restored[keyPath: path] = number
    }
    for (name, path) in matrixPaths {
      restored[keyPath: path] = try checkpoint.matrix(name, like: restored[keyPath: path])
    }
    restored.move(
      to: try checkpoint.matrix("parameters", like: network.parameters),
      statistics: try checkpoint.matrix("statistics", like: network.statistics))
    let moments = try checkpoint.matrix(
      "moments", rows: network.parameterCount, columns: state.moments.columns)
    guard state.canProduce(moments) else { throw .badValue(name: "moments") }
    restored.moments = moments
    if let average {
      restored.average!.parameters = try checkpoint.matrix("average parameters", like: average.parameters)
      restored.average!.statistics = try checkpoint.matrix("average statistics", like: average.statistics)
    }
    restored.order = try checkpoint.order()
    restored.reports = try checkpoint.reports(upTo: restored.epoch)
    restored.best = try checkpoint.keptEpoch("best", network, upTo: restored.epoch)
    restored.cycleEnds = []
    while let end = try checkpoint.keptEpoch(
      cycleName(restored.cycleEnds.count), network, after: restored.cycleEnds.last?.epoch ?? 0, upTo: restored.epoch)
    {
      restored.cycleEnds.append(end)
    }
    if let method = search?.method { try restored.search!.method.restore(method.history, checkpoint) }
    if let name = restored.impossibleValue { throw .badValue(name: name) }
    if let sampleCount, !restored.order.isEmpty, restored.order.count != sampleCount {
      throw .otherTraining(
        setting: "number of samples", found: "\(restored.order.count)", expected: "\(sampleCount)")
    }
    // Of all moments, so that nothing has to be exchanged here, where one process might fail.
    restored.state.renewBounds(moments)
    self = restored
  }

  /// The name of a value that no training can reach; nil if there is none. The values are known to be finite and the
  /// matrices to have their shapes.
  private var impossibleValue: String? {
    let isBegun = samplesDone > 0
    guard !isBegun || samplesDone < order.count && samplesDone.isMultiple(of: batchSize) else { return "samples done" }
    guard epoch == 0 && !isBegun || !order.isEmpty else { return "order" }
    guard secondsInEpoch >= 0 else { return "seconds in epoch" }
    guard 0...1 ~= schedule.plateauFactor else { return "plateau factor" }
    guard hasVariances(network.statistics) else { return "statistics" }
    if let average, !hasVariances(average.statistics) { return "average statistics" }
    if let best, !hasVariances(best.statistics) { return "best statistics" }
    for (index, end) in cycleEnds.enumerated() where !hasVariances(end.statistics) {
      return "\(cycleName(index)) statistics"
    }
    return nil
  }

  /// The optimizer's moments of all parameters, one column each. If several processes train, each must ask for them.
  fileprivate var moments: Matrix<Scalar> {
    get {
      guard processes.count > 1 else { return state.moments }
      var whole = Matrix<Scalar>(rows: network.parameterCount, columns: state.moments.columns)
      let own = slices[processes.rank]
      whole.withTile { whole in
        state.moments.withReadOnlyTile { whole.rows(own).copy($0) }
        for column in 0..<whole.columns { processes.gather(whole[columns: column..<column + 1]) { slices[$0] } }
      }
      return whole
    }
    set {
      guard processes.count > 1 else {
        state.moments = newValue
        return
      }
      let own = slices[processes.rank]
      newValue.withReadOnlyTile { whole in state.moments.withTile { $0.copy(whole.rows(own)) } }
    }
  }

  /// Whether the running variances in the statistics are not negative.
  private func hasVariances(_ statistics: Matrix<Scalar>) -> Bool {
    var start = 0
    for layer in network.layers where layer.normalization == .batch {
      let size = layer.outputSize
      guard (start + size..<start + 2 * size).allSatisfy({ statistics[$0, 0] >= 0 }) else { return false }
      start += 2 * size
    }
    return true
  }
}

/// The name under which a checkpoint keeps the result at the end of a cycle.
private func cycleName(_ index: Int) -> String { "cycle \(index + 1)" }

// MARK: - The values by name

extension Trainer {
  /// The settings of the trainer that the bits depend on.
  fileprivate var settings: [String: String] {
    func text(_ norm: Double?) -> String { norm.map { "\($0)" } ?? "none" }
    var settings = [
      "network": "\(network)", "loss": loss.rawValue, "optimizer": "\(optimizer)", "L1": "\(regularization.l1)",
      "L2": "\(regularization.l2)", "weight decay": "\(regularization.weightDecay)",
      "clipped norm": text(regularization.clipNorm), "largest norm": text(regularization.maxNorm),
      "schedule": "\(schedule.shape)", "number of epochs to warm up": "\(schedule.warmupEpochs)",
      "batch size": "\(batchSize)", "input dropout": "\(inputDropout)", "label smoothing": "\(labelSmoothing)",
      "seed": "\(generator.seed)", "random stream": "\(generator.stream)",
    ]
    // Checkpoints from before these settings existed are of trainings without them.
    func text(_ schedule: Schedule) -> String { "\(schedule.shape) after \(schedule.warmupEpochs) epochs" }
    if let embedding = network.embedding {
      settings["embedded inputs"] = "\(embedding.numbers)"
      if !embedding.categories.isEmpty { settings["embedded categories"] = "\(embedding.categories)" }
      if case .pieces(let edges) = embedding.encoding { settings["edges of bins"] = "\(edges)" }
    }
    if rates != .equal { settings["factors of the rate"] = "\(rates)" }
    if dropoutSchedule != .constant { settings["schedule of the dropout"] = text(dropoutSchedule) }
    if decaySchedule != .constant { settings["schedule of the weight decay"] = text(decaySchedule) }
    if shards > 1 { settings["number of shards"] = "\(shards)" }
    if let averageDecay { settings["share that the average keeps"] = "\(averageDecay)" }
    return settings
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
      "loss sum": \.lossSum, "seconds in epoch": \.secondsInEpoch, "plateau": \.schedule.plateau,
      "plateau factor": \.schedule.plateauFactor,
    ]
    if search != nil { paths["scale"] = \.search!.method.scale }
    return paths
  }

  // The parameters and statistics are not in this list, because `move` restores them; nor are those of the average, nor
  // the moments.
  // L-BFGS's loss and gradient at these parameters are not kept: they are computed anew, to the same bits. The bounds
  // of parameters and moments are also computed anew. They do not change the result: a step that they refuse is tried
  // again with new bounds.
  fileprivate var matrixPaths: [String: WritableKeyPath<Trainer, Matrix<Scalar>>] {
    search == nil ? [:] : ["s": \.search!.method.s, "y": \.search!.method.y]
  }

  /// The generator's position.
  fileprivate var draws: Int {
    get { Int(clamping: generator.position) }
    set { generator = Philox(seed: generator.seed, stream: generator.stream, position: UInt64(newValue)) }
  }
}

extension Schedule {
  /// The lowest validation loss so far, which is finite; infinite before the first.
  fileprivate var plateau: Double {
    get { best ?? .infinity }
    set { best = newValue.isFinite ? newValue : nil }
  }
}

extension EpochReport {
  fileprivate static let numberCount = 6

  /// Returns a row for each report. The last number of a row says whether the epoch is the best, and which of the
  /// optional numbers are present.
  fileprivate static func numbers(of reports: [EpochReport]) -> [Double] {
    var numbers: [Double] = []
    numbers.reserveCapacity(reports.count * numberCount)
    for report in reports {
      let marks =
        (report.isBest ? 1.0 : 0) + (report.validationLoss == nil ? 0 : 2) + (report.learningRate == nil ? 0 : 4)
      numbers.append(Double(report.epoch))
      numbers.append(report.trainingLoss)
      numbers.append(report.validationLoss ?? 0)
      numbers.append(report.learningRate ?? 0)
      numbers.append(report.seconds)
      numbers.append(marks)
    }
    return numbers
  }

  /// Makes a report from the row that begins at an index; nil if the row is not a report.
  fileprivate init?(_ numbers: [Double], at start: Int) {
    let number = { numbers[start + $0] }
    guard let epoch = Int(exactly: number(0)), let marks = Int(exactly: number(5)), 0..<8 ~= marks else { return nil }
    guard number(4) >= 0, number(4).isFinite, number(3).isFinite, marks & 3 != 1 else { return nil }
    self.init(
      epoch: epoch, trainingLoss: number(1), validationLoss: marks & 2 == 0 ? nil : number(2),
      isBest: marks & 1 != 0, learningRate: marks & 4 == 0 ? nil : number(3), seconds: number(4))
  }
}

// MARK: - Present and valid values

/// The valid range of a count. It ends far below the point where counting on would overflow.
private let possibleCounts = 0...Int.max / 2

extension Checkpoint {
  fileprivate func numbers(_ name: String) throws(FileError) -> [Double] {
    guard let found = numbers[name] else { throw .badValue(name: name) }
    return found
  }

  fileprivate func number(_ name: String) throws(FileError) -> Double {
    let found = try numbers(name)
    guard found.count == 1 else { throw .badValue(name: name) }
    return found[0]
  }

  fileprivate func matrix(_ name: String, like other: Matrix<Scalar>) throws(FileError) -> Matrix<Scalar> {
    try matrix(name, rows: other.rows, columns: other.columns)
  }

  fileprivate func matrix(_ name: String, rows: Int, columns: Int) throws(FileError) -> Matrix<Scalar> {
    guard let found = matrices[name], found.rows == rows, found.columns == columns, found.maxMagnitude().isFinite
    else {
      throw .badValue(name: name)
    }
    return found
  }

  /// The order of the samples; empty if no epoch has begun.
  fileprivate func order() throws(FileError) -> [Int] {
    let found = try numbers("order")
    var isPlaced = [Bool](repeating: false, count: found.count)
    return try found.map { number throws(FileError) in
      guard let index = Int(exactly: number), found.indices.contains(index), !isPlaced[index] else {
        throw .badValue(name: "order")
      }
      isPlaced[index] = true
      return index
    }
  }

  /// The reports, in the order of their epochs; an epoch need not have one.
  fileprivate func reports(upTo epoch: Int) throws(FileError) -> [EpochReport] {
    let found = try numbers("reports")
    guard found.count.isMultiple(of: EpochReport.numberCount) else { throw .badValue(name: "reports") }
    var last = 0
    return try stride(from: 0, to: found.count, by: EpochReport.numberCount).map { start throws(FileError) in
      guard let report = EpochReport(found, at: start), report.epoch > last, report.epoch <= epoch else {
        throw .badValue(name: "reports")
      }
      last = report.epoch
      return report
    }
  }

  /// The epoch that is kept under a name; nil if there is none.
  fileprivate func keptEpoch(
    _ name: String, _ network: Network<Scalar>, after earlier: Int = 0, upTo last: Int
  ) throws(FileError) -> KeptEpoch<Scalar>? {
    guard let epoch = counts["\(name) epoch"] else { return nil }
    guard epoch > earlier, epoch <= last else { throw .badValue(name: "\(name) epoch") }
    let loss = try number("\(name) validation loss")
    guard loss.isFinite else { throw .badValue(name: "\(name) validation loss") }
    let error = try numbers["\(name) validation error"] == nil ? nil : number("\(name) validation error")
    guard error.map({ 0...1 ~= $0 }) ?? true else { throw .badValue(name: "\(name) validation error") }
    return KeptEpoch(
      epoch: epoch, validationLoss: loss, validationError: error,
      parameters: try matrix("\(name) parameters", like: network.parameters),
      statistics: try matrix("\(name) statistics", like: network.statistics))
  }
}

extension LBFGS {
  /// Restores the value that has no key path, and checks that it and the others fit.
  fileprivate mutating func restore(_ history: Int, _ checkpoint: Checkpoint<Scalar>) throws(FileError) {
    rho = try checkpoint.numbers("rho")
    guard rho.count == history, rho.allSatisfy({ $0 >= 0 && $0.isFinite }) else { throw .badValue(name: "rho") }
    guard count <= history else { throw .badValue(name: "steps kept") }
    guard place < history else { throw .badValue(name: "place of the next") }
    guard scale > 0 else { throw .badValue(name: "scale") }
  }
}
