import Foundation
import PerceptronTestFiles
import Testing

/// The rows of a CSV file below its header, by the names in the header.
private func rows(_ bytes: [UInt8]) -> [[String: String]] {
  let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map {
    $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  }
  return lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(lines[0], $0)) }
}

private func summary(_ result: Workspace.Result) throws -> [String: Any] {
  #expect(result.status == 0, "\(result.error)")
  return try #require(JSONSerialization.jsonObject(with: Data(result.lines.last!.utf8)) as? [String: Any])
}

private func metrics(_ summary: [String: Any], _ key: String = "validation") throws -> [String: Double] {
  try #require(summary[key] as? [String: Any]).compactMapValues { $0 as? Double }
}

private func folds(_ summary: [String: Any]) throws -> [[String: Double]] {
  try #require(summary["folds"] as? [[String: Any]]).map { $0.compactMapValues { $0 as? Double } }
}

/// Random numbers under the names x1, x2, … and random labels under y.
private func noise(rows: Int, columns: Int) -> String {
  var generator = SplitMix(state: 7)
  return (1...columns).map { "x\($0)," }.joined() + "y\n"
    + (0..<rows).map { row in
      (0..<columns).map { _ in "\(Double.random(in: -1...1, using: &generator))," }.joined()
        + "\(Bool.random(using: &generator) ? "yes" : "no")\n"
    }.joined()
}

@Test("What is learnt by heart is not known out of fold, neither by the networks nor by the linear model")
func noiseOutOfFold() throws {
  let workspace = try Workspace()
  try workspace.write(noise(rows: 150, columns: 100), to: "t.csv")
  let run = try workspace.run(
    "train t.csv --recipe plain --hidden 32 --epochs 100 --folds 5 -o m --json --quiet --calibrate none")
  let summary = try summary(run)
  #expect(abs(try metrics(summary)["accuracy"]! - 0.5) < 0.15)
  #expect(abs(try metrics(summary, "baseline")["accuracy"]! - 0.5) < 0.15)
  // Four of the five networks in the model have learnt from each row.
  let known = try workspace.run("evaluate m t.csv --json")
  let evaluation = try #require(JSONSerialization.jsonObject(with: Data(known.output.utf8)) as? [String: Any])
  #expect(try #require(evaluation["accuracy"] as? Double) > 0.95)
}

@Test("What depends on the group alone is known of other rows of the group, and not of other groups")
func groupsOutOfFold() throws {
  let workspace = try Workspace()
  var generator = SplitMix(state: 3)
  var text = "a,b,c,patient,y\n"
  for group in 0..<60 {
    let place = (0..<3).map { _ in Double.random(in: -1...1, using: &generator) }
    let label = Bool.random(using: &generator) ? "yes" : "no"
    for _ in 0..<6 {
      let row = place.map { "\($0 + Double.random(in: -0.01...0.01, using: &generator))" }
      text += row.joined(separator: ",") + ",p\(group),\(label)\n"
    }
  }
  try workspace.write(text, to: "t.csv")
  let line =
    "train t.csv --recipe plain --hidden 64,64 --epochs 300 --learning-rate 0.01 --folds 5 --json --calibrate none"
  let mixed = try metrics(summary(try workspace.run("\(line) --ignore patient --quiet")))
  let run = try workspace.run("\(line) --group patient -o m --predictions p.csv")
  #expect(run.errors.hasPrefix("classification of y, 2 classes, 360 samples, 5 folds by patient, recipe plain: 5 net"))
  let apart = try metrics(summary(run))
  #expect(mixed["accuracy"]! > 0.9 && apart["accuracy"]! < 0.7)
  // All rows of a group are in one fold, each row is in one, and the folds have equal sizes.
  let predictions = rows(try workspace.read("p.csv"))
  #expect(predictions.map { $0["row"]! } == (1...360).map(String.init))
  let groups = Dictionary(grouping: predictions.indices, by: { $0 / 6 }).values
  #expect(groups.allSatisfy { Set($0.map { predictions[$0]["fold"]! }).count == 1 })
  #expect(Dictionary(grouping: predictions, by: { $0["fold"]! }).values.map(\.count) == [72, 72, 72, 72, 72])
  // The column is not learnt from; later tables may have it or not.
  #expect(!(try workspace.run("inspect m").output.contains("p17")))
  try workspace.write("a,b,c\n0,0,0\n", to: "u.csv")
  try workspace.write("a,b,c,patient\n0,0,0,p99\n", to: "v.csv")
  let answers = try ["u.csv", "v.csv"].map { try workspace.run("predict m \($0)") }
  #expect(answers[0].status == 0 && answers[0].output == answers[1].output)
}

