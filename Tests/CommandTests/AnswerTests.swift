import Foundation
import Testing

/// The metrics of `evaluate --json` and of `train --json`.
private struct Figures: Decodable {
  let loss, rmse, mae, r2: Double?
  let outputs: [Figures]?
}

/// Root mean squared error, mean absolute error and R² of a column of predictions, all from differences to the first
/// target.
private func errors(_ predicted: [Double], _ actual: [Double]) -> (rmse: Double, mae: Double, r2: Double) {
  let (count, unit) = (Double(actual.count), zip(predicted, actual).map { abs($0 - $1) }.max()!)
  let errors = zip(predicted, actual).map { ($0 - $1) / unit }
  let deviations = actual.map { ($0 - actual[0]) / unit }
  let mean = deviations.reduce(0, +) / count
  let squares = errors.reduce(0) { $0 + $1 * $1 }
  return (
    (squares / count).squareRoot() * unit, errors.reduce(0) { $0 + abs($1) } / count * unit,
    1 - squares / deviations.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
  )
}

private func column(_ index: Int, of lines: [String]) throws -> [Double] {
  try lines.dropFirst().map { try #require(Double($0.split(separator: ",")[index])) }
}

/// Numbers that fit no Float: a day, a second, an identifier, and what is beyond its range. The tolerance is for digits
/// that a Double does not have either.
private let far: [(offset: Double, spread: Double, tolerance: Double)] = [
  (2_460_000, 100, 1e-6), (1.7e9, 30, 1e-6), (-1e14, 10, 1e-3), (1e40, 1e40, 1e-6), (1e-40, 1e-41, 1e-6),
  (1e200, 1e199, 1e-6),
]

@Test("Targets far from 0 are learnt, predicted and judged as others are", arguments: ["float", "double"])
func farTargets(precision: String) throws {
  let workspace = try Workspace()
  func value(_ a: Int, _ b: Int) -> Double { Double(2 * a - 3 * b) / 20 }
  let options = "--epochs 20 --hidden 8 --learning-rate 0.01 --batch-size 16 --precision \(precision) --quiet --json"
  try workspace.write(table(rows: 200) { "\(value($0, $1))" }, to: "near.csv")
  func rSquared(_ name: String) throws -> Double {
    let trained = try workspace.run(
      "train \(name) --recipe plain -o m --task regression --test \(name) --no-baseline \(options)")
    try #require(trained.status == 0, "\(trained.errors)")
    return try #require(
      try JSONDecoder().decode(Figures.self, from: Data(workspace.run("evaluate m \(name) --json").lines[0].utf8)).r2)
  }
  let near = try rSquared("near.csv")
  #expect(near > 0.9)
  for (offset, spread, tolerance) in far {
    let text = table(rows: 200) { "\(offset + spread * value($0, $1))" }
    try workspace.write(text, to: "t.csv")
    // The same network in the end, if Float takes nothing away.
    #expect(abs(try rSquared("t.csv") - near) < 1e-3, "\(offset)")
    let actual = try column(2, of: text.split(separator: "\n").map(String.init))
    let predicted = try column(0, of: workspace.run("predict m t.csv").lines)
    #expect(Set(predicted).count > 150, "\(offset)")
    let line = try workspace.run("evaluate m t.csv --json").lines[0]
    let figures = try JSONDecoder().decode(Figures.self, from: Data(line.utf8))
    let expected = errors(predicted, actual)
    #expect(abs(try #require(figures.rmse) / expected.rmse - 1) < tolerance, "\(offset)")
    #expect(abs(try #require(figures.mae) / expected.mae - 1) < tolerance, "\(offset)")
    #expect(abs(try #require(figures.r2) - expected.r2) < tolerance, "\(offset)")
    if spread < 1e100 { #expect(abs(try #require(figures.loss).squareRoot() / figures.rmse! - 1) < 1e-5) }
  }
}

@Test("Several targets, near and far, are predicted and judged each in its units, in arrays as in tables")
func farAndNearTargets() throws {
  let workspace = try Workspace()
  let text = table(rows: 200) { "\($0 - $1),\(1e14 + Double($0)),\(1e200 * Double($1))" }
    .replacing("a,b,y\n", with: "a,b,y,z,w\n")
  try workspace.write(text, to: "t.csv")
  #expect(
    try workspace.run("train t.csv --recipe plain -o m --target y,z,w --task regression --epochs 60 --quiet").status
      == 0)
  let lines = try workspace.run("predict m t.csv").lines
  let figures = try JSONDecoder().decode(
    Figures.self, from: Data(try workspace.run("evaluate m t.csv --json").lines[0].utf8))
  let rows = text.split(separator: "\n").map(String.init)
  #expect(figures.outputs?.count == 3)
  for (index, output) in try #require(figures.outputs).enumerated() {
    let expected = errors(try column(index, of: lines), try column(2 + index, of: rows))
    #expect(abs(try #require(output.rmse) / expected.rmse - 1) < 1e-3)
    #expect(abs(try #require(output.r2) - expected.r2) < 1e-4)
  }
  #expect(try workspace.run("predict m t.csv -o p.npy").status == 0)
  let array = try workspace.read("p.npy")
  #expect(String(decoding: array.prefix(128), as: UTF8.self).contains("'descr': '<f8'"))
  let doubles = array.suffix(200 * 3 * 8).withUnsafeBytes { bytes in
    (0..<600).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Double.self) }
  }
  #expect(try doubles == (0..<200).flatMap { row in try (0..<3).map { try column($0, of: lines)[row] } })
}

