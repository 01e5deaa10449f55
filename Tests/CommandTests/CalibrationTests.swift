import Foundation
import Testing

/// Rows of a table in which every fourth answer is wrong, without a rule that could be learnt.
private func noisy(target: (_ isMore: Bool) -> String) -> [String] {
  (0..<400).map { row in
    let (a, b) = (row * 7 % 23, row * 5 % 19)
    return "\(a),\(b),\(target((a > b) != (row * row * 31 % 97 % 4 == 0)))"
  }
}

private let options = "--hidden 64 --learning-rate 0.01 --epochs 200 --batch-size 16 --quiet"
private let line = "train t.csv --recipe plain --validation v.csv \(options)"

private func json(_ line: String) throws -> [String: Any] {
  try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
}

/// The probabilities of the second class.
private func probabilities(_ workspace: borrowing Workspace, _ model: String) throws -> [Double] {
  try workspace.run("predict \(model) v.csv --probabilities").lines.dropFirst().map {
    try #require(Double($0.split(separator: ",")[2]))
  }
}

private func workspace() throws -> Workspace {
  let workspace = try Workspace()
  let rows = noisy { $0 ? "more" : "less" }
  for (name, part) in [("t.csv", rows[..<200]), ("v.csv", rows[200...])] {
    try workspace.write((["a,b,y"] + part).joined(separator: "\n"), to: name)
  }
  return workspace
}

@Test("train calibrates by default, says so, and writes, evaluates and exports the calibrated model")
func calibration() throws {
  let workspace = try workspace()
  let plain = try workspace.run("\(line) -o plain --calibrate none --json")
  let trained = try workspace.run("\(line) -o m --test v.csv --report r.html --json")
  try #require(plain.status == 0 && trained.status == 0)
  let (before, summary) = (try json(plain.lines.last!), try json(trained.lines.last!))
  let temperature = try #require(summary["temperature"] as? Double)
  #expect(before["temperature"] == nil && temperature > 1.1)
  let loss = { (summary: [String: Any], name: String) in (summary[name] as? [String: Double])?["loss"] }
  #expect(loss(summary, "validation") == loss(summary, "test"))
  #expect(loss(summary, "validation")! < loss(before, "validation")!)
  // The figures of the epochs stay those of the network.
  #expect(loss(summary, "best") == loss(before, "best"))
  #expect(
    trained.lines.contains {
      $0.hasPrefix("calibrated with temperature \(temperature.description.prefix(5))")
        && $0.contains(": validation accuracy 0.") && $0.contains("; before: loss ")
    })
  #expect(!plain.output.contains("calibrated"))

  // With two classes, the odds at temperature T are those at 1 to the power of 1 / T.
  for (plain, calibrated) in zip(try probabilities(workspace, "plain"), try probabilities(workspace, "m")) {
    let odds = pow(plain / (1 - plain), 1 / temperature)
    #expect(abs(calibrated - odds / (1 + odds)) < 1e-4)
  }
  let evaluated = try json(workspace.run("evaluate m v.csv --json").lines[0])
  #expect(evaluated["loss"] as? Double == loss(summary, "test"))
  let errors = try ["plain", "m"].map {
    try #require(json(workspace.run("evaluate \($0) v.csv --json").lines[0])["calibration_error"] as? Double)
  }
  #expect(errors[1] < errors[0])
  let bins = try #require(evaluated["reliability"] as? [[String: Double]])
  #expect(bins.count == 15 && bins.reduce(0) { $0 + $1["count"]! } == 200)
  let text = try workspace.run("evaluate m v.csv").lines
  #expect(text[1].contains(", calibration error 0.0"))
  let curve = text.suffix(16).map { $0.split(separator: " ") }
  #expect(curve[0] == ["probability", "right", "count"])
  for (line, bin) in zip(curve.dropFirst(), bins) {
    #expect(abs(Double(line[0])! - bin["probability"]!) < 1e-4 && abs(Double(line[1])! - bin["accuracy"]!) < 1e-4)
    // A column of the bar is a 25th; the mark may hide one of them.
    let bar = line.dropFirst(3).joined(separator: " ")
    #expect(Int(line[2]) == Int(bin["count"]!) && abs(Double(bar.count { $0 == "█" }) - 25 * bin["accuracy"]!) < 1.6)
    #expect(bar.contains("|"))
  }
  // As it is written: Foundation's reader of JSON rounds the last digits.
  let digits = try #require(
    trained.lines.last?.split(separator: "\"temperature\":").last?.prefix { !",}".contains($0) })
  #expect(try workspace.run("inspect m").output.contains("temperature    \(digits)\n"))
  let page = String(decoding: try workspace.read("r.html"), as: UTF8.self)
  #expect(page.contains("<dt>temperature</dt><dd>\(digits)</dd>"))
}