@Test("In the order of time, each network learns from what was before its fold alone", arguments: [false, true])
func timeOutOfFold(areDates: Bool) throws {
  let workspace = try Workspace()
  // Three rows a day for 60 days, in a mixed order; on the last 20 days, the relation is the opposite.
  let days = (0..<180).map { $0 * 49 % 180 / 3 }
  let rowsOfText = days.enumerated().map { row, day in
    let (a, b) = (row * 7 % 23, row * 5 % 19)
    let month = day < 30 ? "04" : "05"
    let time = areDates ? "2024-\(month)-\(day % 30 < 9 ? "0" : "")\(day % 30 + 1)" : "\(day)"
    return "\(a),\(b),\(time),\((a > b) == (day < 40) ? "more" : "less")\n"
  }
  try workspace.write("a,b,day,y\n" + rowsOfText.joined(), to: "t.csv")
  let run = try workspace.run(
    "train t.csv --recipe plain --hidden 16 --epochs 400 --folds 2 --time day --predictions p.csv --json"
      + " --calibrate none")
  #expect(run.errors.contains(" 180 samples, 2 folds in the order of day, "))
  let folds = try folds(summary(run))
  #expect(folds.map { $0["train_count"]! } == [60, 120] && folds.map { $0["validation_count"]! } == [60, 60])
  #expect(folds[0]["accuracy"]! > 0.85 && folds[1]["accuracy"]! < 0.15)
  let predictions = rows(try workspace.read("p.csv"))
  for (fold, block) in [("1", 20..<40), ("2", 40..<60)] {
    let found = predictions.filter { $0["fold"] == fold }.map { Int($0["row"]!)! - 1 }
    #expect(found == days.indices.filter { block.contains(days[$0]) })
  }
}

@Test("The metrics of the written answers are those that are printed, for each fold and for all rows")
func predictedClasses() throws {
  let workspace = try Workspace()
  let text = table(rows: 211) { $0 > $1 ? "more" : $0 == $1 ? "same" : "less" }
  try workspace.write(
    text.split(separator: "\n").enumerated().map { "\($0 == 0 ? "id" : "r\($0)"),\($1)\n" }.joined(), to: "t.csv")
  let line = "train t.csv --recipe plain --hidden 8 --epochs 20 --id id --folds 4 --ensemble 2 --predictions p.csv"
  let run = try workspace.run("\(line) --json")
  #expect(run.errors.contains(" 211 samples, 4 folds, recipe plain: 8 networks 2-8-3, "))
  let summary = try summary(run)
  let header = String(decoding: try workspace.read("p.csv").prefix { $0 != 10 }, as: UTF8.self)
  #expect(header == "row,fold,id,actual y,y,less,more,same")
  let predictions = rows(try workspace.read("p.csv"))
  let labels = text.split(separator: "\n").dropFirst().map { $0.split(separator: ",")[2] }
  for (row, line) in predictions.enumerated() {
    #expect(line["row"] == "\(row + 1)" && line["id"] == "r\(row + 1)" && line["actual y"]! == labels[row])
  }
  func check(_ lines: [[String: String]], _ metrics: [String: Double]) {
    let accuracy = Double(lines.count { $0["y"] == $0["actual y"] }) / Double(lines.count)
    let loss = lines.reduce(0) { $0 - log(Double($1[$1["actual y"]!]!)!) } / Double(lines.count)
    #expect(abs(metrics["accuracy"]! - accuracy) < 1e-12 && abs(metrics["loss"]! - loss) < 1e-5 * loss)
  }
  check(predictions, try metrics(summary))
  let folds = try folds(summary)
  for (number, fold) in folds.enumerated() {
    let lines = predictions.filter { $0["fold"] == "\(number + 1)" }
    check(lines, fold)
    #expect(fold["validation_count"] == Double(lines.count) && fold["train_count"] == Double(211 - lines.count))
  }
  // The area under the curve of each class is the share of pairs in which the row of the class has the larger
  // probability; equal ones count half.
  func area(_ lines: [[String: String]]) -> Double {
    let areas = ["less", "more", "same"].map { name in
      let own = lines.filter { $0["actual y"] == name }.map { Double($0[name]!)! }
      let others = lines.filter { $0["actual y"] != name }.map { Double($0[name]!)! }
      let right = own.reduce(0.0) { sum, p in sum + others.reduce(0) { $0 + (p > $1 ? 1 : p == $1 ? 0.5 : 0) } }
      return right / Double(own.count * others.count)
    }
    return areas.reduce(0, +) / 3
  }
  for (number, fold) in folds.enumerated() {
    let found = area(predictions.filter { $0["fold"] == "\(number + 1)" })
    #expect(abs(try #require(fold["roc_auc"]) - found) < 1e-4)
  }
  // Two networks for each fold, and all of them in the metrics.
  #expect((summary["members"] as? [Any])?.count == 8)
  // Mean and sample standard deviation, as JSON and in the line.
  for (metric, name) in [
    ("accuracy", "accuracy"), ("loss", "loss"), ("roc_auc", "ROC AUC"), ("calibration_error", "calibration error"),
  ] {
    let values = folds.map { $0[metric]! }
    let mean = values.reduce(0, +) / 4
    let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 3).squareRoot()
    #expect(abs(try metrics(summary, "mean")[metric]! - mean) < 1e-12)
    #expect(abs(try metrics(summary, "deviation")[metric]! - deviation) < 1e-12)
    let text = try #require(run.lines.first { $0.hasPrefix("4 folds: ") })
    let found = try #require(text.firstMatch(of: try Regex("\(name) ([0-9.]+) ± ([0-9.]+)")))
    #expect(abs(Double(found.output[1].substring!)! - mean) < 1e-4)
    #expect(abs(Double(found.output[2].substring!)! - deviation) < 1e-4)
  }
  for number in 1...4 { #expect(run.lines.contains { $0.hasPrefix("fold \(number) of 4: accuracy ") }) }
}

