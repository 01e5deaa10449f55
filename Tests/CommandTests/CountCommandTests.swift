import Foundation
import Testing

/// Counts from 0 to 7 that grow with a and fall with b.
private let counts =
  "a,b,y\n"
  + (0..<200).map { row in
    let (a, b) = (row * 7 % 23, row * 5 % 19)
    return "\(a),\(b),\(Int(exp(Double(a) / 15 - Double(b) / 30 + Double(row * 11 % 7) / 8)))\n"
  }.joined()

private func object(_ line: String?) throws -> [String: Any] {
  try #require(JSONSerialization.jsonObject(with: Data((line ?? "").utf8)) as? [String: Any])
}

@Test(
  "Counts are learnt as numbers, and the loss is the mean deviance in their units", arguments: ["poisson", "tweedie"])
func countLosses(loss: String) throws {
  let workspace = try Workspace()
  try workspace.write(counts, to: "t.csv")
  let trained = try workspace.run(
    "train t.csv -o m --loss \(loss) --hidden 8 --epochs 60 --batch-size 16 --test t.csv --quiet --json")
  #expect(trained.status == 0 && trained.errors.isEmpty)
  let predicted = try workspace.run("predict m t.csv").lines
  #expect(predicted[0] == "y")
  let answers = predicted.dropFirst().map { Double($0)! }
  #expect(answers.allSatisfy { $0 > 0 })
  let targets = counts.split(separator: "\n").dropFirst().map { Double($0.split(separator: ",")[2])! }
  func deviance(_ y: Double, _ mean: Double) -> Double {
    if loss == "poisson" { return 2 * ((y > 0 ? y * log(y / mean) : 0) - y + mean) }
    return 2 * (-4 * y.squareRoot() + 2 * y / mean.squareRoot() + 2 * mean.squareRoot())
  }
  let own = zip(targets, answers).reduce(0) { $0 + deviance($1.0, $1.1) } / 200
  let average = targets.reduce(0, +) / 200
  let constant = targets.reduce(0) { $0 + deviance($1, average) } / 200
  let figures = try object(workspace.run("evaluate m t.csv --json").lines[0])
  #expect(abs(figures["deviance"] as! Double / own - 1) < 1e-4)
  #expect(figures["loss"] as! Double == figures["deviance"] as! Double)
  #expect(abs(figures["d2"] as! Double - (1 - own / constant)) < 1e-4 && own < 0.7 * constant)
  let error = zip(targets, answers).reduce(0) { $0 + abs($1.0 - $1.1) } / 200
  #expect(abs(figures["mae"] as! Double / error - 1) < 1e-4)
  let test = try #require(object(trained.lines.last)["test"] as? [String: Any])
  #expect(test["loss"] as! Double == figures["loss"] as! Double)
  #expect(try workspace.run("evaluate m t.csv").lines[1].hasPrefix("mean deviance "))
  let inspected = try workspace.run("inspect m").output
  #expect(inspected.contains(loss == "poisson" ? "poisson" : "tweedie:1.5") && inspected.contains("exponential"))
}

@Test("An ensemble of counts answers with the mean, and a stopped training goes on to the same file")
func countEnsembles() throws {
  let workspace = try Workspace()
  try workspace.write(counts, to: "t.csv")
  let options = "--loss tweedie:1.2 --hidden 4 --batch-size 32 --recipe plain --quiet --no-baseline"
  #expect(try workspace.run("train t.csv -o e --ensemble 2 --epochs 4 \(options)").status == 0)
  #expect(try workspace.run("train t.csv -o f --ensemble 2 --epochs 4 --threads 1 \(options)").status == 0)
  #expect(try workspace.read("e") == workspace.read("f"))
  for seed in [0, 1] {
    #expect(try workspace.run("train t.csv -o s\(seed) --seed \(seed) --epochs 4 \(options)").status == 0)
  }
  func answers(_ model: String) throws -> [Double] {
    try workspace.run("predict \(model) t.csv").lines.dropFirst().map { Double($0)! }
  }
  let (mean, one, other) = (try answers("e"), try answers("s0"), try answers("s1"))
  for row in mean.indices { #expect(abs(mean[row] / ((one[row] + other[row]) / 2) - 1) < 1e-5) }
  #expect(try workspace.run("evaluate e t.csv").status == 0)

  #expect(try workspace.run("train t.csv -o c --checkpoint d --epochs 2 \(options)").status == 0)
  #expect(try workspace.run("train t.csv -o c --checkpoint d --resume --epochs 4 \(options)").status == 0)
  #expect(try workspace.read("c") == workspace.read("s0"))
}

@Test("Mistakes about the losses of counts are one line each")
func countMistakes() throws {
  let workspace = try Workspace()
  try workspace.write(counts, to: "t.csv")
  try workspace.write("a,b,y\n1,2,3\n4,5,-1\n2,2,2.5\n", to: "bad.csv")
  for (line, status, error) in [
    (
      "train t.csv --loss tweedie:2", 64,
      "error: --loss: expected a number between 1 and 2 after tweedie:, found \"tweedie:2\""
    ),
    (
      "train t.csv --loss quantile:x", 64,
      "error: --loss: expected a number between 0 and 1 after quantile:, found \"quantile:x\""
    ),
    (
      "train t.csv --loss poisson --output identity", 64,
      "error: --loss poisson needs --output exponential, found --output identity"
    ),
    (
      "train t.csv --loss mse --output exponential --task regression", 64,
      "error: --output exponential needs --loss poisson or tweedie:1.5, found --loss mse"
    ),
    (
      "train t.csv --loss poisson --task classification", 64,
      "error: --loss poisson is for numbers; leave it out, or use --task regression"
    ),
    (
      "train bad.csv --loss poisson", 65,
      "error: bad.csv, line 3, column \"y\": found the target -1, expected 0 or more, because the loss is for counts,"
        + " rates and amounts; correct the target, or choose another loss (--loss)"
    ),
    (
      "train t.csv --loss poisson --test bad.csv", 65,
      "error: bad.csv, line 3, column \"y\": found the target -1, expected 0 or more, because the loss is for counts,"
        + " rates and amounts; correct the target, or choose another loss (--loss)"
    ),
  ] {
    let result = try workspace.run(line)
    #expect(result.status == status && result.error == error, "\(line): \(result.error)")
  }
  #expect(try workspace.run("gradcheck --loss poisson").status == 0)
}
