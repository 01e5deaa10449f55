import Foundation
import Testing

/// The value is 10 for red, −10 for blue, 0 for others, and twice the number.
private let mixed =
  "colour,size,y\n"
  + (0..<120).map { row in
    let (colour, shift) = [("red", 10.0), ("blue", -10), ("", 0)][row % 3]
    let size = row * 7 % 11
    return "\(colour),\(row % 10 == 3 ? "NA" : String(size)),\(shift + 2 * Double(row % 10 == 3 ? 5 : size) + 0.5)\n"
  }.joined()

private func lines(_ bytes: [UInt8]) -> [Substring] { String(decoding: bytes, as: UTF8.self).split(separator: "\n") }

@Test(
  "A table of text, numbers and missing values is learnt, and new texts get a warning",
  arguments: ["quantile", "robust", "smooth-clip"])
func mixedTable(scaling: String) throws {
  let workspace = try Workspace()
  try workspace.write(mixed, to: "t.csv")
  let trained = try workspace.run(
    "train t.csv --recipe plain -o m --epochs 300 --batch-size 16 --scale \(scaling) --test t.csv --quiet")
  #expect(trained.status == 0 && trained.errors.isEmpty)
  #expect(trained.output.contains("R² 0.99") || trained.output.contains("R² 1.0"))
  try workspace.write("size,colour,more\n3,red,1\n,green,1\n", to: "new.csv")
  let predicted = try workspace.run("predict m new.csv")
  #expect(
    predicted.errors
      == "warning: new.csv, line 3, column \"colour\": found \"green\", which did not occur in training; it counts as"
      + " an unknown string\n")
  #expect(predicted.lines[0] == "y" && abs(Double(predicted.lines[1])! - 16.5) < 2)
  #expect(try workspace.run("inspect m").output.contains("2 columns: colour (3 strings), size\n"))
}

@Test("A table in several files is learnt, evaluated and answered as one")
func severalFiles() throws {
  let workspace = try Workspace()
  let rows = mixed.split(separator: "\n").map { "\($0)\n" }
  try workspace.write(mixed, to: "t-all.csv")
  let options = "--epochs 3 --ensemble 2 --seed 1 --quiet"
  let one = try workspace.run("train t-*.csv -o one \(options)")
  let answers = try workspace.run("predict one t-all.csv")
  try FileManager.default.removeItem(atPath: workspace.directory.path + "/t-all.csv")
  for (name, part) in [("1", rows[1..<50]), ("2", rows[50..<51]), ("3", rows[51...])] {
    try workspace.write(rows[0] + part.joined(), to: "t-\(name).csv")
  }
  let several = try workspace.run("train t-*.csv -o several \(options)")
  #expect(one.status == 0 && several.status == 0, "\(several.error)")
  let areEqual = try workspace.read("one") == workspace.read("several")
  #expect(areEqual)
  #expect(try workspace.run("predict several t-*.csv").output == answers.output)
  let tested = try workspace.run("train t-*.csv -o m --validation t-[12].csv --test t-?.csv \(options)")
  #expect(tested.status == 0 && tested.output.contains("R²"), "\(tested.error)")

  let unquoted = try workspace.run("train t-1.csv t-2.csv -o m")
  #expect(
    unquoted.error
      == "error: unexpected argument t-2.csv; put a pattern of several files in quotes, such as 'part-*.csv'")
  let written = try workspace.run("predict one t-*.csv -o t-2.csv")
  #expect(written.status == 64 && written.error == "error: -o t-2.csv is the data; name another file")
  try workspace.write("colour,y\nred,1\n", to: "t-4.csv")
  let other = try workspace.run("train t-*.csv -o m")
  #expect(other.status == 65)
  #expect(
    other.error
      == "error: t-4.csv: found 2 columns, expected 3 as in t-1.csv; give all files the same columns in the same order")
}