@Test("Values are written beside the fields of the table, with their bounds, which hold at the level or more")
func predictedValues() throws {
  let workspace = try Workspace()
  let text = table(rows: 130) { "\(Double($0 * $1 - $1) * 0.1 + 1000)" }
  try workspace.write(text, to: "t.csv")
  let run = try workspace.run(
    "train t.csv --recipe plain --hidden 8 --epochs 60 --folds 5 --interval 0.9 --predictions p.csv -o m --json")
  let predictions = rows(try workspace.read("p.csv"))
  let values = text.split(separator: "\n").dropFirst().map { Double($0.split(separator: ",")[2])! }
  #expect(predictions.map { Double($0["actual y"]!)! } == values)
  let squares = predictions.reduce(0) { $0 + pow(Double($1["y"]!)! - Double($1["actual y"]!)!, 2) }
  let summary = try summary(run)
  #expect(abs(try metrics(summary)["rmse"]! / (squares / 130).squareRoot() - 1) < 1e-4)
  #expect(Set(try metrics(summary, "mean").keys) == ["rmse", "mae", "r2", "loss"])
  // All rows calibrate the bounds: ⌈131 · 0.9⌉ = 118 of them are within.
  let within = predictions.count {
    (Double($0["y lower"]!)! - 1e-6...Double($0["y upper"]!)! + 1e-6).contains(Double($0["actual y"]!)!)
  }
  #expect(within == 118)
  #expect(try workspace.run("predict m t.csv").lines[0] == "y,y lower,y upper")
}

