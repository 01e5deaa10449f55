import Perceptron
import PerceptronFiles

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// `--checkpoint DIR`: the directory that stores the state of a training, in one file for each network.
struct CheckpointDirectory<Scalar: BLASScalar> {
  private let path: String
  /// The largest number of epochs of a network.
  private var mostEpochs = 0
  /// The number of epochs between checkpoints.
  private let period: Int
  /// Whether `--resume` was given.
  let resumes: Bool
  private let networks: Range<Int>
  private let processes: Processes
  /// The processes that train a network together, of which the first reads and writes its file.
  private let stepProcesses: Processes
  /// Further contents of the checkpoints: the options that affect the training's course, the epochs and the schedule.
  private var notes: [String: String]

  /// The options that may differ: they do not affect the course of the training, or the fingerprint of the data detects
  /// a change.
  private static var freeOptions: Set<String> {
    [
      "-o", "--labels", "--test", "--test-labels", "--validation", "--validation-labels", "--epochs", "--threads",
      "--checkpoint", "--checkpoint-every", "--resume", "--precision", "--no-baseline", "--json", "--quiet",
      "--report", "--log", "--predictions", "--header", "--no-header", "--task", "--calibrate", "--interval",
      "--trials", "--minutes", "--cache", "--refit",
    ]
  }

  /// The options that affect the course of the training, with their values.
  static func options(_ arguments: Arguments, shards: Int) -> [String: String] {
    var options: [String: String] = [:]
    for option in TrainCommand.options where !freeOptions.contains(option.name) {
      if let value = arguments.string(option.name) { options[option.name] = value }
      if arguments.flag(option.name) { options[option.name] = "" }
    }
    options["--shards"] = shards > 1 ? "\(shards)" : nil
    return options
  }

  /// The number of shards of the training to be resumed, if `--shards` is not given; nil if there is none.
  static func shards(_ arguments: Arguments) throws -> Int? {
    guard arguments.flag("--resume"), arguments.string("--shards") == nil, let path = arguments.string("--checkpoint"),
      let number = networkCounts.first(where: { access(file(in: path, ofNetwork: $0 - 1), F_OK) == 0 })
    else { return nil }
    let name = Self.file(in: path, ofNetwork: number - 1)
    guard let note = try Checkpoint<Scalar>(contentsOf: name).notes["--shards"] else { return 1 }
    guard let shards = Int(note), (1...1_000_000).contains(shards) else { throw foreign(name) }
    return shards
  }

  /// Refuses a directory that has checkpoints unless `--resume` is given; nil without `--checkpoint`.
  init?(
    _ arguments: Arguments, networkCount: Int, shards: Int, _ processes: Processes, _ stepProcesses: Processes
  ) throws {
    guard let path = arguments.string("--checkpoint") else {
      if arguments.flag("--resume") { throw CommandError.usage("--resume needs --checkpoint") }
      if arguments.string("--checkpoint-every") != nil {
        throw CommandError.usage("--checkpoint-every needs --checkpoint")
      }
      return nil
    }
    self.path = path
    period = try arguments.integer("--checkpoint-every", in: 1...1_000_000) ?? 1
    resumes = arguments.flag("--resume")
    notes = Self.options(arguments, shards: shards).merging(["kernels": kernelNames()]) { $1 }
    networks = 0..<networkCount
    (self.processes, self.stepProcesses) = (processes, stepProcesses)
    if !resumes, processes.isFirst,
      networkCounts.contains(where: { access(Self.file(in: path, ofNetwork: $0 - 1), F_OK) == 0 })
    {
      throw CommandError.usage(
        "--checkpoint \(path): a checkpoint is there; add --resume to continue from it, or name another directory")
    }
  }

  /// Whether a path is one of the files that this type writes.
  func owns(_ path: String) -> Bool {
    networks.contains { isSameDestination(Self.file(in: self.path, ofNetwork: $0), path) }
  }

  /// Makes the directory if it does not exist and locks it. Refuses checkpoints in it that belong to other options or
  /// other data. The first of several processes does so for all.
  ///
  /// - Parameter data: The fingerprint of the data.
  mutating func prepare(
    for data: String, epochs: Int, atMost mostEpochs: Int, _ schedule: Schedule
  ) throws {
    self.mostEpochs = mostEpochs
    (notes["epochs"], notes["schedule"]) = (String(epochs), "\(schedule.shape)")
    notes["data"] = data
    guard processes.isFirst else { return }
    try AtomicFile.makeDirectory(path)
    try Self.lock(path)
    let kernels = Set(try networks.compactMap { try checkpoint($0)?.notes["kernels"] })
    for other in kernels.subtracting([notes["kernels"]!]).sorted() {
      printError(
        "warning: \(path): the training began with other kernels (\(other.debugDescription), here"
          + " \(notes["kernels"]!)), which round differently; the result will not be bit-identical\n")
    }
  }

  /// Refuses a directory in which this process cannot write the files of the networks that it trains. The first process
  /// has made it.
  func checkAccess() throws {
    guard stepProcesses.isFirst else { return }
    for number in networks { try AtomicFile.checkWritable(Self.file(in: path, ofNetwork: number)) }
  }

