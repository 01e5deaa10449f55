import Foundation
import Perceptron
import Testing

/// Rows of two numbers and a class that depends on waves of the first one, which a small network learns slowly.
private func waves(_ count: Int, target: (Double, Double) -> String) -> String {
  "x,z,y\n"
    + (0..<count).map { row in
      let (x, z) = (Double(row * 37 % count) / Double(count), Double(row * 101 % count) / Double(count))
      return "\(x),\(z),\(target(x, z))\n"
    }.joined()
}

private func object(_ result: Workspace.Result) throws -> [String: Any] {
  let line = try #require(result.output.split(separator: "\n").last)
  return try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
}

@Test("Without options a table is trained by its recipe: four networks, each with a validation part of its own")
func tableRecipe() throws {
  let workspace = try Workspace()
  try workspace.write(waves(400) { x, z in sin(12 * x) + z > 0.5 ? "up" : "down" }, to: "t.csv")
  let result = try workspace.run("train t.csv -o m --hidden 64,64 --json")
  #expect(result.status == 0, "\(result.error)")
  #expect(
    result.errors.contains(
      "classification of y, 2 classes, 320 samples, 80 for validation, recipe table: 4 networks 2-64-64-2, 256 epochs"),
    "\(result.errors)")
  let summary = try object(result)
  let accuracy = try #require((summary["validation"] as? [String: Any])?["accuracy"] as? Double)
  let plain = try object(workspace.run("train t.csv --recipe plain --validation-split 0.2 --json --quiet"))
  let before = try #require((plain["validation"] as? [String: Any])?["accuracy"] as? Double)
  #expect(accuracy > 0.9 && accuracy > before, "\(accuracy), plain \(before)")
  let members = try #require(summary["members"] as? [[String: Any]])
  #expect(members.count == 4 && members.allSatisfy { $0["best_epoch"] is Int })
  let inspected = try workspace.run("inspect m").output
  #expect(inspected.contains("embedding") && inspected.contains("parametric selu"), "\(inspected)")
  #expect(
    inspected.split(separator: "\n").contains {
      $0.hasPrefix("  recipe ")
        && $0.hasSuffix(
          " table: waves, parametric selu, adam 0.04 coslog4, dropout 0.15 flat-cos, weight decay 0.02 flat-cos")
    })
  // The file answers as the network in memory did.
  let evaluated = try object(workspace.run("evaluate m t.csv --json"))
  #expect(try #require(evaluated["accuracy"] as? Double) > 0.9)
}

@Test(
  "A fit of a table from Swift has the networks and the metrics of the command, also where commas are decimal",
  arguments: [("class", nil), ("number", 100), ("commas", 20)])
func fitAsTheCommand(kind: String, epochs: Int?) throws {
  let workspace = try Workspace()
  let text =
    switch kind {
    case "class": waves(300) { x, z in sin(12 * x) + z > 0.5 ? "up" : "down" }
    case "number": waves(300) { x, z in "\(100 * sin(12 * x) + z)" }
    // The points stand between thousands.
    default:
      "a;b;y\n"
        + (0..<200).map { "\(1 + $0 % 90).\(100 + $0);\(10 + $0 % 7),5;\(1 + $0 * 31 % 60).\(300 + $0)\n" }.joined()
    }
  try workspace.write(text, to: "t.csv")
  let given = epochs.map { " --epochs \($0)" } ?? ""
  let summary = try object(workspace.run("train t.csv -o m --json --quiet\(given)"))
  let file = try TrainedModel<Float>(contentsOf: workspace.directory.appending(path: "m").path)
  let fit = try TableFit<Float>(trainedOn: Table(csv: text), epochs: epochs)
  #expect((kind == "commas") == (fit.model.preparation.targetFormats.first?.thousands == .point))
  #expect(fit.model.networks.map(\.parameters) == file.networks.map(\.parameters))
  #expect(fit.model.preparation == file.preparation && fit.model.uniformShare == file.uniformShare)
  let validation = try #require(summary["validation"] as? [String: Any])
  let metrics = try #require(fit.metrics)
  for (key, found) in [
    ("loss", metrics.loss), ("accuracy", metrics.accuracy), ("rmse", metrics.errors?.rootMeanSquaredError),
  ] {
    // JSON has all digits, but Foundation's reader may be off by the last bit.
    let printed = validation[key] as? Double
    #expect((printed == nil) == (found == nil) && abs((found ?? 1) / (printed ?? 1) - 1) < 1e-15, "\(key)")
  }
}