@Test("Several targets are learnt at once")
func severalTargets() throws {
  let workspace = try Workspace()
  let rows = (0..<100).map { row in
    let (a, b) = (row * 7 % 23, row * 5 % 19)
    return
      "\(a),\(b),\(a > b ? "more" : "less"),\(a + b > 20 ? 1 : 0),\(Double(a - b) + 0.5),\(1000.5 * Double(a + b))\n"
  }
  try workspace.write("a,b,p,q,d,s\n" + rows.joined(), to: "t.csv")
  let options = "--epochs 200 --batch-size 16 --quiet --json"
  let labels = try workspace.run("train t.csv --recipe plain -o m --target p,q --test t.csv \(options)")
  #expect(labels.status == 0 && labels.output.contains(" of 200 labels)"))
  #expect(labels.lines.contains { $0.split(separator: " ").first == "label" })
  #expect(try outputs(labels.lines.last!, in: "test").map { $0["name"] as? String } == ["p", "q"])
  let predicted = try workspace.run("predict m t.csv --probabilities").lines
  #expect(predicted[0] == "p,q,p=more,q=1" && predicted[1].hasPrefix("less,0,0."))
  let values = try workspace.run("train t.csv --recipe plain -o v --target d,s --test t.csv \(options)")
  #expect(values.output.contains("R² 0.9"))
  #expect(values.lines.contains { $0.split(separator: " ") == ["target", "RMSE", "MAE", "R²", "error", "%"] })
  #expect(try workspace.run("predict v t.csv").lines[0] == "d,s")
  #expect(try workspace.run("inspect v").output.contains("2 values: d, s"))
  #expect(try workspace.run("evaluate v t.csv").status == 0)

  // The metrics of each output are those that the predictions have.
  let actual = rows.map { $0.dropLast().split(separator: ",") }
  let answers = try workspace.run("predict m t.csv").lines.dropFirst().map { $0.split(separator: ",") }
  let labelFigures = try outputs(workspace.run("evaluate m t.csv --json").lines[0])
  #expect(labelFigures.count == 2)
  for (index, figures) in labelFigures.enumerated() {
    let right = zip(answers, actual).count { $0[index] == $1[2 + index] }
    #expect(figures["accuracy"] as? Double == Double(right) / 100)
    #expect(figures["roc_auc"] as? Double != nil && figures["log_loss"] as? Double != nil)
  }
  let exact = zip(answers, actual).count { $0[0] == $1[2] && $0[1] == $1[3] }
  let text = try workspace.run("evaluate m t.csv").lines
  #expect(
    text[1].contains(
      "samples with all labels right \(exact == 100 ? "1.00" : exact < 10 ? "0.0\(exact)" : "0.\(exact)")00"))
  #expect(text[1].contains("F1 ") && text[2].contains("ROC AUC") && text[3].contains("p ") && text.count == 5)

  let estimates = try workspace.run("predict v t.csv").lines.dropFirst().map { $0.split(separator: ",") }
  let line = try workspace.run("evaluate v t.csv --json").lines[0]
  let valueFigures = try outputs(line)
  #expect(valueFigures.count == 2)
  for (index, figures) in valueFigures.enumerated() {
    let errors = zip(estimates, actual).map { abs(Double($0[index])! - Double($1[4 + index])!) }
    #expect(abs((figures["mae"] as? Double)! / (errors.reduce(0, +) / 100) - 1) < 1e-4)
  }
  // JSONSerialization reads some numbers wrong by a unit in the last place, JSONDecoder none.
  let roots = try JSONDecoder().decode(Roots.self, from: Data(line.utf8))
  #expect(roots.rmse == (roots.outputs[0].rmse + roots.outputs[1].rmse) / 2)
}

private struct Roots: Decodable {
  struct Output: Decodable { let rmse: Double }

  let rmse: Double
  let outputs: [Output]
}

/// The metrics of each output in a line of JSON, or in a part of it.
private func outputs(_ line: String, in part: String? = nil) throws -> [[String: Any]] {
  let all = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
  let figures = try #require(part.map { all[$0] as? [String: Any] } ?? all)
  return try #require(figures["outputs"] as? [[String: Any]])
}