// The answers before they were computed in Double and by the packed network, for the model of the same training:
//
//   perceptron train t.csv --target y,z --hidden 6 --activation tanh --epochs 30 --batch-size 16 --learning-rate 0.01
private let goldenValues = [[7.8533273, -65.35719], [8.988416, 19.542383], [9.573375, 154.65419]]
private let goldenProbabilities = [[0.6611711, 0.3388289], [0.27004862, 0.7299513], [0.07321175, 0.9267883]]

@Test("Ordinary models answer as they did")
func ordinaryAnswers() throws {
  let workspace = try Workspace()
  let options = "--hidden 6 --activation tanh --epochs 30 --batch-size 16 --learning-rate 0.01 --quiet --no-baseline"
  try workspace.write(
    table(rows: 60) { "\(2 * $0 - 3 * $1 + 10),\($0 * $1)" }.replacing("a,b,y\n", with: "a,b,y,z\n"), to: "v.csv")
  #expect(try workspace.run("train v.csv --recipe plain --target y,z -o v \(options)").status == 0)
  let values = try workspace.run("predict v v.csv").lines
  for index in 0..<2 {
    for (found, golden) in zip(try column(index, of: values), goldenValues) {
      #expect(abs(found / golden[index] - 1) < 1e-5)
    }
  }
  try workspace.write(table(rows: 60) { $0 > $1 ? "more" : "less" }, to: "c.csv")
  #expect(try workspace.run("train c.csv --recipe plain -o c \(options)").status == 0)
  let classes = try workspace.run("predict c c.csv --probabilities").lines
  #expect(classes[0] == "y,less,more" && classes[1].hasPrefix("less,0.66") && classes[2].hasPrefix("more,0.27"))
  for index in 0..<2 {
    for (found, golden) in zip(try column(1 + index, of: classes), goldenProbabilities) {
      #expect(abs(found - golden[index]) < 1e-6)
    }
  }
  // Probabilities have Float's digits.
  #expect(classes.dropFirst().allSatisfy { $0.utf8.count < 32 })
}

@Test("More samples than the team takes in one part come in their order, with quotes around what needs them")
func longTables() throws {
  let workspace = try Workspace()
  try workspace.write(table(rows: 10_000) { $0 > $1 ? "\"more, \"\"much\"\"\"" : "less" }, to: "t.csv")
  #expect(try workspace.run("train t.csv --recipe plain -o m --epochs 20 --quiet --no-baseline").status == 0)
  let lines = try workspace.run("predict m t.csv").lines
  #expect(lines.count == 10_001)
  // The table repeats after 23 · 19 rows.
  for row in stride(from: 0, to: 10_000, by: 37) { #expect(lines[1 + row] == lines[1 + row % 437]) }
  #expect(Set(lines.dropFirst()) == ["less", "\"more, \"\"much\"\"\""])
}

@Test("A model that cannot answer is not written")
func noAnswers() throws {
  let workspace = try Workspace()
  try workspace.write(table(rows: 100) { "\($0 - $1)" }, to: "t.csv")
  let result = try workspace.run(
    "train t.csv --recipe plain -o m --task regression --hidden 8,8 --epochs 1 --batch-size 100 --optimizer sgd"
      + " --learning-rate 1e25 --quiet")
  #expect(result.status == 65)
  let expected =
    "error: the trained network's outputs are not finite; lower --learning-rate, or try --precision double;"
    + " nothing was written\n"
  #expect(result.errors == expected)
  #expect(try !workspace.files.contains("m"))
}

@Test("export says which numbers float32 would spoil, and nothing of others")
func exportedNumbers() throws {
  let workspace = try Workspace()
  try workspace.write(table(rows: 100) { "\($0 - $1)" }, to: "near.csv")
  try workspace.write(
    "id,b,y\n" + (0..<100).map { "\(100_000_000 + $0),\($0 * 37 % 50),\(1.7e9 + Double($0))\n" }.joined(), to: "far.csv"
  )
  for name in ["near", "far"] {
    #expect(
      try workspace.run("train \(name).csv --recipe plain -o m --task regression --epochs 2 --quiet --no-baseline")
        .status == 0)
    let result = try workspace.run("export m m.onnx")
    #expect(result.status == 0)
    // What is imported again has the digits.
    let before = try column(0, of: workspace.run("predict m \(name).csv").lines)
    #expect(try workspace.run("import m.onnx -o i --columns \(name == "near" ? "a" : "id"),b --target y").status == 0)
    #expect(try workspace.run("inspect i").output.contains(name == "near" ? "float" : "double"))
    let after = try column(0, of: workspace.run("predict i \(name).csv").lines)
    #expect(before.count == 100 && after.count == 100 && zip(before, after).allSatisfy { abs($0 - $1) < 1e-3 })
    #expect(
      result.errors
        == (name == "near"
          ? ""
          : """
          warning: m.onnx: the graph takes its numbers as double (float64): float32 would lose digits of "id"
          warning: m.onnx: the graph gives its output as double (float64): float32 would lose digits of "y"

          """))
  }
}