@Test("The network of a fold is, to the bit, the one that is trained on the other rows alone")
func networksOfFolds() throws {
  let workspace = try Workspace()
  let lines = table(rows: 90) { $0 > $1 ? "more" : "less" }.split(separator: "\n")
  try workspace.write(lines.joined(separator: "\n"), to: "t.csv")
  // Without scaling, the preparation does not depend on the rows.
  let line = "--recipe plain --hidden 8 --epochs 9 --scale none --calibrate none --quiet"
  let run = try workspace.run("train t.csv \(line) --folds 3 --seed 5 -o m --predictions p.csv --test t.csv --json")
  let (all, predictions) = (try tensors(workspace.read("m")), rows(try workspace.read("p.csv")))
  #expect(all.count == 3 * 4)
  for fold in 0..<3 {
    func write(_ name: String, _ isChosen: (String) -> Bool) throws {
      let chosen = predictions.indices.filter { isChosen(predictions[$0]["fold"]!) }.map { lines[$0 + 1] }
      try workspace.write(([lines[0]] + chosen).joined(separator: "\n"), to: name)
    }
    try write("others.csv") { $0 != "\(fold + 1)" }
    try write("fold.csv") { $0 == "\(fold + 1)" }
    #expect(try workspace.run("train others.csv \(line) --seed \(5 + fold) -o one").status == 0)
    for (name, bytes) in try tensors(workspace.read("one")) { #expect(all["\(fold).\(name)"] == bytes) }
    // The answers are those of this network.
    let answers = try workspace.run("predict one fold.csv --probabilities").lines.dropFirst()
    let written = predictions.filter { $0["fold"] == "\(fold + 1)" }
    for (answer, row) in zip(answers, written) {
      let found = answer.split(separator: ",")
      #expect(found[0] == row["y"]! && abs(Double(found[1])! - Double(row["less"]!)!) < 1e-5)
    }
    #expect(answers.count == written.count && written.count == 30)
  }
  // The model that is written and tested is the mean of all three.
  let evaluated = try workspace.run("evaluate m t.csv --json").output
  let evaluation = try #require(JSONSerialization.jsonObject(with: Data(evaluated.utf8)) as? [String: Any])
  #expect(try metrics(summary(run), "test")["loss"] == evaluation["loss"] as? Double)
}

@Test("Folds have the same bits for any number of threads, and after a resumption")
func sameFolds() throws {
  let workspace = try Workspace()
  let lines = table(rows: 100) { $0 > $1 ? "more" : "less" }.split(separator: "\n")
  try workspace.write(
    lines.enumerated().map { "\($1),\($0 == 0 ? "g,z" : "g\($0 % 17),\($0 % 2)")\n" }.joined(), to: "t.csv")
  let line = "train t.csv --recipe plain --target y --hidden 8 --dropout 0.1 --folds 3 --group g --quiet"
  for threads in [1, 3] {
    let run = try workspace.run("\(line) --epochs 6 --threads \(threads) -o m\(threads) --predictions p\(threads)")
    #expect(run.status == 0, "\(run.error)")
  }
  #expect(try workspace.read("m1") == workspace.read("m3") && workspace.read("p1") == workspace.read("p3"))
  #expect(try workspace.run("\(line) --epochs 4 --checkpoint c").status == 0)
  #expect(try workspace.run("\(line) --epochs 6 --checkpoint c --resume -o r --predictions q").status == 0)
  #expect(try workspace.read("m1") == workspace.read("r") && workspace.read("p1") == workspace.read("q"))
  let others = line.replacing("--folds 3 --group g", with: "--folds 3 --time a")
  #expect(
    try workspace.run("\(others) --epochs 6 --checkpoint c --resume").error
      == "error: --group: the training in c began with g, found without it; give the same,"
      + " or name another directory")
  #expect(
    try workspace.run("\(line.replacing("--folds 3", with: "--folds 4")) --epochs 6 --checkpoint c --resume").error
      .hasPrefix("error: --folds: the training in c began with 3, found with 4;"))
}

@Test("A class that a fold or its training part lacks, folds of one row and unequal folds are no obstacle")
func oddFolds() throws {
  let workspace = try Workspace()
  try workspace.write(table(rows: 40) { $0 == 7 && $1 == 5 ? "rare" : $0 > $1 ? "more" : "less" }, to: "rare.csv")
  try workspace.write(table(rows: 6) { "\($0 - $1).5" }, to: "few.csv")
  try workspace.write(
    "a,p,q,g\n" + (0..<31).map { "\($0),\($0 % 2),\($0 / 7 % 2),\($0 * $0 / 200)\n" }.joined(), to: "labels.csv")
  for line in [
    "rare.csv --folds 5", "few.csv --folds 6 --task regression", "labels.csv --target p,q --folds 3 --group g",
    "labels.csv --target p,q --task regression --folds 2 --time a --optimizer rprop",
    "labels.csv --target p --ignore q --folds 4 --group g --class-weights balanced --normalization batch",
    "few.csv --task regression --quantiles 0.1,0.5,0.9 --folds 2 --select loss",
  ] {
    let run = try workspace.run(
      "train \(line) --recipe plain --hidden 4 --epochs 3 --json --predictions p.csv --report r.html -o m")
    #expect(run.status == 0, "\(line): \(run.error)")
    let validated = try folds(summary(run)).reduce(0) { $0 + $1["validation_count"]! }
    #expect(Int(validated) == rows(try workspace.read("p.csv")).count)
    #expect(String(decoding: try workspace.read("r.html"), as: UTF8.self).contains("<h3>Cross-validation</h3>"))
  }
}

