import Foundation
import Testing

/// A value that waves along x, with some noise.
private func table(_ count: Int) -> String {
  "x,z,y\n"
    + (0..<count).map { row in
      let (x, z) = (Double(row * 37 % 101) / 101, Double(row * 61 % 89) / 89)
      return "\(x),\(z),\(sin(9 * x) + z * z + Double(row * 7919 % 1009) / 10090)\n"
    }.joined()
}

/// The same inputs, with the classes a and b.
private func classes(_ count: Int) -> String {
  table(count).split(separator: "\n").enumerated().map { index, line in
    index == 0
      ? String(line) : line.split(separator: ",").dropLast().joined(separator: ",") + (index % 3 == 0 ? ",a" : ",b")
  }.joined(separator: "\n")
}

private func object(_ line: String?) throws -> [String: Any] {
  try #require(JSONSerialization.jsonObject(with: Data((line ?? "").utf8)) as? [String: Any])
}

@Test("A search tries recipes, shows a leaderboard, and writes an ensemble of the best with the weights that it shows")
func search() throws {
  let workspace = try Workspace()
  try workspace.write(table(400), to: "t.csv")
  let line = "train t.csv --auto --trials 5 --ensemble 2 --epochs 12 --json --quiet"
  let result = try workspace.run("\(line) -o m --report r.html --log l.csv")
  #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
  let summary = try object(result.lines.last)
  let trials = try #require(summary["trials"] as? [[String: Any]])
  #expect(Set(trials.map { $0["trial"] as! Int }) == [1, 2, 3, 4, 5])
  func loss(_ trial: [String: Any]) -> Double { (trial["validation"] as! [String: Any])["loss"] as! Double }
  #expect(zip(trials, trials.dropFirst()).allSatisfy { loss($0) <= loss($1) })
  let weights = trials.map { $0["weight"] as! Double }
  #expect(abs(weights.reduce(0, +) - 1) < 1e-9 && weights[0] > 0)
  let settings = trials.map { $0["settings"] as! [String: String] }
  #expect(Set(settings.map { $0["learning rate"] }).count == 5 && settings.allSatisfy { $0["epochs"] == "12" })
  // The ensemble is chosen by the same samples, so it is not worse there than the best trial.
  let validation = try #require((summary["validation"] as? [String: Any])?["loss"] as? Double)
  #expect(validation <= loss(trials[0]) * 1.001)
  let inspected = try object(workspace.run("inspect m --json").lines[0])
  #expect(inspected["networks"] as? Int == 2 * weights.count { $0 > 0 })
  #expect(result.output.contains("trial  validation loss"))
  let notes = try workspace.run("inspect m").output
  for (trial, weight) in zip(trials, weights) {
    let note = "trial \(trial["trial"]!)"
    #expect(notes.contains(note) == (weight > 0), "\(notes)")
  }
  #expect(notes.contains("learning rate \(settings[0]["learning rate"]!); scales") && notes.contains("batch size"))
  let page = String(decoding: try workspace.read("r.html"), as: UTF8.self)
  #expect(page.contains("Search: 5 trials") && page.contains("weighted mean") || weights.count { $0 > 0 } == 1)
  #expect(try workspace.run("predict m t.csv").lines.count == 401)
}

@Test("A search of counted trials has the same bytes for any number of threads, and after an interruption")
func searchBits() throws {
  let workspace = try Workspace()
  try workspace.write(table(300), to: "t.csv")
  let line = "train t.csv --auto --ensemble 2 --epochs 4 --quiet --no-baseline"
  for threads in [1, 2, 3] {
    #expect(try workspace.run("\(line) --trials 4 --threads \(threads) -o \(threads)").status == 0)
    #expect(try workspace.read("\(threads)") == workspace.read("1"))
  }
  // A search that had fewer trials goes on where it ended.
  #expect(try workspace.run("\(line) --trials 2 --checkpoint d").status == 0)
  #expect(try workspace.run("\(line) --trials 4 --checkpoint d --resume -o r").status == 0)
  #expect(try workspace.read("r") == workspace.read("1"))
}

@Test("A search that is interrupted makes a model of the trials that are complete", arguments: [SIGINT, SIGTERM])
func interruptedSearch(signal: Int32) throws {
  let workspace = try Workspace()
  let directory = workspace.directory.path
  try workspace.write(table(300), to: "t.csv")
  let process = try workspace.spawn(
    "train \(directory)/t.csv -o \(directory)/m --auto --trials 200 --hidden 256,256 --ensemble 1 --epochs 60"
      + " --no-baseline")
  #expect(try workspace.stop(process, by: signal) { $0.contains("trial 2") } == 0)
  #expect(try workspace.run("evaluate m t.csv").status == 0)
}

