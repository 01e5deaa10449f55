import Foundation
import Testing

private let classes = table(rows: 200) { $0 > $1 ? "more" : "less" }
private let values = table(rows: 200) { "\(Double($0 - $1) + 0.5)" }

private func json(_ line: String) throws -> [String: Any] {
  try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
}

@Test("A classifier is trained, inspected, evaluated and asked")
func classification() throws {
  let workspace = try Workspace()
  try workspace.write(classes, to: "t.csv")
  let trained = try workspace.run(
    "train t.csv --recipe plain -o m --hidden 16 --epochs 150 --batch-size 16 --test t.csv --json")
  #expect(trained.status == 0)
  let summary = try json(trained.lines.last!)
  #expect(summary["task"] as? String == "classification")
  #expect(summary["parameters"] as? Int == 2 * 16 + 16 + 16 * 2 + 2)
  #expect(summary["epochs"] as? Int == 150)
  #expect(summary["samples_per_second"] as! Double > 0 && summary["seconds"] as! Double > 0)
  let test = try #require(summary["test"] as? [String: Double])
  #expect(test["accuracy"]! > 0.95 && test["loss"]! > 0)
  #expect(
    Set(summary.keys) == [
      "task", "parameters", "epochs", "seconds", "samples_per_second", "train", "test", "baseline",
    ])

  let evaluated = try json(try workspace.run("evaluate m t.csv --json").lines[0])
  #expect(evaluated["accuracy"] as? Double == test["accuracy"] && evaluated["loss"] as? Double == test["loss"])
  let confusion = try #require(evaluated["confusion"] as? [[Int]])
  #expect(confusion.joined().reduce(0, +) == 200)
  let scores = try #require(evaluated["classes"] as? [[String: Any]])
  #expect(scores.map { $0["name"] as? String } == ["less", "more"])
  #expect(scores.map { $0["count"] as? Int } == confusion.map { $0.reduce(0, +) })
  #expect(scores[0]["recall"] as? Double == Double(confusion[0][0]) / Double(confusion[0].reduce(0, +)))
  #expect(
    (evaluated["roc_auc"] as? Double)! > 0.99 && abs((evaluated["log_loss"] as? Double)! / test["loss"]! - 1) < 1e-4)
  let table = try workspace.run("evaluate m t.csv").lines
  #expect(table[0].hasPrefix("accuracy ") && table[1].hasPrefix("log loss "))
  #expect(table[2].split(separator: " ") == ["class", "precision", "recall", "F1", "count"])
  #expect(table[3].contains("less") && table[4].contains("more") && table[5].contains("mean"))
  #expect(table[6..<10].map { $0.split(separator: " ").count } == [3, 2, 3, 3])

  try workspace.write("b,a\n1,20\n18,2\n", to: "new.csv")
  #expect(try workspace.run("predict m new.csv").lines == ["y", "more", "less"])
  let probabilities = try workspace.run("predict m new.csv --probabilities").lines
  #expect(probabilities[0] == "y,less,more")
  let first = probabilities[1].split(separator: ",").dropFirst().map { Double($0)! }
  #expect(abs(first[0] + first[1] - 1) < 1e-6 && first[1] > 0.5)

  let inspected = try workspace.run("inspect m").output
  for part in ["relu", "softmax", "82, float", "2 columns: a, b", "2 classes of y: less, more", "standard", "epochs"] {
    #expect(inspected.contains(part))
  }
  #expect(try json(workspace.run("inspect m --json").lines[0])["parameters"] as? Int == 82)
}

@Test("Training stops early by validation data, keeps the best epoch, and reports both")
func earlyStopping() throws {
  let workspace = try Workspace()
  try workspace.write(table(rows: 60) { $0 > $1 ? "more" : "less" }, to: "t.csv")
  // Labels that say the opposite: what is learnt makes the validation loss rise.
  try workspace.write(table(rows: 60) { $0 > $1 ? "less" : "more" }, to: "v.csv")
  let trained = try workspace.run(
    "train t.csv --recipe plain -o m --epochs 500 --batch-size 16 --validation v.csv --early-stopping 3"
      + " --calibrate none --json"
  )
  #expect(trained.status == 0)
  let summary = try json(trained.lines.last!)
  let (epochs, best) = (summary["epochs"] as? Int, summary["best_epoch"] as? Int)
  #expect(best != nil && epochs == best! + 3)
  let (last, bestFigures) = (summary["validation"] as? [String: Double], summary["best"] as? [String: Double])
  #expect(bestFigures!["loss"]! < last!["loss"]!)
  let evaluated = try json(try workspace.run("evaluate m v.csv --json").lines[0])
  #expect(evaluated["loss"] as? Double == bestFigures!["loss"])
  #expect(trained.lines.contains { $0.hasPrefix("validation accuracy ") && $0.contains("best epoch \(best!): ") })
}

