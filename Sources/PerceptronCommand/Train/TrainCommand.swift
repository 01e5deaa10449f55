import Perceptron

/// `perceptron train DATA -o MODEL`.
enum TrainCommand: Command {
  static let name = "train"
  static let usage = "perceptron train DATA [-o MODEL] [options]"
  static let summary = "train a network and write it"
  static let options =
    [
      Option("-o", "MODEL", "the file to write; without it the model is not saved"),
      Option(
        "--labels", "FILE.npy",
        "the labels, if DATA is a .npy file, or the name of an array in FILE.npz; integers that repeat are classes"),
      Option("--test", "DATA", "evaluated once, at the end"),
      Option("--test-labels", "FILE.npy", "the labels of --test"),
      Option("--validation", "DATA", "evaluated after each epoch"),
      Option("--validation-labels", "FILE.npy", "the labels of --validation"),
      Option(
        "--validation-split", "SHARE",
        "share of DATA, chosen at random, for validation instead; 0 for none (by the recipe: for classes 250 rows, or a"
          + " fifth if that is less, and at least a twentieth; for numbers a fifth, of which each network leaves out a"
          + " part of its own; plain: none)"),
    ] + FoldOptions.options + [
      Option(
        "--early-stopping", "EPOCHS", "stop after EPOCHS without a lower validation loss; keep the best epoch (off)"),
      CalibrateOption.option, RefitOption.option,
    ] + TableOptions.formatOptions + TableOptions.options + TrainOptions.networkOptions + TrainOptions.trainingOptions
    + SearchOptions.options + [
      Option(
        "--checkpoint", "DIR",
        "save the state of training there; SIGINT, SIGTERM and SIGUSR1 stop after the step (off)"),
      Option("--checkpoint-every", "EPOCHS", "epochs between two checkpoints (1)"),
      Option("--resume", nil, "continue from the checkpoint in DIR, bit for bit; start anew if there is none"),
      Option("--precision", "NAME", "float or double (float)"),
      Option(
        "--cache", "DIR",
        "keep the data in files there while they are used, for data that are larger than memory (off)"),
      Option(
        "--shard-data", nil,
        "each process of an MPI launcher holds only its share of the rows of DATA, a CSV or TSV file; no baseline (off)"
      ),
      Option("--no-baseline", nil, "no comparison with a linear least-squares model"),
      Option("--report", "FILE.html", "a page for any browser, with curves, errors and metrics"),
      Option("--log", "FILE.csv", "a line for each epoch, written as it ends: losses, metrics, learning rate, seconds"),
      Option(
        "--predictions", "FILE.csv",
        "a line for each row of DATA that was held out for validation: its number, its fold, and the answer of the"
          + " networks that have not learnt from it"),
      Option("--json", nil, "the last line of standard output is one JSON object"),
      Option("--quiet", nil, "print no progress"),
    ]

  static func run(_ arguments: Arguments) throws {
    let isDouble = try Processes.launched().together {
      try arguments.choice("--precision", [("float", false), ("double", true)]) ?? false
    }
    if isDouble { try train(Double.self, arguments) } else { try train(Float.self, arguments) }
  }

  private static func train<Scalar: BLASScalar>(_: Scalar.Type, _ arguments: Arguments) throws {
    let processes = try Processes.launched()
    let shared = try SharedRun(processes, arguments, Scalar.self)
    let run = try processes.together { try TrainingRun<Scalar>(arguments, shared) }
    try processes.check(run.facts)
    try run.run()
  }
}