@Test("A trial whose networks do not fit in memory is left out, and the search goes on")
func trialsWithoutMemory() throws {
  let workspace = try Workspace()
  let columns = 2000
  let rows = (0..<110).map { row in
    (0..<columns).map { "\((row * 37 + $0 * 61 + row * row * $0 % 89) % 1009)" }.joined(separator: ",")
      + ",\(row % 10)\n"
  }
  try workspace.write((0..<columns).map { "x\($0)," }.joined() + "y\n" + rows.joined(), to: "t.csv")
  let line = "train t.csv --auto --trials 6 --hidden 64 --ensemble 2 --epochs 2 --refit no --no-baseline --threads 1"
  let limited = try workspace.shell("ulimit -v 400000 && exec $P \(line) -o m")
  #expect(limited.status == 0, "\(limited.errors)")
  let notes = limited.errors.split(separator: "\n").filter { $0.contains(" is left out: ") }
  #expect(
    !notes.isEmpty
      && notes.allSatisfy {
        $0.hasPrefix("note: trial ") && $0.contains(": each of the 2 networks would have ")
          && $0.hasSuffix(" of memory that may be used")
      }, "\(limited.errors)")
  #expect(limited.errors.contains("trial 1  validation") && limited.output.contains("wrote m"))
  #expect(try !workspace.run(line).errors.contains("left out"))
}

@Test("A validation part of few rows is divided among as many networks as there are parts")
func manyNetworksOfFewRows() throws {
  let workspace = try Workspace()
  try workspace.write(classes(150), to: "classes.csv")
  try workspace.write(table(110), to: "values.csv")
  for (options, file) in [("--ensemble 32", "classes"), ("--ensemble 23 --trials 2 --auto", "values")] {
    let result = try workspace.run("train \(file).csv --epochs 2 --hidden 4 --quiet --no-baseline --json \(options)")
    #expect(result.status == 0, "\(result.errors)")
    #expect(try (object(result.lines.last)["temperature"] is Double) == (file == "classes"))
  }
}

@Test("Classes are searched by calibrated probabilities, and options that are given hold in all trials")
func searchClasses() throws {
  let workspace = try Workspace()
  try workspace.write(classes(400), to: "t.csv")
  let result = try workspace.run(
    "train t.csv -o m --auto --trials 3 --hidden 24,24 --dropout 0.1 --epochs 5 --ensemble 2 --test t.csv --json"
      + " --quiet"
  )
  #expect(result.status == 0, "\(result.errors)")
  let trials = try #require(object(result.lines.last)["trials"] as? [[String: Any]])
  for trial in trials {
    let settings = trial["settings"] as! [String: String]
    #expect(settings["hidden"] == "24,24" && settings["dropout"] == "0.1")
  }
}

@Test("A search by time ends in time, with at least one trial")
func searchByTime() throws {
  let workspace = try Workspace()
  try workspace.write(table(300), to: "t.csv")
  let start = Date()
  let result = try workspace.run("train t.csv -o m --auto --minutes 0.05 --hidden 16 --quiet --no-baseline --json")
  #expect(result.status == 0, "\(result.errors)")
  #expect(try #require(object(result.lines.last)["trials"] as? [Any]).count >= 1)
  // Three seconds, but the machine may be busy with other tests.
  #expect(Date().timeIntervalSince(start) < 60)
  // With networks of one epoch, time is left when the largest number of trials is reached.
  let all = try workspace.run("train t.csv --auto --minutes 60 --hidden 2 --ensemble 30 --epochs 1 --no-baseline")
  #expect(all.errors.contains("note: --auto ended before its time: it tries at most 33 recipes\n"), "\(all.errors)")
}