@Test("Images are divided too, and so are the validation parts of the recipe for tables")
func otherPredictions() throws {
  let workspace = try Workspace()
  try workspace.write(idx([40, 2, 2], (0..<160).map { UInt8($0 % 251) }), to: "images")
  try workspace.write(idx([40], (0..<40).map { UInt8($0 % 3) }), to: "labels")
  let images = try workspace.run("train idx:images,labels --hidden 4 --epochs 2 --folds 4 --predictions p.csv --quiet")
  #expect(images.status == 0, "\(images.error)")
  let answers = rows(try workspace.read("p.csv"))
  #expect(answers.map { $0["actual class"]! } == (0..<40).map { "\($0 % 3)" })
  #expect(Set(answers[0].keys) == ["row", "fold", "actual class", "class", "0", "1", "2"])

  try workspace.write(table(rows: 120) { "\($0 - $1).5" }, to: "t.csv")
  for (options, count, folds) in [("", 24, ["1", "2", "3", "4"]), ("--validation-split 0.25", 30, ["1"])] {
    let run = try workspace.run(
      "train t.csv --hidden 8 --epochs 1 --ensemble 4 --predictions p.csv --quiet \(options)")
    #expect(run.status == 0, "\(run.error)")
    let answers = rows(try workspace.read("p.csv"))
    #expect(answers.count == count && Set(answers.map { $0["fold"]! }) == Set(folds))
    #expect(answers.map { Int($0["row"]!)! } == answers.map { Int($0["row"]!)! }.sorted())
  }
}

@Test(
  "Folds that cannot be made get one clear line, and nothing is written",
  arguments: [
    Mistake("--folds 0", 64, "error: --folds: expected a whole number from 2 to 1000, found \"0\""),
    Mistake("--folds 1", 64, "error: --folds: expected a whole number from 2 to 1000, found \"1\""),
    Mistake("--folds five", 64, "error: --folds: expected a whole number from 2 to 1000, found \"five\""),
    Mistake("--group g", 64, "error: --group needs --folds"),
    Mistake("--time t", 64, "error: --time needs --folds"),
    Mistake("--folds 3 --group g --time t", 64, "error: --group and --time exclude each other"),
    Mistake("--folds 3 --validation t.csv", 64, "error: --folds and --validation exclude each other"),
    Mistake("--folds 3 --validation-split 0.2", 64, "error: --folds and --validation-split exclude each other"),
    Mistake(
      "--folds 600 --ensemble 2", 64,
      "error: --ensemble: 600 folds of 2 networks are more than the 1000 networks of a model; choose fewer"),
    Mistake(
      "--folds 13", 65,
      "error: --folds 13: found 12 samples, expected 13 or more; choose fewer folds, or add rows"),
    Mistake(
      "--folds 5 --group g", 65,
      "error: --folds 5: found 4 groups in the column \"g\", expected 5 or more; choose fewer folds, or add rows"),
    Mistake(
      "--folds 2 --group one", 65,
      """
      error: --folds 2: found one group, which spans all rows, in the column "one", expected 2 or more; choose fewer \
      folds, or add rows
      """),
    Mistake(
      "--folds 3 --time one", 65,
      "error: --folds 3: found one time in the column \"one\", expected 4 or more; choose fewer folds, or add rows"),
    Mistake(
      "--folds 11 --time t", 65,
      "error: --folds 11: the network of fold 1 would learn from 1 row,"
        + " expected 2 or more; choose fewer folds, or add rows"
    ),
    Mistake(
      "--folds 3 --group h", 65,
      """
      error: t.csv: found no column "h", expected one of "a", "t", "g", "one", "gaps", "text", "y"; correct the name
      """),
    Mistake(
      "--folds 3 --time h", 65,
      """
      error: t.csv: found no column "h", expected one of "a", "t", "g", "one", "gaps", "text", "y"; correct the name
      """),
    Mistake(
      "--folds 3 --group y", 65,
      """
      error: t.csv: found the column "y" named twice, as the target, which is the last column unless another is named, \
      and by --group, expected once; correct the names
      """),
    Mistake(
      "--folds 3 --time a --target a", 65,
      """
      error: t.csv: found the column "a" named twice, as the target and by --time, expected once; correct the names
      """),
    Mistake(
      "--folds 3 --group g --only a,g", 65,
      """
      error: t.csv: found the column "g" named twice, among the only ones to use and by --group, expected once; \
      correct the names
      """),
    Mistake(
      "--folds 3 --group gaps", 65,
      """
      error: t.csv, line 4, column "gaps" (field 5): found an empty field, expected a group; fill in the group or \
      remove the row
      """),
    Mistake(
      "--folds 3 --time gaps", 65,
      """
      error: t.csv, line 4, column "gaps" (field 5): found an empty field, expected a number; fill in the value or \
      remove the row
      """),
    Mistake(
      "--folds 3 --time text", 65,
      """
      error: t.csv, column "text": found text, such as "w0", expected numbers, dates or times; name another column, or \
      write dates as YYYY-MM-DD (--time)
      """),
    Mistake(
      "--predictions p.csv", 64,
      "error: --predictions needs rows of DATA that are held out; add --folds or --validation-split"),
    Mistake("--folds 3 --predictions t.csv", 64, "error: --predictions t.csv is the data; name another file"),
    Mistake("--folds 3 -o p --predictions p", 64, "error: --predictions p is the file of -o; name another file"),
    Mistake(
      "--folds 3 --predictions none/p", 74,
      """
      error: none/p: cannot be written: No such file or directory; choose another path, or free space or permissions \
      there
      """),
  ])