@Test("NumPy arrays are learnt from, and predictions written as arrays")
func arrays() throws {
  let workspace = try Workspace()
  // Two features of one byte, and whether the first is larger.
  func array(_ values: [UInt8], _ shape: String) -> [UInt8] {
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (\(shape))}"
    var bytes: [UInt8] = [0x93]
    bytes += Array("NUMPY".utf8)
    bytes += [1, 0, UInt8(header.utf8.count), 0]
    bytes += Array(header.utf8)
    return bytes + values
  }
  let pairs: [(UInt8, UInt8)] = (0..<80).map { (UInt8($0 * 7 % 23), UInt8($0 * 5 % 19)) }
  try workspace.write(array(pairs.flatMap { [$0.0, $0.1] as [UInt8] }, "80, 2"), to: "x.npy")
  try workspace.write(array(pairs.map { $0.0 > $0.1 ? 1 : 0 as UInt8 }, "80,"), to: "y.npy")
  let trained = try workspace.run(
    "train x.npy --recipe plain --labels y.npy -o m --epochs 200 --batch-size 16 --test x.npy --test-labels"
      + " y.npy --quiet"
  )
  #expect(trained.status == 0 && trained.output.contains("accuracy 1.0"))
  #expect(try workspace.run("evaluate m x.npy --labels y.npy").output.contains("accuracy 1.0"))
  #expect(try workspace.run("predict m x.npy -o p.npy").status == 0)
  let classes = try workspace.read("p.npy")
  #expect(lines(classes)[0].contains("'descr': '<i8', 'fortran_order': False, 'shape': (80,), }"))
  let found = Array(classes.suffix(640))
  for (sample, pair) in pairs.enumerated() {
    let expected: [UInt8] = [pair.0 > pair.1 ? 1 : 0, 0, 0, 0, 0, 0, 0, 0]
    #expect(Array(found[8 * sample..<8 * sample + 8]) == expected)
  }
  #expect(try workspace.run("predict m x.npy -o q.npy --probabilities").status == 0)
  #expect(lines(try workspace.read("q.npy"))[0].contains("'descr': '<f4', 'fortran_order': False, 'shape': (80, 2), }"))
}

@Test("A part of the data is split off for validation, and classes and samples have weights")
func splitAndWeights() throws {
  let workspace = try Workspace()
  // One in ten is rare, and nothing tells which.
  func rows(_ weight: (Int) -> String) -> String {
    (0..<200).map { "\($0 * 7 % 31),\($0 % 10 == 0 ? "rare" : "common")\(weight($0))\n" }.joined()
  }
  try workspace.write("a,y\n" + rows { _ in "" }, to: "t.csv")
  try workspace.write("a,y,w\n" + rows { $0 % 10 == 0 ? ",9" : ",1" }, to: "w.csv")
  let options = "--target y --hidden 4 --epochs 30 --batch-size 20 --learning-rate 0.02 --quiet --json"
  let split = try workspace.run(
    "train w.csv --recipe plain -o m \(options) --sample-weight w --validation-split 0.25 --early-stopping 5")
  #expect(split.status == 0 && split.output.contains("\"validation\":{") && split.output.contains("\"best_epoch\":"))
  #expect(
    try workspace.run("inspect m").lines.contains { $0.split(separator: " ").elementsEqual(["samples", "150"]) })
  func meanProbabilityOfRare(_ data: String, _ weights: String = "") throws -> Double {
    #expect(try workspace.run("train \(data) --recipe plain -o c \(options) \(weights)").status == 0)
    let lines = try workspace.run("predict c t.csv --probabilities").lines.dropFirst()
    return lines.reduce(0) { $0 + Double($1.split(separator: ",")[2])! } / 200
  }
  #expect(try abs(meanProbabilityOfRare("t.csv") - 0.1) < 0.05)
  #expect(try abs(meanProbabilityOfRare("w.csv", "--sample-weight w") - 0.5) < 0.1)
  for weights in ["balanced", "rare=9"] {
    #expect(try abs(meanProbabilityOfRare("t.csv", "--class-weights \(weights)") - 0.5) < 0.1)
  }
  #expect(
    try workspace.run("train t.csv --recipe plain --class-weights rare=1e39 \(options)").error
      == "error: --class-weights: \"rare=1e39\" is too large or too small to compute with; only the ratios of the"
      + " weights matter, so choose others")
  #expect(
    try workspace.run("train t.csv --recipe plain --class-weights odd=2 \(options)").errors.hasPrefix(
      "error: --class-weights: there is no class \"odd\"; there are common, rare\n"))
}
