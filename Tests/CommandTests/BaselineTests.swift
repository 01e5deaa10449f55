import Foundation
import Testing

private let linear = table(rows: 200) { "\(Double(2 * $0 - $1) + 0.5)" }
private let crossed = table(rows: 300) { ($0 > 11) == ($1 > 9) ? "same" : "other" }

private func summary(_ result: Workspace.Result) throws -> [String: Any] {
  try #require(JSONSerialization.jsonObject(with: Data(result.lines.last!.utf8)) as? [String: Any])
}

@Test("A network that a straight line matches is told so, in the figures of the test data")
func noBetter() throws {
  let workspace = try Workspace()
  try workspace.write(linear, to: "t.csv")
  let result = try workspace.run("train t.csv --recipe plain --test t.csv --epochs 5 --hidden 8 --json")
  #expect(result.status == 0)
  #expect(result.lines[0].hasPrefix("test RMSE "))
  #expect(result.lines[1].hasPrefix("linear model (least squares, ridge 0.0001): test RMSE "))
  #expect(result.lines[2].hasPrefix("the network is no better than the linear model; "))
  let baseline = try #require(try summary(result)["baseline"] as? [String: Double])
  #expect(Set(baseline.keys) == ["loss", "rmse", "mae", "r2"])
  #expect(baseline["rmse"]! < 0.01 && baseline["r2"]! > 0.9999)
  #expect(abs(baseline["loss"]! / (baseline["rmse"]! * baseline["rmse"]!) - 1) < 1e-3)
}

@Test("A network that is better is not, and without test data the training data count", arguments: ["float", "double"])
func better(precision: String) throws {
  let workspace = try Workspace()
  try workspace.write(crossed, to: "t.csv")
  let result = try workspace.run(
    "train t.csv --recipe plain --epochs 100 --hidden 32 --batch-size 16 --learning-rate 0.01 --json"
      + " --precision \(precision)"
  )
  #expect(result.lines.count == 2)
  #expect(result.lines[0].hasPrefix("linear model (least squares, ridge 0.0001): training accuracy 0."))
  #expect(result.lines[0].contains(", network: accuracy "))
  let (baseline, training) = try (
    #require(summary(result)["baseline"] as? [String: Double]), #require(summary(result)["train"] as? [String: Double])
  )
  // Least squares has no cross-entropy.
  #expect(Set(baseline.keys) == ["accuracy"])
  #expect(Set(training.keys) == ["accuracy", "loss"])
  #expect(baseline["accuracy"]! < 0.8 && training["accuracy"]! > 0.9)
}

@Test("Without test data the comparison is by the validation data")
func baselineByValidation() throws {
  let workspace = try Workspace()
  try workspace.write(crossed, to: "t.csv")
  let result = try workspace.run("train t.csv --recipe plain --validation-split 0.5 --epochs 1")
  #expect(result.output.contains("linear model (least squares, ridge 0.0001): validation accuracy 0."))
}

@Test("The comparison is left out where it is not wanted, and where it would take longer than the training")
func noBaseline() throws {
  let workspace = try Workspace()
  try workspace.write(crossed, to: "t.csv")
  let result = try workspace.run("train t.csv --recipe plain --test t.csv --epochs 1 --no-baseline --json")
  #expect(!result.output.contains("linear model"))
  #expect(try summary(result)["baseline"] == nil)

  func wide(rows: Int, columns: Int) throws -> Workspace.Result {
    let names = (0...columns).map { "c\($0)" }.joined(separator: ",") + "\n"
    let lines = (0..<rows).map { row in
      (0..<columns).map { "\((row * ($0 % 7 + 1) + $0) % 5)" }.joined(separator: ",") + ",\(row % 2)\n"
    }
    try workspace.write(names + lines.joined(), to: "wide.csv")
    return try workspace.run("train wide.csv --recipe plain --epochs 1 --hidden 1 --json")
  }
  let dear = try wide(rows: 2500, columns: 2200)
  #expect(
    dear.lines[0]
      == "no linear model to compare with: for 2200 inputs and 2500 samples it would take longer than the training")
  #expect(try summary(dear)["baseline"] == nil)
  // With few samples it is solved for these.
  let cheap = try wide(rows: 40, columns: 6000)
  #expect(cheap.lines[0].hasPrefix("linear model (least squares, ridge 0.0001): training accuracy "))
}