func foldMistake(_ mistake: Mistake) throws {
  let workspace = try Workspace()
  let lines = (0..<12).map { "\($0 * 5 % 7),\($0),g\($0 % 4),1,\($0 == 2 ? "" : "\($0)"),w\($0 % 3),\($0 % 2)\n" }
  try workspace.write("a,t,g,one,gaps,text,y\n" + lines.joined(), to: "t.csv")
  let result = try workspace.run("train t.csv --recipe plain --epochs 1 \(mistake.line) --quiet")
  let errors = result.errors.split(separator: "\n").filter { $0.hasPrefix("error: ") }
  #expect(errors.map(String.init) == [mistake.error])
  #expect(result.status == mistake.status && result.output.isEmpty)
  #expect(try workspace.files == ["t.csv"])
}

@Test("Columns that decide the folds are for tables", arguments: ["--group", "--time"])
func foldsOfImages(option: String) throws {
  let workspace = try Workspace()
  #expect(
    try workspace.run("train idx:a,b --folds 3 \(option) g").error
      == "error: \(option) is for tables; images have no column with a name")
  #expect(
    try workspace.run("train x.npy --labels y.npy --folds 3 \(option) g").error
      == "error: \(option) is for tables; arrays have no column with a name")
}

@Test("In the order of time, a class is named that comes up in a fold for the first time, though later folds have it")
func laterClass() throws {
  let workspace = try Workspace()
  let rows = (0..<80).map { "\($0),\($0 % 7),\($0 >= 50 && $0 % 3 == 0 ? "late" : $0 % 2 == 0 ? "a" : "b")\n" }
  try workspace.write("t,x,y\n" + rows.joined(), to: "t.csv")
  let run = try workspace.run("train t.csv --recipe plain --epochs 2 --folds 3 --time t")
  #expect(run.status == 0, "\(run.error)")
  let notes = run.errors.split(separator: "\n").filter { $0.hasPrefix("note: fold ") }
  #expect(
    notes == ["note: fold 2: \"late\" does not occur before this fold, so that its network cannot learn it"],
    "\(run.errors)")
}

@Test("A class that only one fold has is named, and columns called row and fold keep their names")
func classOfOneFold() throws {
  let workspace = try Workspace()
  let rows = (0..<60).map { "\($0),\($0 % 7),g\($0 / 10),\($0 < 10 ? "rare" : $0 % 2 == 0 ? "a" : "b")\n" }
  try workspace.write("row,fold,g,y\n" + rows.joined(), to: "t.csv")
  let run = try workspace.run(
    "train t.csv --recipe plain --epochs 2 --folds 6 --group g --id row --predictions p.csv -o m")
  #expect(run.status == 0, "\(run.error)")
  let notes = run.errors.split(separator: "\n").filter { $0.hasPrefix("note: fold ") }
  #expect(
    notes.count == 1
      && notes[0].hasSuffix(
        ": \"rare\" occurs only in this fold, so that its network cannot learn it"),
    "\(run.errors)")
  let header = String(decoding: try workspace.read("p.csv"), as: UTF8.self).split(separator: "\n")[0]
  #expect(header == "row_,fold,row,actual y,y,a,b,rare", "\(header)")
}