@Test("A regression's figures and predictions are in the data's units", arguments: ["float", "double"])
func regression(precision: String) throws {
  let workspace = try Workspace()
  try workspace.write(values, to: "t.csv")
  let trained = try workspace.run(
    "train t.csv --recipe plain -o m --epochs 100 --batch-size 16 --test t.csv --json --precision \(precision)"
  )
  let test = try #require(try json(trained.lines.last!)["test"] as? [String: Double])
  #expect(Set(test.keys) == ["loss", "rmse", "mae", "r2"])
  #expect(test["rmse"]! < 1.5 && test["r2"]! > 0.97)
  #expect(abs(test["loss"]! / (test["rmse"]! * test["rmse"]!) - 1) < 1e-4)
  try workspace.write("a,b\n20,5\n", to: "new.csv")
  let lines = try workspace.run("predict m new.csv -o p.csv")
  #expect(lines.output.isEmpty)
  let prediction = String(decoding: try workspace.read("p.csv"), as: UTF8.self).split(separator: "\n")
  #expect(prediction[0] == "y" && abs(Double(prediction[1])! - 15.5) < 2)
  #expect(try workspace.run("inspect m").output.contains(precision))
}

@Test(
  "Targets of 0 are not in the error in per cent, though they are scaled for training", arguments: ["float", "double"])
func zeroTargets(precision: String) throws {
  let workspace = try Workspace()
  let zeros = (0..<200).count { $0 * 7 % 23 == $0 * 5 % 19 }
  try workspace.write(table(rows: 200) { "\($0 - $1)" }, to: "t.csv")
  #expect(
    try workspace.run("train t.csv --recipe plain -o m --epochs 100 --batch-size 16 --precision \(precision)").status
      == 0)
  let figures = try json(try workspace.run("evaluate m t.csv --json").lines[0])
  #expect(zeros > 0 && figures["zero_targets"] as? Int == zeros)
  #expect((figures["mape"] as? Double)! < 1)
  #expect(try workspace.run("evaluate m t.csv").lines[1].hasSuffix(" % of the values that are not 0"))
}

@Test("Images are read as IDX pairs and from MNIST's four names, plain or gzipped")
func images() throws {
  let workspace = try Workspace()
  // 2 × 2 images of two classes: bright above, bright below.
  let pixels = (0..<40).flatMap { $0 % 2 == 0 ? [200, 250, 5, 0] : [3, 9, 240, 255] as [UInt8] }
  let labels = (0..<40).map { UInt8($0 % 2) }
  for prefix in ["train", "t10k"] {
    try workspace.write(idx([40, 2, 2], pixels), to: "\(prefix)-images-idx3-ubyte")
    try workspace.write(idx([40], labels), to: "\(prefix)-labels-idx1-ubyte")
  }
  let gzip = Process()
  gzip.executableURL = URL(filePath: "/bin/gzip")
  gzip.arguments = ["t10k-images-idx3-ubyte"]
  gzip.currentDirectoryURL = workspace.directory
  try gzip.run()
  gzip.waitUntilExit()
  let trained = try workspace.run("train mnist:. -o m --hidden 4 --test mnist:. --batch-size 8 --json")
  #expect(try json(trained.lines.last!)["test"] as? [String: Double] != nil)
  #expect(trained.output.contains("accuracy 1.0000 (40 of 40)"))
  let pair = "idx:train-images-idx3-ubyte,train-labels-idx1-ubyte"
  #expect(try workspace.run("evaluate m \(pair)").output.contains("accuracy 1.0000 (40 of 40)"))
  #expect(try workspace.run("predict m idx:train-images-idx3-ubyte").lines.prefix(3) == ["class", "0", "1"])
}

