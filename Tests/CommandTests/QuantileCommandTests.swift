import Foundation
import Testing

/// A value around 10 a whose spread grows with b, and a second one.
private func rows(_ count: Int, from start: Int = 0) -> String {
  "a,b,y,z\n"
    + (start..<start + count).map { row in
      let (a, b, noise) = (row * 37 % 101, row * 61 % 47, Double(row * 7919 % 1009) / 1009 - 0.5)
      return "\(a),\(b),\(10 * Double(a) + 4 * Double(b) * noise),\(Double(b) + noise)\n"
    }.joined()
}

private func object(_ line: String?) throws -> [String: Any] {
  try #require(JSONSerialization.jsonObject(with: Data((line ?? "").utf8)) as? [String: Any])
}

private func numbers(_ lines: [String]) -> [[Double]] {
  lines.dropFirst().map { $0.split(separator: ",").map { Double($0)! } }
}

@Test("Several quantiles are learnt, predicted and judged, with bounds that are conformalized")
func quantileCommand() throws {
  let workspace = try Workspace()
  try workspace.write(rows(900), to: "t.csv")
  try workspace.write(rows(600, from: 2000), to: "new.csv")
  let trained = try workspace.run(
    "train t.csv -o m --target y --ignore z --quantiles 0.05,0.5,0.95 --interval 0.9 --validation-split 0.3 --hidden 16"
      + " --epochs 60 --batch-size 32 --test new.csv --quiet --json --report r.html --log l.csv")
  #expect(trained.status == 0 && trained.errors.isEmpty, "\(trained.errors)")
  let predicted = try workspace.run("predict m new.csv").lines
  #expect(predicted[0] == "y 0.05,y 0.5,y 0.95,y lower,y upper")
  let answers = numbers(predicted)
  let targets = numbers(rows(600, from: 2000).split(separator: "\n").map(String.init)).map { $0[2] }
  #expect(answers.allSatisfy { $0[0] <= $0[1] && $0[1] <= $0[2] && $0[3] <= $0[4] })
  let margin = answers[0][0] - answers[0][3]
  #expect(answers.allSatisfy { abs($0[0] - $0[3] - margin) < 1e-9 && abs($0[4] - $0[2] - margin) < 1e-9 } || margin < 0)

  let figures = try object(workspace.run("evaluate m new.csv --json").lines[0])
  let quantiles = try #require(figures["quantiles"] as? [[String: Any]])
  #expect(quantiles.map { $0["name"] as? String } == ["y 0.05", "y 0.5", "y 0.95"])
  for (index, level) in [0.05, 0.5, 0.95].enumerated() {
    let differences = zip(targets, answers).map { $0.0 - $0.1[index] }
    let loss = differences.reduce(0) { $0 + max(level * $1, (level - 1) * $1) } / 600
    #expect(abs(quantiles[index]["loss"] as! Double / loss - 1) < 1e-4)
    let share = Double(differences.count { $0 <= 0 }) / 600
    #expect(abs(quantiles[index]["coverage"] as! Double - share) < 0.005)
  }
  // The loss is the mean of the three, which sorting may lower.
  let mean = quantiles.reduce(0) { $0 + ($1["loss"] as! Double) } / 3
  #expect(figures["loss"] as! Double >= mean - 1e-4 * mean && (figures["loss"] as! Double) < 1.1 * mean)
  let median = zip(targets, answers).reduce(0) { $0 + abs($1.0 - $1.1[1]) } / 600
  #expect(abs(figures["mae"] as! Double / median - 1) < 1e-4)
  let interval = try #require((figures["intervals"] as? [[String: Any]])?.first)
  let within = Double(zip(targets, answers).count { ($0.1[3]...$0.1[4]).contains($0.0) }) / 600
  #expect(interval["name"] as? String == "y" && interval["level"] as? Double == 0.9)
  #expect(abs(interval["coverage"] as! Double - within) < 0.005 && within > 0.84 && within < 0.96)
  let width = answers.reduce(0) { $0 + $1[4] - $1[3] } / 600
  #expect(abs(interval["mean_width"] as! Double / width - 1) < 1e-4)
  let test = try #require(object(trained.lines.last)["test"] as? [String: Any])
  #expect((test["intervals"] as? [[String: Any]])?.first?["coverage"] as? Double == interval["coverage"] as? Double)

  let text = try workspace.run("evaluate m new.csv").lines.map { $0.split(separator: " ").joined(separator: " ") }
  #expect(text.contains("quantile loss share below") && text.contains("interval level coverage mean width"))
  let inspected = try workspace.run("inspect m").output
  #expect(inspected.contains("the quantiles 0.05, 0.5, 0.95 of y") && inspected.contains("0.9 from y 0.05 "))
  let described = try object(workspace.run("inspect m --json").lines[0])
  #expect(described["quantiles"] as? [Double] == [0.05, 0.5, 0.95] && described["interval"] != nil)
  let page = String(decoding: try workspace.read("r.html"), as: UTF8.self)
  #expect(page.contains("Quantiles of y") && page.contains("share below") && page.contains("mean width"))
  let important = try object(workspace.run("evaluate m new.csv --importance --json").lines[0])
  let first = try #require((important["importance"] as? [[String: Any]])?.first)
  #expect(first["name"] as? String == "a" && first["quantile_loss_increase"] as? Double ?? 0 > 0)
  #expect(try workspace.run("predict m new.csv -o p.npy").status == 0)
  #expect(String(decoding: try workspace.read("p.npy").prefix(100), as: UTF8.self).contains("(600, 5)"))
}

