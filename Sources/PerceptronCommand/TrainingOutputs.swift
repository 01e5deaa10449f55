import Perceptron

/// The files that `train` writes, checked before anything is read: each can be written, none is an input or another output.
struct TrainingOutputs {
  let model: String?
  let report: String?
  let log: String?
  /// All of them, with their options.
  let files: [(option: String, path: String)]

  init(_ arguments: Arguments, _ sources: TrainingSources) throws {
    (model, report, log) = (arguments.string("-o"), arguments.string("--report"), arguments.string("--log"))
    var earlier: [(option: String, path: String)] = []
    for (option, path) in [("-o", model), ("--report", report), ("--log", log)] {
      guard let path else { continue }
      try sources.check(output: path, option: option)
      if let other = earlier.first(where: { isSameDestination(path, $0.path) }) {
        throw CommandError.usage("\(option) \(path) is the file of \(other.option); name another file")
      }
      try AtomicFile.checkWritable(path)
      earlier.append((option, path))
    }
    files = earlier
  }
}