@Test("Networks are trained again as on one table with the validation rows in it, with the calibration that they had")
func refit() throws {
  let workspace = try Workspace()
  let lines = classes(330).split(separator: "\n")
  try workspace.write(lines.joined(separator: "\n"), to: "all.csv")
  try workspace.write(lines.prefix(251).joined(separator: "\n"), to: "a.csv")
  try workspace.write("x,z,y\n" + lines.dropFirst(251).joined(separator: "\n"), to: "b.csv")
  // Without scaling, the samples do not depend on the rows to which a preparation was fitted.
  let options = "--recipe plain --scale none --hidden 12 --epochs 5 --ensemble 2 --no-baseline --quiet"
  for network in ["", "--normalization batch", "--encode quantile-bins --class-weights balanced"] {
    let parts = "\(options) \(network) --validation b.csv"
    let again = try workspace.run("train a.csv \(parts) --refit yes --calibrate none -o again")
    #expect(again.status == 0, "\(again.errors)")
    #expect(again.output.contains("trained all 2 networks again on all 330 samples, those for validation included\n"))
    #expect(try workspace.run("train all.csv \(options) \(network) -o whole").status == 0)
    #expect(try workspace.run("train a.csv \(parts) --calibrate none -o once").status == 0)
    func predictions(_ model: String) throws -> [String] {
      try workspace.run("predict \(model) all.csv --probabilities").lines
    }
    #expect(try predictions("again") == predictions("whole"))
    #expect(try predictions("again") != predictions("once"))
  }
  // The validation rows judge and calibrate the networks that have not learnt from them.
  let (once, again) = try (
    object(workspace.run("train a.csv \(options) --validation b.csv --json").lines.last),
    object(workspace.run("train a.csv \(options) --validation b.csv --json --refit yes -o again").lines.last)
  )
  #expect(once["validation"] as? [String: Double] == again["validation"] as? [String: Double])
  let temperature = try #require(once["temperature"] as? Double)
  #expect(temperature != 1 && again["temperature"] as? Double == temperature)
  #expect(again["refit"] as? [String: Int] == ["networks": 2, "samples": 330] && once["refit"] == nil)
  let notes = try workspace.run("inspect again").output
  #expect(notes.contains("2 networks on 330 samples"))
  // Softmax of z / T: the logarithm of the ratio of two probabilities shrinks by T.
  func logits(_ model: String) throws -> [Double] {
    try workspace.run("predict \(model) all.csv --probabilities").lines.dropFirst().map { line in
      let numbers = line.split(separator: ",").compactMap { Double($0) }
      return log(numbers[0] / numbers[1])
    }
  }
  let single = options.replacing("--ensemble 2", with: "--ensemble 1")
  let calibrated = try object(
    workspace.run("train a.csv \(single) --validation b.csv --json --refit yes -o one").lines.last)
  #expect(try workspace.run("train all.csv \(single) -o two").status == 0)
  let shrunk = try #require(calibrated["temperature"] as? Double)
  for (one, two) in try zip(logits("one"), logits("two")) { #expect(abs(one * shrunk - two) < 1e-3 * max(abs(two), 1)) }
}

@Test("The epoch that the validation samples have chosen is the one after which a network that learns from all is kept")
func refitEpoch() throws {
  let workspace = try Workspace()
  try workspace.write(table(200), to: "t.csv")
  let options = "--recipe plain --hidden 20 --learning-rate 0.05 --epochs 40 --no-baseline --quiet"
  let split = "--validation-split 0.2"
  let chosen = try object(workspace.run("train t.csv \(options) \(split) --select error --json").lines.last)
  let epoch = try #require(chosen["best_epoch"] as? Int)
  try #require(epoch < 40)
  let again = try workspace.run("train t.csv \(options) \(split) --select error --refit yes -o again")
  #expect(again.status == 0 && again.output.contains("trained the network again on all 200 samples"))
  // Another number of epochs changes nothing in the epochs before.
  let shorter = options.replacing("--epochs 40", with: "--epochs \(epoch)")
  #expect(try workspace.run("train t.csv \(shorter) \(split) --refit yes -o last").status == 0)
  #expect(try workspace.run("predict again t.csv").lines == workspace.run("predict last t.csv").lines)
}

@Test("A network that stopped early is trained again for as many epochs as its best one has")
func refitAfterEarlyStopping() throws {
  let workspace = try Workspace()
  try workspace.write(table(200), to: "t.csv")
  let options = "--recipe plain --hidden 20 --learning-rate 0.05 --validation-split 0.2 --no-baseline --quiet"
  let stopped = try object(
    workspace.run("train t.csv \(options) --epochs 90 --early-stopping 3 --refit yes --json -o again").lines.last)
  let epoch = try #require(stopped["best_epoch"] as? Int)
  #expect(try #require(stopped["epochs"] as? Int) == epoch + 3)
  #expect(try workspace.run("train t.csv \(options) --epochs \(epoch) --refit yes -o last").status == 0)
  #expect(try workspace.run("predict again t.csv").lines == workspace.run("predict last t.csv").lines)
}

@Test("Data in files and in memory give the same networks that are trained again")
func refitFromFiles() throws {
  let workspace = try Workspace()
  try workspace.write(table(300), to: "t.csv")
  try workspace.write(table(90), to: "v.csv")
  let line = "train t.csv --validation v.csv --hidden 16 --epochs 3 --refit yes --no-baseline --quiet"
  #expect(try workspace.run("\(line) -o memory").status == 0)
  #expect(try workspace.run("\(line) -o files --cache d").status == 0)
  #expect(try workspace.read("memory") == workspace.read("files"))
}

@Test("A search trains the networks that it has chosen again on all samples, unless it is told not to")
func refitAfterSearch() throws {
  let workspace = try Workspace()
  try workspace.write(classes(300), to: "t.csv")
  let line = "train t.csv --auto --trials 3 --hidden 16 --epochs 4 --no-baseline --quiet --json"
  let again = try object(workspace.run("\(line) --ensemble 2 -o again --checkpoint d").lines.last)
  let once = try object(workspace.run("\(line) --ensemble 2 -o once --checkpoint d --resume --refit no").lines.last)
  let networks = try #require(again["members"] as? [Any]).count
  #expect(again["refit"] as? [String: Int] == ["networks": networks, "samples": 300] && once["refit"] == nil)
  #expect(again["validation"] as? [String: Double] == once["validation"] as? [String: Double])
  #expect(try workspace.read("again") != workspace.read("once"))
  // What is said about the test is about the model that is written.
  let tested = try object(
    workspace.run("\(line) --ensemble 2 -o tested --checkpoint d --resume --test t.csv").lines.last)
  let evaluated = try object(workspace.run("evaluate tested t.csv --json").lines.last)
  let loss = try #require((tested["test"] as? [String: Any])?["loss"] as? Double)
  #expect(evaluated["loss"] as? Double == loss)
  let folds = try object(workspace.run("\(line) --folds 3 --ensemble 1").lines.last)
  #expect(folds["refit"] == nil && folds["folds"] != nil)
}

@Test("A command that is interrupted while it trains a network again writes the one that it had")
func interruptedRefit() throws {
  let workspace = try Workspace()
  let directory = workspace.directory.path
  try workspace.write(table(300), to: "t.csv")
  let line = "--validation-split 0.2 --recipe plain --hidden 64,64 --epochs 20000 --no-baseline"
  let process = try workspace.spawn("train \(directory)/t.csv \(line) --refit yes -o \(directory)/stopped")
  #expect(try workspace.stop(process, by: SIGINT) { $0.contains("training the network again") } == 0)
  #expect(try workspace.run("train t.csv \(line) --quiet -o once").status == 0)
  #expect(try workspace.read("stopped") == workspace.read("once"))
}

@Test("A network that gets worse when it is trained again stays as it was")
func refitThatGetsWorse() throws {
  let workspace = try Workspace()
  try workspace.write(table(200), to: "t.csv")
  try workspace.write(table(100), to: "v.csv")
  // The first step is much too long, and with the validation rows there is a second one.
  let line =
    "train t.csv --validation v.csv --recipe plain --optimizer sgd --hidden 12 --epochs 1 --batch-size 200"
    + " --learning-rate 3 --no-baseline --quiet"
  let result = try workspace.run("\(line) --refit yes --json -o again")
  #expect(
    result.output.contains(
      "trained no network again on all 300 samples, those for validation included: the validation loss rose by more"
        + " than half\n"),
    "\(result.output)")
  #expect(try object(result.lines.last)["refit"] as? [String: Int] == ["networks": 0, "samples": 300])
  #expect(try workspace.run("\(line) -o once").status == 0)
  #expect(try workspace.read("again") == workspace.read("once"))
}

@Test("An interval of a network that is trained again is the one that the validation samples calibrated")
func refitInterval() throws {
  let workspace = try Workspace()
  try workspace.write(table(400), to: "t.csv")
  let line = "train t.csv --validation-split 0.3 --interval 0.9 --hidden 16 --epochs 10 --no-baseline --quiet"
  #expect(try workspace.run("\(line) -o once").status == 0)
  #expect(try workspace.run("\(line) -o again --refit yes").status == 0)
  func widths(_ model: String) throws -> Set<String> {
    Set(
      try workspace.run("predict \(model) t.csv").lines.dropFirst().map { line in
        let numbers = line.split(separator: ",").compactMap { Double($0) }
        return String(format: "%.4f", numbers[2] - numbers[1])
      })
  }
  #expect(try widths("once").count == 1 && widths("once") == widths("again"))
}
