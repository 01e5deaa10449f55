import Perceptron
import PerceptronFiles

/// The files that `train` writes. Before anything is read, each is checked: it can be written, and it is neither an
/// input nor another output.
struct TrainingOutputs {
  let model: String?
  let report: String?
  let log: String?
  let predictions: String?

  /// - Parameter areWritten: Whether this process writes them. Otherwise they are not checked.
  init(_ arguments: Arguments, _ sources: TrainingSources, areWritten: Bool) throws {
    (model, report, log) = (arguments.string("-o"), arguments.string("--report"), arguments.string("--log"))
    predictions = arguments.string("--predictions")
    if let predictions, predictions.hasSuffix(".npy") {
      throw CommandError.usage("--predictions \(predictions): a table is written, as CSV; choose another name")
    }
    for (index, (option, path)) in files.enumerated() where areWritten {
      try sources.check(output: path, option: option)
      if let other = files[..<index].first(where: { isSameDestination(path, $0.path) }) {
        throw CommandError.usage("\(option) \(path) is the file of \(other.option); name another file")
      }
      try checkOutput(path, option: option)
    }
  }

  /// All output files, with their options.
  var files: [(option: String, path: String)] {
    [("-o", model), ("--report", report), ("--log", log), ("--predictions", predictions)].compactMap { option, path in
      path.map { (option, $0) }
    }
  }
}

/// Refuses an output that cannot be written. Also refuses standard output, which is for results.
func checkOutput(_ path: String, option: String = "-o") throws {
  if path == "-" {
    throw CommandError.usage("\(option) -: standard output is for the results; name a file (./- is one too)")
  }
  try AtomicFile.checkWritable(path)
}