@Test("The same command gives the same file, to the bit, with any number of threads")
func reproducible() throws {
  let workspace = try Workspace()
  try workspace.write(classes, to: "t.csv")
  // Large enough for the workers to share the steps.
  let line = "train t.csv --recipe plain --epochs 3 --hidden 512,512 --batch-size 64 --init orthogonal --seed 7 --quiet"
  // The last are more than the machine has.
  let counts = [2, 3, 8, ProcessInfo.processInfo.processorCount + 1]
  for threads in [1] + counts { #expect(try workspace.run("\(line) --threads \(threads) -o \(threads)").status == 0) }
  #expect(try workspace.run("\(line) -o again").status == 0)
  for name in counts.map(String.init) + ["again"] { #expect(try workspace.read("1") == workspace.read(name)) }
}

@Test("Augmented training gives the same file with any number of threads, and another one than plain training")
func augmentation() throws {
  let workspace = try Workspace()
  try workspace.write(idx([20, 8, 8], (0..<20 * 64).map { UInt8($0 * 37 % 251) }), to: "images")
  try workspace.write(idx([20], (0..<20).map { UInt8($0 % 2) }), to: "labels")
  let line = "train idx:images,labels --hidden 8 --epochs 3 --batch-size 8 --no-baseline --quiet"
  for (kind, threads) in [("none", 1), ("affine", 1), ("affine", 3), ("elastic", 1), ("elastic", 3)] {
    #expect(try workspace.run("\(line) --augment \(kind) --threads \(threads) -o \(kind)\(threads)").status == 0)
  }
  let (none, affine, elastic) = try (workspace.read("none1"), workspace.read("affine1"), workspace.read("elastic1"))
  #expect(try affine == workspace.read("affine3") && elastic == workspace.read("elastic3"))
  #expect(none != affine && affine != elastic)
}

@Test("What the environment asks of OpenBLAS changes nothing", arguments: ["8", "0", "many", ""])
func openBLASThreads(value: String) throws {
  let workspace = try Workspace()
  try workspace.write(classes, to: "t.csv")
  for precision in ["float", "double"] {
    let line =
      "train t.csv --recipe plain --epochs 2 --hidden 300,300 --batch-size 64 --quiet --threads 2 --precision"
      + " \(precision) -o"
    let plain = try workspace.run("\(line) plain")
    #expect(plain.status == 0)
    let result = try workspace.run("\(line) asked", environment: ["OPENBLAS_NUM_THREADS": value])
    #expect(result.status == 0 && result.errors == plain.errors)
    #expect(try workspace.read("asked") == workspace.read("plain"))
  }
}

@Test("A training in shards gives the same file for any number of threads, and the file says so")
func shards() throws {
  let workspace = try Workspace()
  try workspace.write(classes, to: "t.csv")
  for (recipe, others) in [("plain", ["--normalization", "batch"]), ("table", ["--epochs", "8"])] {
    let line = "train t.csv --recipe \(recipe) \(others.joined(separator: " ")) --hidden 32,16 --dropout 0.2 --quiet"
    for threads in 1...3 {
      #expect(try workspace.run("\(line) --shards 5 --threads \(threads) -o \(threads)").status == 0)
    }
    #expect(try workspace.read("1") == workspace.read("2") && workspace.read("1") == workspace.read("3"))
    #expect(try workspace.run("\(line) -o whole").status == 0)
    // The files differ anyway, because one says that there are shards.
    #expect(try workspace.run("inspect 1").output.contains("shards"))
    let answers = try ["1", "whole"].map { try workspace.run("predict \($0) t.csv --probabilities").output }
    #expect(answers[0] != answers[1])
  }
}

@Test("A batch size beyond the data is the whole data")
func largeBatch() throws {
  let workspace = try Workspace()
  try workspace.write(classes, to: "t.csv")
  for size in [199, 200, 201, 1_000_000] {
    #expect(
      try workspace.run("train t.csv --recipe plain --epochs 3 --hidden 8 --batch-size \(size) -o \(size)").status == 0)
  }
  #expect(try workspace.read("200") == workspace.read("201"))
  #expect(try workspace.read("200") == workspace.read("1000000"))
  // Else a file that does not depend on the batch size would do.
  #expect(try workspace.read("200") != workspace.read("199"))
}

private let trainingOptions = [
  "--optimizer momentum", "--optimizer nesterov", "--optimizer rmsprop", "--optimizer adagrad --learning-rate 0.1",
  "--optimizer adam --learning-rate 0.02", "--optimizer adamw --learning-rate 0.02",
  "--optimizer lion --learning-rate 0.005", "--optimizer rprop",
  "--optimizer lbfgs --l2 0.001", "--optimizer sgd --l1 1e-4 --l2 1e-4 --weight-decay 1e-4 --clip-norm 1 --max-norm 4",
  "--schedule constant", "--schedule step", "--schedule exponential --warmup-epochs 2", "--schedule cosine",
  "--schedule one-cycle", "--schedule plateau", "--schedule coslog4", "--schedule flat-cos",
]

@Test("No optimizer or schedule of the command is missing from those that train a classifier")
func allTrainingOptions() throws {
  let workspace = try Workspace()
  try workspace.write(classes, to: "t.csv")
  for option in ["--optimizer", "--schedule"] {
    for name in try workspace.names(of: option, after: "train t.csv --recipe plain") {
      #expect(trainingOptions.contains { "\($0) ".hasPrefix("\(option) \(name) ") }, "\(option) \(name)")
    }
  }
}

@Test("Every optimizer, schedule and regularization trains a classifier", arguments: trainingOptions)
func trainingOptions(options: String) throws {
  let workspace = try Workspace()
  try workspace.write(classes, to: "t.csv")
  let learning = options.contains("optimizer") ? "" : " --learning-rate 0.02"
  let batch = options.contains("rprop") || options.contains("lbfgs") ? "" : " --batch-size 16"
  let result = try workspace.run(
    "train t.csv --recipe plain -o m --hidden 8 --epochs 60 --test t.csv --json \(options)\(learning)\(batch)")
  #expect(result.status == 0, "\(result.error)")
  let test = try #require(try json(result.lines.last!)["test"] as? [String: Double])
  #expect(test["accuracy"]! > 0.9, "\(options)")
  let inspected = try workspace.run("inspect m").output
  if options.hasPrefix("--schedule") { #expect(inspected.contains(options.split(separator: " ")[1])) }
}

@Test("Progress has a rate and the time left, and none when quiet")
func progress() throws {
  let workspace = try Workspace()
  try workspace.write(classes, to: "t.csv")
  let lines = try workspace.run("train t.csv --recipe plain --epochs 2").errors.split(separator: "\n")
  #expect(lines.count == 3)
  #expect(
    lines[0] == "classification of y, 2 classes, 200 samples, recipe plain: network 2-128-2, 2 epochs, relu, adam 0.001"
  )
  #expect(lines[1].hasPrefix("epoch 1/2  loss ") && lines[1].contains(" samples/s  ") && lines[1].hasSuffix("s left"))
  #expect(try workspace.run("train t.csv --recipe plain --epochs 2 --quiet").errors.isEmpty)
}

@Test("Without --epochs a small table gets about 1000 steps, a larger one 20 epochs, a full-batch method 200")
func defaultEpochs() throws {
  let workspace = try Workspace()
  for (rows, options, epochs) in [
    (100, "", 1000), (200, "", 500), (1000, "", 125), (7000, "", 20), (100, "--batch-size 10", 100),
    (100, "--batch-size 1", 20), (100, "--optimizer lbfgs", 200), (100, "--epochs 3", 3),
  ] {
    try workspace.write(table(rows: rows) { $0 > $1 ? "more" : "less" }, to: "t.csv")
    let result = try workspace.run("train t.csv --recipe plain --hidden 4 --no-baseline \(options)")
    #expect(result.errors.split(separator: "\n").first?.contains(", \(epochs) epochs, ") == true, "\(rows) \(options)")
    #expect(result.errors.contains("\nepoch \(epochs)/\(epochs)  "), "\(rows) \(options)")
  }
}

@Test("With batch normalisation a batch of one more or two does not change how good a network is")
func smallLastBatch() throws {
  let workspace = try Workspace()
  func line(_ row: Int) -> (Double, Double) {
    // Evenly spread over the square, by two irrational steps.
    let (x, y) = (Double(row) * 0.7548776662, Double(row) * 0.5698402910)
    return (x - x.rounded(.down), y - y.rounded(.down))
  }
  func rows(_ range: Range<Int>) -> String {
    "x,y,z\n" + range.map { line($0) }.map { "\($0.0),\($0.1),\(4 * $0.0 * $0.0 - 3 * $0.0 * $0.1)\n" }.joined()
  }
  try workspace.write(rows(5000..<5500), to: "test.csv")
  var errors: [Double] = []
  for count in [256, 257, 258] {
    try workspace.write(rows(0..<count), to: "t.csv")
    let result = try workspace.run(
      "train t.csv --recipe plain --normalization batch --hidden 32 --epochs 60 --test test.csv --no-baseline"
        + " --json --quiet"
    )
    errors.append(try #require((json(result.lines.last!)["test"] as? [String: Double])?["rmse"]))
  }
  #expect(errors.max()! < 1.2 * errors[0], "\(errors)")
}

@Test("gradcheck passes for every loss, and for every hidden activation")
func gradcheck() throws {
  let workspace = try Workspace()
  // GradientTests.swift has their combinations.
  for option in ["--loss", "--activation"] {
    for name in try workspace.names(of: option, after: "gradcheck") {
      let result = try workspace.run("gradcheck \(option) \(name) --hidden 4,3")
      #expect(result.status == 0 && result.lines.count == 4, "\(name): \(result.output)")
    }
  }
}

@Test("The environment chooses the instruction set, and nothing that there is not")
func instructionSets() throws {
  let workspace = try Workspace()
  let variable = "PERCEPTRON_INSTRUCTIONS"
  let wrong = try workspace.run("--version", environment: [variable: "sse9"])
  #expect(
    wrong.status == 64
      && wrong.errors == "error: \(variable): found \"sse9\", expected one of baseline, avx2, avx512\n", "\(wrong)")
  let baseline = try workspace.run("--version", environment: [variable: "baseline"])
  #if arch(arm64)
    let multiplier = "this package"
  #else
    let multiplier = "OpenBLAS"
  #endif
  #expect(baseline.status == 0 && baseline.output.contains("instruction set baseline, products by \(multiplier)"))
  // What the processor lacks is refused in one line.
  for set in ["avx2", "avx512"] {
    let result = try workspace.run("--version", environment: [variable: set])
    #expect(
      result.status == 0 && result.output.contains("instruction set \(set)")
        || result.status == 64 && result.errors.hasPrefix("error: \(variable): this processor has no AVX"), "\(result)")
  }
}

