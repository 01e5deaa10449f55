import Perceptron

/// `perceptron train DATA -o MODEL`.
enum TrainCommand: Command {
  static let name = "train"
  static let usage = "perceptron train DATA [-o MODEL] [options]"
  static let summary = "train a network and write it"
  static let options =
    [
      Option("-o", "MODEL", "the file to write; without it the model is not kept"),
      Option(
        "--labels", "FILE.npy",
        "the labels of DATA that is a .npy file, or an array in FILE.npz: integers are classes, if they repeat"),
      Option("--test", "DATA", "evaluated once, at the end"),
      Option("--test-labels", "FILE.npy", "the labels of --test"),
      Option("--validation", "DATA", "evaluated after each epoch"),
      Option("--validation-labels", "FILE.npy", "the labels of --validation"),
      Option("--validation-split", "SHARE", "of DATA, chosen at random, is for validation instead (none)"),
      Option(
        "--early-stopping", "EPOCHS", "without a lower validation loss end training; the best epoch is kept (off)"),
    ] + TableOptions.formatOptions + TableOptions.options + TrainOptions.networkOptions + TrainOptions.trainingOptions
    + [
      Option("--checkpoint", "DIR", "keeps where training stands; SIGINT and SIGTERM stop after the step (off)"),
      Option("--checkpoint-every", "EPOCHS", "between two checkpoints (1)"),
      Option("--resume", nil, "go on from the checkpoint in DIR, to the same bits; begin where there is none"),
      Option("--precision", "NAME", "float or double (float)"),
      Option("--no-baseline", nil, "no comparison with the linear model of least squares"),
      Option("--report", "FILE.html", "a page with curves, errors and metrics, to be read in any browser"),
      Option("--log", "FILE.csv", "a line for each epoch, written as it ends: losses, metrics, learning rate, seconds"),
      Option("--json", nil, "the last line of standard output is one JSON object"),
      Option("--quiet", nil, "no progress"),
    ]

  static func run(_ arguments: Arguments) throws {
    let isDouble = try arguments.choice("--precision", [("float", false), ("double", true)]) ?? false
    if isDouble { try TrainingRun<Double>(arguments).run() } else { try TrainingRun<Float>(arguments).run() }
  }
}