@Test("An ensemble has one temperature, for its mean answer")
func calibratedEnsemble() throws {
  let workspace = try workspace()
  let trained = try workspace.run("\(line) -o e --ensemble 2 --json")
  let summary = try json(trained.lines.last!)
  let temperature = try #require(summary["temperature"] as? Double)
  for seed in 0...1 { #expect(try workspace.run("\(line) -o \(seed) --seed \(seed) --calibrate none").status == 0) }
  let parts = try (0...1).map { try probabilities(workspace, "\($0)") }
  for (row, mean) in try probabilities(workspace, "e").enumerated() {
    let members = parts.map { part in
      let odds = pow(part[row] / (1 - part[row]), 1 / temperature)
      return odds / (1 + odds)
    }
    #expect(abs(mean - (members[0] + members[1]) / 2) < 1e-4)
  }
  #expect(trained.lines.count { $0.contains("calibrated with temperature") } == 1)
}

@Test("A calibration that is not possible is left out with a note, and refused if it was asked for")
func impossibleCalibration() throws {
  let workspace = try workspace()
  try workspace.write(table(rows: 19) { $0 > $1 ? "more" : "less" }, to: "few.csv")
  try workspace.write(
    table(rows: 120) { _, _ in "less" }, to: "one.csv")
  for (name, problem) in [
    ("few", "found 19 samples, expected at least 20"), ("one", "all samples are of one class, expected at least two"),
  ] {
    let run = "train t.csv --recipe plain --validation \(name).csv --epochs 1 --quiet --json"
    let trained = try workspace.run(run)
    #expect(trained.errors == "note: the probabilities are not calibrated: validation data: \(problem)\n")
    #expect(try trained.status == 0 && json(trained.lines.last!)["temperature"] == nil)
    let refused = try workspace.run("\(run) --calibrate temperature -o m")
    #expect(refused.status == 64 && refused.error == "error: --calibrate temperature: validation data: \(problem)")
  }
  try workspace.write(table(rows: 200) { "\($0 - $1).5" }, to: "values.csv")
  for (options, error) in [
    ("t.csv", "--calibrate temperature needs --validation, --validation-split or --folds"),
    ("values.csv --validation-split 0.5", "--calibrate temperature is for classification"),
    (
      "t.csv --validation v.csv --loss mse",
      "--calibrate temperature needs --loss cross-entropy or binary-cross-entropy, found mse"
    ),
  ] {
    let refused = try workspace.run("train \(options) --recipe plain --calibrate temperature -o m")
    #expect(refused.status == 64 && refused.error == "error: \(error)")
  }
  #expect(
    try workspace.run("train t.csv --recipe plain --calibrate heat").error
      == "error: --calibrate: expected one of temperature, none, found \"heat\"")
  #expect(try !workspace.files.contains("m"))
  // Without the option nothing is said where there is nothing to calibrate.
  for options in ["values.csv --validation-split 0.5", "t.csv --validation v.csv --loss mse"] {
    let trained = try workspace.run("train \(options) --recipe plain --epochs 1 --quiet")
    #expect(trained.status == 0 && trained.errors.isEmpty && !trained.output.contains("calibrated"))
  }
}

@Test("Several labels have one temperature")
func calibratedLabels() throws {
  let workspace = try Workspace()
  let rows = noisy { $0 ? "yes,off" : "no,on" }
  try workspace.write((["a,b,y,z"] + rows).joined(separator: "\n"), to: "t.csv")
  let line = "train t.csv --recipe plain --target y,z --validation-split 0.5 \(options)"
  let plain = try json(workspace.run("\(line) --calibrate none --json -o p").lines.last!)
  let summary = try json(workspace.run("\(line) --json -o m").lines.last!)
  let temperature = try #require(summary["temperature"] as? Double)
  #expect(temperature > 1.2)
  func loss(_ summary: [String: Any]) -> Double? { (summary["validation"] as? [String: Double])?["loss"] }
  #expect(loss(summary)! < loss(plain)!)
  let evaluated = try json(workspace.run("evaluate m t.csv --json").lines[0])
  let outputs = try #require(evaluated["outputs"] as? [[String: Any]])
  #expect(outputs.count == 2 && outputs.allSatisfy { $0["calibration_error"] is Double })
}