@Test(
  "The kernels of a forced, old OpenBLAS are said, and change nothing of a training with products of this package's own"
)
func oldBLAS() throws {
  let workspace = try Workspace()
  let old = ["OPENBLAS_CORETYPE": "Prescott"]
  guard try workspace.run("--version").output.contains("products by this package") else {
    try Test.cancel("the products are OpenBLAS's here")
  }
  #expect(try workspace.run("--version", environment: old).output.contains("Prescott"))
  try workspace.write((0..<200).map { "\($0 % 17),\($0 % 5),\(($0 * 7) % 23)" }.joined(separator: "\n"), to: "t.csv")
  let line = "train t.csv --recipe plain --task regression --epochs 2 --hidden 64,64 --quiet -o"
  #expect(try workspace.run("\(line) a.safetensors").status == 0)
  #expect(try workspace.run("\(line) b.safetensors", environment: old).status == 0)
  #expect(try workspace.read("a.safetensors") == workspace.read("b.safetensors"))
}

@Test("Help and version go to standard output")
func help() throws {
  let workspace = try Workspace()
  #expect(try workspace.run("--version").output.hasPrefix("perceptron "))
  // The overview's lines of commands are indented.
  let commands = try workspace.run("--help").lines.filter { $0.hasPrefix("  ") }.map { $0.split(separator: " ")[0] }
  #expect(commands.contains("train") && commands.contains("gradcheck"))
  for command in commands {
    for flag in ["-h", "--help"] {
      let result = try workspace.run("\(command) \(flag)")
      #expect(result.status == 0 && result.output.hasPrefix("usage: perceptron \(command)"))
    }
  }
  #expect(try workspace.run("").status == 64)
}

@Test("A row of numbers and one text is a header, with a warning")
func suspiciousHeader() throws {
  let workspace = try Workspace()
  try workspace.write("1.5,2.5,less\n1,2,less\n3,1,more\n2,1,more\n1,3,less\n", to: "t.csv")
  let warning =
    "warning: t.csv, line 1: taken for the header although it looks like a row of data;"
    + " say so if it is data (--no-header)"
  #expect(try workspace.run("train t.csv --recipe plain --epochs 1").error == warning)
  #expect(try !workspace.run("train t.csv --recipe plain --epochs 1 --no-header").errors.contains("warning"))
}
