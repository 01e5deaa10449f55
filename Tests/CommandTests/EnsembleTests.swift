import Foundation
import Testing

private let classes = table(rows: 120) { $0 > $1 ? "more" : "less" }

/// The tensors of a model's file: their names and bytes.
func tensors(_ bytes: [UInt8]) throws -> [String: [UInt8]] {
  let length = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
  let header = try #require(
    JSONSerialization.jsonObject(with: Data(bytes[8..<8 + length])) as? [String: [String: Any]])
  var tensors: [String: [UInt8]] = [:]
  for (name, entry) in header where name != "__metadata__" {
    let offsets = try #require(entry["data_offsets"] as? [Int])
    tensors[name] = Array(bytes[8 + length + offsets[0]..<8 + length + offsets[1]])
  }
  return tensors
}

@Test(
  "The networks of an ensemble are, to the bit, those that runs of their own give with the same seeds",
  arguments: [
    "--validation v.csv --early-stopping 2 --learning-rate 0.05 --calibrate none", "--dropout 0.2 --precision double",
  ])
func members(options: String) throws {
  let workspace = try Workspace()
  try workspace.write(classes, to: "t.csv")
  try workspace.write(table(rows: 40) { $0 + 1 > $1 ? "more" : "less" }, to: "v.csv")
  let line = "train t.csv --recipe plain --hidden 8 --epochs 12 --batch-size 16 --quiet --json \(options)"
  let trained = try workspace.run("\(line) --seed 5 --ensemble 3 -o e")
  #expect(trained.status == 0, "\(trained.error)")
  let ensemble = try tensors(workspace.read("e"))
  #expect(ensemble.count == 3 * 4)
  for seed in 5..<8 {
    #expect(try workspace.run("\(line) --seed \(seed) -o \(seed)").status == 0)
    for (name, bytes) in try tensors(workspace.read("\(seed)")) { #expect(ensemble["\(seed - 5).\(name)"] == bytes) }
  }
  // Each stops for itself.
  let epochs = try members(trained).map { $0["epochs"] as? Int }
  #expect(options.contains("early") == (Set(epochs).count > 1))
}

private func members(_ result: Workspace.Result) throws -> [[String: Any]] {
  let summary = try #require(
    JSONSerialization.jsonObject(with: Data(result.lines.last!.utf8)) as? [String: Any])
  return try #require(summary["members"] as? [[String: Any]])
}

@Test("An ensemble of one is a network as without the option")
func ensembleOfOne() throws {
  let workspace = try Workspace()
  try workspace.write(classes, to: "t.csv")
  let line = "train t.csv --recipe plain --hidden 8 --epochs 3 --quiet"
  for options in ["-o a", "-o b --ensemble 1"] { #expect(try workspace.run("\(line) \(options)").status == 0) }
  #expect(try workspace.read("a") == workspace.read("b"))
}

@Test("An ensemble predicts the mean, and is evaluated, compared and inspected as one model")
func ensembleAnswers() throws {
  let workspace = try Workspace()
  try workspace.write(table(rows: 120) { "\(Double($0 - $1) + 0.5)" }, to: "t.csv")
  let line = "train t.csv --recipe plain --hidden 8 --epochs 30 --batch-size 16"
  let trained = try workspace.run("\(line) --seed 1 --ensemble 2 -o e --test t.csv --json")
  #expect(trained.status == 0)
  let progress = trained.errors.split(separator: "\n")
  #expect(progress[0] == "regression of y, 120 samples, recipe plain: 2 networks 2-8-1, 30 epochs, relu, adam 0.001")
  for number in 1...2 {
    let lines = progress.filter { $0.hasPrefix("network \(number)  epoch ") }
    #expect(lines.count == 30 && lines[29].hasPrefix("network \(number)  epoch 30/30  loss "))
  }
  for seed in 1...2 { #expect(try workspace.run("\(line) --seed \(seed) -o \(seed)").status == 0) }
  func predictions(_ model: String) throws -> [Double] {
    try workspace.run("predict \(model) t.csv").lines.dropFirst().map { try #require(Double($0)) }
  }
  let (mean, first, second) = (try predictions("e"), try predictions("1"), try predictions("2"))
  for (index, value) in mean.enumerated() { #expect(abs(value - (first[index] + second[index]) / 2) < 1e-4) }

  let summary = try #require(
    JSONSerialization.jsonObject(with: Data(trained.lines.last!.utf8)) as? [String: Any])
  let test = try #require(summary["test"] as? [String: Double])
  let evaluated = try workspace.run("evaluate e t.csv --json").lines[0]
  let figures = try #require(JSONSerialization.jsonObject(with: Data(evaluated.utf8)) as? [String: Any])
  #expect(figures["rmse"] as? Double == test["rmse"] && figures["loss"] as? Double == test["loss"])
  let targets = table(rows: 120) { "\(Double($0 - $1) + 0.5)" }.split(separator: "\n").dropFirst().map {
    Double($0.split(separator: ",")[2])!
  }
  let squares = zip(mean, targets).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / 120
  #expect(abs(test["rmse"]! / squares.squareRoot() - 1) < 1e-4)
  #expect(summary["parameters"] as? Int == 2 * 33 && summary["epochs"] as? Int == 60)
  #expect(summary["baseline"] != nil && summary["best_epoch"] == nil)

  let inspected = try workspace.run("inspect e").output
  #expect(inspected.contains("networks    2 with these layers; the answer is their mean\nparameters  66, float\n"))
  #expect(inspected.contains("1 to 2\n"))
  #expect(try workspace.run("inspect e --json").output.contains("\"networks\":2,\"parameters\":66"))
}

@Test("A network that diverges is named")
func divergingMember() throws {
  let workspace = try Workspace()
  try workspace.write(table(rows: 60) { "\($0 - $1).5" }, to: "t.csv")
  let result = try workspace.run(
    "train t.csv --recipe plain -o m --optimizer sgd --learning-rate 1e30 --ensemble 2 --seed 4 --threads 1 --quiet")
  #expect(result.status == 65)
  #expect(result.error.hasPrefix("error: network 1 of 2, seed 4: training diverged in epoch "))
  #expect(try workspace.files == ["t.csv"])
}