@Test("Quantiles without the median are judged by their loss")
func quantilesWithoutMedian() throws {
  let workspace = try Workspace()
  try workspace.write(rows(300), to: "t.csv")
  let options = "--target y,z --quantiles 0.1,0.9 --hidden 8 --epochs 5 --quiet"
  let trained = try workspace.run(
    "train t.csv -o m \(options) --interval 0.8 --validation-split 0.2 --early-stopping 3 --test t.csv --report r.html")
  #expect(trained.status == 0, "\(trained.errors)")
  #expect(trained.output.contains("test loss ") && !trained.output.contains("RMSE"))
  #expect(
    try workspace.run("predict m t.csv").lines[0] == "y 0.1,y 0.9,z 0.1,z 0.9,y lower,y upper,z lower,z upper")
  let figures = try object(workspace.run("evaluate m t.csv --json").lines[0])
  #expect((figures["intervals"] as? [Any])?.count == 2 && (figures["quantiles"] as? [Any])?.count == 4)
  #expect(figures["rmse"] == nil)
}

@Test("An interval around values, of an ensemble and of counts, is the residuals' quantile, and resuming may add it")
func valueIntervals() throws {
  let workspace = try Workspace()
  try workspace.write(rows(300), to: "t.csv")
  try workspace.write(rows(99, from: 1000), to: "v.csv")
  let options = "--target y --ignore z --hidden 8 --epochs 20 --quiet --no-baseline --validation v.csv"
  let checkpoint = "--checkpoint d --ensemble 2"
  #expect(try workspace.run("train t.csv -o m \(options) \(checkpoint)").status == 0)
  #expect(try workspace.run("predict m v.csv").lines[0] == "y")
  #expect(try workspace.run("train t.csv -o m \(options) \(checkpoint) --resume --interval 0.9").status == 0)
  #expect(try workspace.run("train t.csv -o n \(options) --ensemble 2 --interval 0.9 --threads 1").status == 0)
  #expect(try workspace.read("m") == workspace.read("n"))
  let answers = numbers(try workspace.run("predict m v.csv").lines)
  let targets = numbers(rows(99, from: 1000).split(separator: "\n").map(String.init)).map { $0[2] }
  // Of 99 residuals the 90th.
  let margin = zip(targets, answers).map { abs($0 - $1[0]) }.sorted()[89]
  for line in answers {
    #expect(abs(line[0] - line[1] - margin) < 1e-3 * margin && abs(line[2] - line[0] - margin) < 1e-3 * margin)
  }
  #expect(try workspace.run("inspect m").output.contains("interval    0.9 within ±"))

  let counts = try workspace.run(
    "train t.csv -o c --target b --only a --loss poisson --hidden 4 --epochs 3 --quiet --interval 0.9"
      + " --validation-split 0.3")
  #expect(counts.status == 0)
  #expect(numbers(try workspace.run("predict c t.csv").lines).allSatisfy { $0[1] >= 0 && $0[1] < $0[2] })
}

@Test("Mistakes about quantiles and intervals are one line each")
func quantileMistakes() throws {
  let workspace = try Workspace()
  try workspace.write(rows(40), to: "t.csv")
  try workspace.write(table(rows: 40) { $0 > $1 ? "more" : "less" }, to: "classes.csv")
  func expected(_ found: String) -> String {
    "error: --quantiles: expected ascending numbers between 0 and 1, such as 0.05,0.5,0.95, found \"\(found)\""
  }
  for (line, status, error) in [
    ("train t.csv --quantiles 0.5,0.5", 64, expected("0.5,0.5")),
    ("train t.csv --quantiles 0.9,0.1", 64, expected("0.9,0.1")),
    ("train t.csv --quantiles 0,0.5", 64, expected("0,0.5")),
    ("train t.csv --quantiles 0.5,1", 64, expected("0.5,1")),
    ("train t.csv --quantiles 0.5,,0.9", 64, expected("0.5,,0.9")),
    ("train t.csv --quantiles x", 64, expected("x")),
    ("train t.csv --quantiles 0.5 --loss mae", 64, "error: --quantiles has a loss of its own; leave out --loss"),
    ("train t.csv --loss quantiles:0.1,0.9", 64, "error: --loss: several quantiles are given by --quantiles"),
    (
      "train t.csv --quantiles 0.5 --task classification", 64,
      "error: --quantiles is for numbers; leave it out, or use --task regression"
    ),
    ("train t.csv --interval 0.9", 64, "error: --interval needs --validation, --validation-split or --folds"),
    (
      "train t.csv --interval 1 --validation-split 0.5", 64,
      "error: --interval: expected a number above 0 and below 1, found \"1\""
    ),
    (
      "train t.csv --interval 0 --validation-split 0.5", 64,
      "error: --interval: expected a number above 0 and below 1, found \"0\""
    ),
    (
      "train t.csv --interval 0.9 --loss quantile:0.9 --validation-split 0.5", 64,
      "error: --interval needs answers from the middle, found --loss quantile:0.9; use --quantiles"
    ),
    (
      "train t.csv --predictions p.npy --validation-split 0.5", 64,
      "error: --predictions p.npy: a table is written, as CSV; choose another name"
    ),
    (
      "train classes.csv --interval 0.9 --validation-split 0.5", 64,
      "error: --interval 0.9 is for numbers, and the target is classified; leave it out, or use --task regression"
    ),
    (
      "train t.csv --interval 0.99 --validation-split 0.5", 65,
      "error: --interval 0.99: found 20 validation samples, expected 99 or more for this level; add validation samples"
        + " or choose a lower level"
    ),
    (
      "train t.csv --quantiles 0.1,0.9 --interval 0.9 --validation-split 0.5", 65,
      "error: --interval 0.9: found the quantiles 0.1,0.9, expected 0.05 and 0.95, or 0.5, among them"
    ),
  ] {
    let result = try workspace.run(line)
    #expect(result.status == status && result.error == error, "\(line): \(result.error)")
  }
}