@Test("Classes of few rows are learnt from all in the end, others only if that is asked for")
func refitByDefault() throws {
  let workspace = try Workspace()
  try workspace.write(waves(300) { x, z in x + z > 1 ? "up" : "down" }, to: "classes.csv")
  try workspace.write(waves(300) { x, z in "\(x + z)" }, to: "numbers.csv")
  try workspace.write(waves(2500) { x, z in x + z > 1 ? "up" : "down" }, to: "many.csv")
  let given = "--epochs 4 --hidden 8 --quiet --no-baseline --json"
  func refit(_ options: String) throws -> [String: Int]? {
    try object(workspace.run("train \(options) \(given)"))["refit"] as? [String: Int]
  }
  #expect(try refit("classes.csv -o again") == ["networks": 4, "samples": 300])
  #expect(try refit("classes.csv -o once --refit no") == nil)
  #expect(try workspace.read("again") != workspace.read("once"))
  #expect(try refit("classes.csv --sample-weight x --target y") == ["networks": 4, "samples": 300])
  #expect(try refit("classes.csv --early-stopping 2 --ensemble 1") == ["networks": 1, "samples": 300])
  for options in [
    "numbers.csv", "many.csv", "classes.csv --validation-split 0.2", "classes.csv --validation classes.csv",
    "classes.csv --folds 3", "classes.csv --recipe plain",
  ] {
    #expect(try refit(options) == nil, "\(options)")
  }
}

@Test("The validation metrics of several networks are of answers from those that have not learnt from the row")
func validationPartOfEach() throws {
  let workspace = try Workspace()
  // All is noise, so that a network can only learn the values by heart.
  var state: UInt32 = 1
  func number() -> UInt32 {
    state = state &* 1_664_525 &+ 1_013_904_223
    return state >> 16
  }
  let header = (0..<30).map { "x\($0)," }.joined() + "y\n"
  let rows = (0..<300).map { _ in
    (0..<30).map { _ in "\(number() % 1000)," }.joined() + "\(number() % 1000)\n"
  }
  try workspace.write(header + rows.joined(), to: "t.csv")
  let summary = try object(
    workspace.run("train t.csv -o m --epochs 100 --hidden 64 --select last --json --quiet --report r.html"))
  let validation = try #require((summary["validation"] as? [String: Any])?["r2"] as? Double)
  #expect(validation < 0.1)
  #expect(try #require(object(workspace.run("evaluate m t.csv --json"))["r2"] as? Double) > 0.5)
  #expect(String(decoding: try workspace.read("r.html"), as: UTF8.self).contains("Errors: validation"))
  let none = try object(workspace.run("train t.csv --validation-split 0 --epochs 2 --json --quiet"))
  #expect(none["validation"] == nil)
  // By default the networks are kept as they were before they learnt by heart.
  let kept = try workspace.run("train t.csv -o k --epochs 100 --hidden 64 --quiet --no-baseline")
  #expect(kept.output.contains(" of 100, the end of a cycle: later, the validation loss was clearly higher\n"))
  #expect(try #require(object(workspace.run("evaluate k t.csv --json"))["r2"] as? Double) < 0.5)
  #expect(try workspace.run("inspect k").output.contains("kept epoch"))
}

@Test("Few rows have no validation part, and the last epoch is kept")
func tableRecipeWithFewRows() throws {
  let workspace = try Workspace()
  try workspace.write(waves(60) { x, _ in "\(3 * x)" }, to: "t.csv")
  let result = try workspace.run("train t.csv -o m --json")
  #expect(result.status == 0 && !result.errors.contains("for validation"), "\(result.errors)")
  let summary = try object(result)
  #expect(summary["validation"] == nil)
  #expect(try #require((summary["train"] as? [String: Any])?["r2"] as? Double) > 0.98)
}

