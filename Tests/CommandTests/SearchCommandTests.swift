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
    "train \(directory)/t.csv -o \(directory)/m --auto --trials 200 --hidden 16 --ensemble 1 --epochs 4 --no-baseline")
  #expect(try workspace.stop(process, by: signal) { $0.contains("trial 2") } == 0)
  #expect(try workspace.run("evaluate m t.csv").status == 0)
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