  /// The checkpoint of the network with this number, counted from 0; nil if there is none.
  private func checkpoint(_ number: Int) throws -> Checkpoint<Scalar>? {
    let file = Self.file(in: path, ofNetwork: number)
    guard access(file, F_OK) == 0 else { return nil }
    let checkpoint = try Checkpoint<Scalar>(contentsOf: file)
    try checkOptions(checkpoint.notes, file)
    guard checkpoint.notes["data"] == notes["data"] else {
      throw CommandError.badData(
        "the data differ from those that the training in \(path) began with; give the same, or name another directory")
    }
    return checkpoint
  }

  /// Restores the trainer of the network with this number, counted from 0, from an existing checkpoint. Returns the
  /// records of the earlier epochs; nil if there is no checkpoint. All processes that share its steps must call this.
  func restore(
    _ trainer: inout Trainer<Scalar>, ofNetwork number: Int, _ data: TrainingData<Scalar>, sampleCount: Int
  ) throws -> [EpochRecord]? {
    guard let checkpoint = try sharedCheckpoint(number) else { return nil }
    let file = Self.file(in: path, ofNetwork: number)
    let records: [EpochRecord]?
    do throws(FileError) {
      records = try checkpoint.restore(
        &trainer, lossUnit: data.preparation.lossUnit(of: trainer.loss), sampleCount: sampleCount)
    } catch {
      throw CommandError.badData("\(file): \(error)")
    }
    guard let records, trainer.epoch <= mostEpochs else { throw Self.foreign(file) }
    return records
  }

  /// The checkpoint that the first process reads.
  private func sharedCheckpoint(_ number: Int) throws -> Checkpoint<Scalar>? {
    guard stepProcesses.count > 1 else { return try checkpoint(number) }
    let own = try stepProcesses.together { try stepProcesses.isFirst ? checkpoint(number)?.encoded ?? [] : [] }
    let bytes = stepProcesses.gather(own)[0]
    return try bytes.isEmpty ? nil : Checkpoint(bytes, path: Self.file(in: path, ofNetwork: number))
  }

  /// Whether a checkpoint is due after an epoch, by `--checkpoint-every`.
  func isDue(_ epoch: Int) -> Bool { epoch.isMultiple(of: period) }

  /// Writes the state of a network's training and replaces the previous checkpoint. All processes that share its steps
  /// must call this.
  func write(_ trainer: Trainer<Scalar>, _ records: [EpochRecord], ofNetwork number: Int) throws(FileError) {
    var checkpoint = Checkpoint(trainer, records)
    checkpoint.notes = notes
    guard stepProcesses.isFirst else { return }
    try checkpoint.write(to: Self.file(in: path, ofNetwork: number))
  }

  // MARK: The checkpoint that is there

  private func checkOptions(_ before: [String: String], _ file: String) throws(CommandError) {
    func differ(_ option: String, _ then: String, _ now: String, _ mend: String) -> CommandError {
      .usage("\(option): the training in \(path) began \(then), found \(now); \(mend)")
    }
    func text(_ value: String?) -> String { value.map { $0.isEmpty ? "with it" : "with \($0)" } ?? "without it" }
    for name in Set(before.keys).union(notes.keys).sorted() where name.hasPrefix("-") && before[name] != notes[name] {
      throw differ(name, text(before[name]), text(notes[name]), "give the same, or name another directory")
    }
    guard let epochs = before["epochs"].flatMap({ Int($0) }), let now = notes["epochs"].flatMap({ Int($0) }) else {
      throw Self.foreign(file)
    }
    if now < epochs { throw differ("--epochs", "with \(epochs)", "\(now)", "give as many, or more") }
    if before["schedule"] != notes["schedule"] {
      throw differ(
        "--epochs", "with \(epochs)", "\(now)", "give the same, because the schedule depends on it")
    }
  }

  private static func foreign(_ file: String) -> CommandError {
    .badData("\(file): not a checkpoint of this command; name another directory")
  }

  // MARK: The directory

  private static func file(in path: String, ofNetwork number: Int) -> String {
    "\(path)/checkpoint\(number == 0 ? "" : "-\(number + 1)").safetensors"
  }

  /// Keeps other processes from writing to the directory as long as this process lives. If the file system does not
  /// support locks, there is none.
  private static func lock(_ path: String) throws(CommandError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
      throw .usage("--checkpoint \(path): another training is writing there; end it, or name another directory")
    }
  }
}

extension TrainingData {
  /// A fingerprint of the data: a checksum of all numbers used for training or validation, and of their preparation.
  var fingerprint: String {
    var checksum = Checksum()
    if let rows = self.checksum {
      checksum.add("\(preparation), \(rows)")
      for split in splits {
        for indices in [split.training, split.validation] { indices.withUnsafeBytes { checksum.add($0) } }
      }
    } else {
      checksum.add("\(preparation), \(splits)")
    }
    for samples in [self.checksum == nil ? samples : nil, validation].compactMap(\.self) {
      checksum.add("\(samples.features.rows), \(samples.targets.rows), \(samples.count), \(samples.weights != nil)")
      for matrix in [samples.features, samples.targets, samples.weights].compactMap(\.self) {
        matrix.withReadOnlyTile { elements in
          checksum.add(
            UnsafeRawBufferPointer(start: elements.base, count: matrix.count * MemoryLayout<Scalar>.size))
        }
      }
    }
    return String(checksum.value, radix: 16)
  }
}