@Test("With --clip-outputs, predictions and errors keep within the range of the target")
func clippedOutputs() throws {
  let workspace = try Workspace()
  try workspace.write(waves(200) { x, _ in "\(x)" }, to: "t.csv")
  try workspace.write("x,z,y\n7,0,1\n-7,0,0\n", to: "far.csv")
  // A straight line, which goes on beyond the data.
  let line = "train t.csv -o m --recipe plain --hidden= --epochs 200 --quiet --no-baseline"
  #expect(try workspace.run(line).status == 0)
  let far = try workspace.run("predict m far.csv").output.split(separator: "\n").dropFirst().compactMap { Double($0) }
  #expect(far.count == 2 && far[0] > 2 && far[1] < -2, "\(far)")
  #expect(try workspace.run("\(line) --clip-outputs yes").status == 0)
  let near = try workspace.run("predict m far.csv").output.split(separator: "\n").dropFirst().compactMap { Double($0) }
  #expect(near == [0.995, 0], "\(near)")
  let metrics = try object(workspace.run("evaluate m far.csv --json"))
  #expect(abs(try #require(metrics["mae"] as? Double) - 0.0025) < 1e-6, "\(metrics)")
  #expect(try workspace.run("inspect m").output.contains("clip-outputs"))
  let classes = try workspace.run("train t.csv --clip-outputs yes --task classification")
  #expect(classes.status == 64)
  #expect(
    classes.errors.contains("error: --clip-outputs yes is for numbers; leave it out, or use --task regression"),
    "\(classes.errors)")
}

@Test("The recipe's model has the same bytes for any number of threads, and after an interruption")
func tableRecipeBits() throws {
  let workspace = try Workspace()
  try workspace.write(waves(500) { x, z in "\(sin(9 * x) + z * z)" }, to: "t.csv")
  let line = "train t.csv --hidden 300,300 --quiet --no-baseline --ensemble 2 --average 0.9"
  for threads in [1, 2, 3] {
    #expect(try workspace.run("\(line) --epochs 4 --threads \(threads) -o \(threads)").status == 0)
    #expect(try workspace.read("\(threads)") == workspace.read("1"))
  }
}

@Test(
  "A piece that is given replaces the recipe's",
  arguments: [
    ("--encode none", "300 parameters"), ("--hidden=", "embedding"), ("--activation identity", "identity"),
    ("--parametric no --activation relu", "relu"), ("--init orthogonal --normalization layer", "layer"),
    ("--learning-rate 0.001 --schedule constant --dropout 0", "0.001"), ("--rates root=yes,waves=0.2", "waves"),
    ("--optimizer sgd", "sgd"), ("--select loss --encode scales", "embedding"),
    ("--dropout-schedule cosine --decay-schedule constant", "decay-schedule"), ("--average 0.99", "average"),
    ("--encode quantile-bins", "embedding"), ("--encode tree-bins --bins 5", "tree-bins"),
  ])
func tableRecipePieces(options: String, shown: String) throws {
  let workspace = try Workspace()
  try workspace.write(waves(120) { x, z in "\(x + z)" }, to: "t.csv")
  let result = try workspace.run(
    "train t.csv -o m --epochs 2 --hidden 6 --quiet \(options)".replacing(
      "--hidden 6 --quiet --hidden=", with: "--quiet --hidden="))
  #expect(result.status == 0, "\(result.error)")
  let inspected = try workspace.run("inspect m").output
  #expect(shown == "300 parameters" ? !inspected.contains("embedding") : inspected.contains(shown), "\(inspected)")
}

@Test(
  "A piece that makes no sense is refused in one line",
  arguments: [
    ("--recipe best", "--recipe: expected one of table, plain, found \"best\""),
    ("--encode bins", "--encode: expected one of none, scales, waves, quantile-bins, tree-bins, found \"bins\""),
    ("--encode tree-bins --bins 0", "--bins: expected a whole number from 1 to 1024, found \"0\""),
    (
      "--encode waves --bins 9", "--bins is for --encode quantile-bins or tree-bins; leave it out, or add one of them"
    ),
    (
      "--rates biases=x",
      "--rates: expected root=yes or root=no, or biases, activations, scales or waves = a number from 0 to 1000, found"
        + " \"biases=x\""
    ),
    (
      "--rates speed=2",
      "--rates: expected root=yes or root=no, or biases, activations, scales or waves = a number from 0 to 1000, found"
        + " \"speed=2\""
    ),
    (
      "--rates waves=2 --encode none",
      "--rates: there are no waves to learn; leave waves out, or add --encode waves"
    ),
    (
      "--rates scales=2 --recipe plain",
      "--rates: there are no scales to learn; leave scales out, or add --encode scales"
    ),
    (
      "--rates biases=2,activations=1 --parametric no",
      "--rates: there are no activations to learn; leave activations out, or add --parametric yes"
    ),
    (
      "--hidden= --rates activations=2",
      "--rates: there are no activations to learn; leave activations out"
    ),
    ("--hidden= --parametric yes", "--parametric yes: there is no hidden layer; leave it out, or see --hidden"),
    (
      "--hidden= --dropout-schedule cosine",
      "--dropout-schedule: there is no dropout; leave it out, or add --input-dropout"
    ),
    (
      "--dropout-schedule cosine --dropout 0",
      "--dropout-schedule: there is no dropout; leave it out, or add --dropout"
    ),
    (
      "--decay-schedule cosine --recipe plain",
      "--decay-schedule: there is no weight decay; leave it out, or add --weight-decay"
    ),
    ("--parametric yes --activation identity", "--parametric yes needs another activation than identity"),
    (
      "--dropout-schedule plateau",
      "--dropout-schedule: expected one of constant, step, exponential, cosine, one-cycle, coslog4, flat-cos, found"
        + " \"plateau\""
    ),
    (
      "--dropout 0.1,0.2",
      "--dropout: expected one number, or one for each of the 3 hidden layers, found 2"
    ),
    ("--clip-outputs maybe", "--clip-outputs: expected one of yes, no, found \"maybe\""),
    ("--average 0", "--average: expected a number between 0 and 1, found 0"),
    ("--average 1", "--average: expected a number from 0 to below 1, found \"1\""),
    (
      "--optimizer lbfgs --average 0.9",
      "--average is for --optimizer sgd, momentum, nesterov, rmsprop, adagrad, adam, adamw or lion, found lbfgs"
    ),
    (
      "--optimizer rprop --rates biases=2",
      "--rates is for --optimizer sgd, momentum, nesterov, rmsprop, adagrad, adam, adamw or lion, found rprop"
    ),
  ])
func tableRecipeMistakes(options: String, line: String) throws {
  let workspace = try Workspace()
  try workspace.write(waves(120) { x, z in "\(x + z)" }, to: "t.csv")
  let result = try workspace.run("train t.csv \(options)")
  #expect(result.status == 64 && result.error == "error: \(line)", "\(result.error)")
}

@Test("Categories of a text column can be embedded; the model's answers do not need the vectors")
func embeddedCategories() throws {
  let workspace = try Workspace()
  let rows = (0..<240).map { row in "c\(row * 7 % 12),\(row % 17),\(row * 7 % 12 % 3 == 0 ? "yes" : "no")\n" }
  try workspace.write("text,x,y\n" + rows.joined(), to: "t.csv")
  let result = try workspace.run("train t.csv -o m --embed-categories 4 --hidden 16 --epochs 40 --json --quiet")
  #expect(result.status == 0, "\(result.error)")
  let inspected = try workspace.run("inspect m").output
  // 12 features of the text and one of x with its three components.
  #expect(inspected.contains("embedding") && inspected.contains("16"), "\(inspected)")
  let evaluated = try object(workspace.run("evaluate m t.csv --json"))
  #expect(try #require(evaluated["accuracy"] as? Double) > 0.95)
  #expect(try workspace.run("export m m.onnx").status == 0)
  let wrong = try workspace.run("train t.csv --embed-categories 0")
  #expect(wrong.status == 64 && wrong.error.contains("--embed-categories: expected a whole number from 1 to 1024"))
}

@Test("Counts are learnt without options, in smaller steps than other numbers")
func recipeForCounts() throws {
  let workspace = try Workspace()
  try workspace.write(waves(300) { x, z in "\(Int(exp(2.5 + 1.5 * x) + 8 * z))" }, to: "t.csv")
  func rmse(_ options: String) throws -> Double {
    let result = try workspace.run("train t.csv --task regression --loss poisson --json --quiet \(options)")
    return try #require((object(result)["validation"] as? [String: Any])?["rmse"] as? Double, "\(result.error)")
  }
  let (found, plain) = (try rmse(""), try rmse("--recipe plain --validation-split 0.2"))
  #expect(found < 2 && found < plain, "\(found), \(plain)")
}

@Test("A weight decay may be large if the rate is small, also in a search that draws the rate")
func largeWeightDecay() throws {
  let workspace = try Workspace()
  try workspace.write(waves(120) { x, _ in "\(3 * x)" }, to: "t.csv")
  for options in [
    "--recipe plain --optimizer adam --weight-decay 2", "--auto --trials 6 --weight-decay 0.5 --hidden 4",
  ] {
    let result = try workspace.run("train t.csv --epochs 1 --quiet \(options)")
    #expect(result.status == 0, "\(options): \(result.error)")
  }
}
