import PerceptronDatasets
import PerceptronFiles
import Tensor
import Testing

private func table(_ text: String) throws -> Table { try Table(Array(text.utf8), path: "t.csv") }

/// A table of a column `a` with these fields, numbers in `b`, and a target.
private func table(of fields: [String], header: String = "a,b,y\n") throws -> Table {
  try table(
    header + fields.enumerated().map { "\"\($1)\",\($0 * 7 % 5).5,\($0 % 2 == 0 ? "u" : "v")\n" }.joined())
}

private func fitted(
  _ fields: [String], _ options: ColumnOptions = ColumnOptions(), scaling: Scaling.Method = .none
) throws -> (preparation: Preparation, warnings: [String]) {
  var lines: [String] = []
  let preparation = try Preparation(
    fittedOn: table(of: fields), scaling: scaling, options: options, warn: { lines.append("\($0)") })
  return (preparation, lines)
}

/// The first column of features.
private func first(_ preparation: Preparation) -> InputColumn? {
  if case .columns(let columns) = preparation.inputs { columns[0] } else { nil }
}

/// The mean of the first column.
private func mean(_ preparation: Preparation) -> Double {
  if case .number(_, let mean, .plain, []) = first(preparation) { mean ?? .nan } else { .nan }
}

@Suite struct ColumnTests {
  @Test func `numbers with thousands are numbers in training, later and in a service`() throws {
    let fields = (0..<30).map { "\($0 % 10 + 1),\(100 + $0).50" }
    let (preparation, warnings) = try fitted(fields)
    #expect(warnings == ["t.csv, column \"a\": read as commas between thousands"])
    let later: Matrix<Double> = try preparation.features(of: table("a,b\n\"2,000.5\",1\n7,2\nNA,3\n"))
    let mean = fields.reduce(0) { $0 + Double($1.replacing(",", with: ""))! } / 30
    #expect(later[0, 0] == 2000.5 && later[0, 1] == 7 && abs(later[0, 2] - mean) < 1e-9)
    #expect(try preparation.features(of: [["2,000.5", 1], [7, 2], [nil, 3]]) == later)
    #expect(throws: RowError.self) { let _: Matrix<Double> = try preparation.features(of: [["2.000,5", 1]]) }
  }

  @Test func `plain numbers are no numbers with a decimal comma`() throws {
    let (preparation, _) = try fitted((0..<30).map { "\($0),5" })
    let later: Matrix<Double> = try preparation.features(of: table("a,b\n\"1.000,5\",1\n\"2,5\",2\n"))
    #expect(later[0, 0] == 1000.5 && later[0, 1] == 2.5)
    let error = #expect(throws: FileError.self) {
      let _: Matrix<Double> = try preparation.features(of: table("a,b\n1.234,1\n"))
    }
    let expected =
      "t.csv, line 2, column \"a\": found a plain number, expected a decimal comma as in training;"
      + " read the table in the format of the preparation"
    #expect(error?.description == expected)
  }

  @Test func `one column that is surely written with commas settles another`() throws {
    let rows = (0..<12).map { "\"\($0),25\",\"\($0 + 1),234\",\($0).5\n" }.joined()
    let preparation = try Preparation(fittedOn: table("a,b,y\n" + rows), scaling: .none)
    guard case .columns(let columns) = preparation.inputs, case .number(_, _, let format, _) = columns[1] else {
      Issue.record("\(preparation.inputs)")
      return
    }
    #expect(format.number("1,234") == 1.234)
    var lines: [String] = []
    let alone = (0..<12).map { "\"\($0 + 1),234\",\($0).5\n" }.joined()
    _ = try Preparation(fittedOn: table("b,y\n" + alone), warn: { lines.append("\($0)") })
    let expected =
      "t.csv, line 2, column \"b\": found \"1,234\", which can be read in two ways;"
      + " it is read as commas between thousands; say how numbers are written if that is wrong"
    #expect(lines.first == expected)
  }

  @Test func `dates become numbers, and what is missing their means`() throws {
    let (preparation, warnings) = try fitted((1...28).map { "2024-02-\($0 < 10 ? "0" : "")\($0)" })
    #expect(warnings == ["t.csv, column \"a\": read as dates YYYY-MM-DD (as year, month, weekday)"])
    #expect(preparation.inputCount == 4)
    let features: Matrix<Double> = try preparation.features(of: table("a,b\n2024-02-29,1\n,1\n"))
    // The month was the same in all rows and says nothing; the mean weekday of four whole weeks is 4.
    #expect(abs(features[0, 0] - (2024 + 59.0 / 366)) < 1e-9 && features[1, 0] == 0 && features[2, 0] == 4)
    #expect(abs(features[0, 1] - (2024 + 44.5 / 366)) < 1e-9 && features[1, 1] == 0 && features[2, 1] == 4)
    let fromRow: Matrix<Double> = try preparation.features(of: [["2024-02-29", 1], [nil, 1]])
    #expect(fromRow == features)
    let error = #expect(throws: FileError.self) {
      let _: Matrix<Double> = try preparation.features(of: table("a,b\n29.2.2024,1\n"))
    }
    let expected =
      "t.csv, line 2, column \"a\" (field 1): found \"29.2.2024\", expected a date as in training (Y-M-D);"
      + " correct the field or leave it empty"
    #expect(error?.description == expected)
  }

  @Test(arguments: [
    "N/A", "n/a", "#N/A", "<NA>", "NULL", "null", "NaT", "nan", "-NaN", "?", "", "None", "none", "-1.#IND",
  ])
  func `a usual spelling of missing among numbers is missing`(_ spelling: String) throws {
    let (preparation, warnings) = try fitted((0..<30).map { $0 % 3 == 0 ? spelling : "\($0)" })
    // The mean of those from 0 to 29 that are no multiples of 3 is 15.
    #expect(abs(mean(preparation) - 15) < 1e-12)
    #expect(warnings == [])
  }

  @Test func `a few other texts among numbers are missing, with a warning that names the first`() throws {
    let fields = (0..<30).map { $0 % 3 == 1 ? "unknown" : "\($0).25" }
    let (preparation, warnings) = try fitted(fields)
    let expected =
      "t.csv, line 3, column \"a\" (field 1): found \"unknown\" among numbers;"
      + " it counts as missing, and so do 9 more fields; correct the field if it is a mistake"
    #expect(warnings == [expected])
    let features: Matrix<Double> = try preparation.features(of: table("a,b\nunknown,1\n"))
    // Of the numbers left, 0, 2, 3, 5, …, 29, the mean is 14.5, and each has a quarter more.
    #expect(abs(features[0, 0] - 14.75) < 1e-9)
    #expect(throws: FileError.self) { let _: Matrix<Double> = try preparation.features(of: table("a,b\nother,1\n")) }
  }

  @Test func `spellings of missing are chosen`() throws {
    let fields = (0..<30).map { $0 % 3 == 0 ? "-999" : "\($0)" }
    let (preparation, _) = try fitted(fields, ColumnOptions(missing: MissingSpellings(additional: ["-999"])))
    #expect(abs(mean(preparation) - 15) < 1e-12)
    let features: Matrix<Double> = try preparation.features(of: [[-999, 1], ["-999.0", 1]])
    #expect(abs(features[0, 0] - 15) < 1e-12 && features[0, 1] == features[0, 0])
    let codes = (0..<30).map { ["NA", "DE", "FR"][$0 % 3] }
    let usual = try fitted(codes).preparation
    #expect(first(usual) == .category(name: "a", values: ["", "DE", "FR"]))
    let excluded = try fitted(codes, ColumnOptions(missing: MissingSpellings(excluded: ["NA"]))).preparation
    #expect(
      first(excluded) == .category(name: "a", values: ["DE", "FR", "NA"]))
  }

  @Test func `texts that nearly never repeat and columns without values are left out`() throws {
    let (preparation, warnings) = try fitted((0..<40).map { "name \($0)" })
    #expect(first(preparation)?.name == "b" && preparation.ignored == ["a"])
    let expected =
      "t.csv: column \"a\" is left out: its strings, for example \"name 0\", almost never repeat;"
      + " if they are numbers or dates, write them as plain ones"
    #expect(warnings == [expected])
    let row: Matrix<Double> = try preparation.features(of: [[1]])
    #expect(row == [[1]])
    let empty = try fitted((0..<40).map { _ in "" })
    #expect(empty.preparation.ignored == ["a"])
    #expect(empty.warnings == ["t.csv: column \"a\" is left out: no row has a value there"])
  }

  @Test func `rare texts have one feature together, and so have new ones`() throws {
    // 20 texts in three rows each, and 10 in one.
    let fields = (0..<60).map { "t\($0 % 20)" } + (0..<10).map { "rare\($0)" }
    let (preparation, warnings) = try fitted(fields)
    guard case .columns(let columns) = preparation.inputs, case .category(_, let values, let gathersOthers) = columns[0]
    else {
      Issue.record("\(preparation.inputs)")
      return
    }
    #expect(values.count == 20 && gathersOthers && preparation.inputCount == 22)
    #expect(warnings == ["t.csv, column \"a\": 10 rare strings count as one"])
    let features: Matrix<Double> = try preparation.features(of: [["rare3", 1], ["new", 1], ["t0", 1]])
    #expect(features[20, 0] == 1 && features[20, 1] == 1 && features[20, 2] == 0 && features[0, 2] == 1)
    let few = try fitted(fields, ColumnOptions(maximumCategories: 5)).preparation
    #expect(few.inputCount == 7)
    let frequent = try fitted(fields, ColumnOptions(minimumFrequency: 1)).preparation
    #expect(frequent.inputCount == 31)
  }

  @Test func `true and false in any capitals are two texts`() throws {
    let (preparation, _) = try fitted((0..<30).map { ["True", "false", "TRUE", "FALSE", "true"][$0 % 5] })
    #expect(
      first(preparation) == .category(name: "a", values: ["false", "true"]))
    let features: Matrix<Double> = try preparation.features(of: [["tRUE", 0], ["False", 0]])
    #expect(features == [[0, 1], [1, 0], [0, 0]])
    // One spelling of each stays as it is.
    #expect(
      first(try fitted((0..<30).map { ["TRUE", "FALSE"][$0 % 2] }).preparation)
        == .category(name: "a", values: ["FALSE", "TRUE"]))
    let target = try Preparation(fittedOn: table("a,y\n1,True\n2,FALSE\n3,TRUE\n4,false\n"))
    #expect(target.classNames == ["false", "true"])
    let samples: Samples<Double> = try target.samples(of: table("a,y\n1,true\n2,False\n"))
    #expect(samples.targets == [[0, 1], [1, 0]])
  }

  @Test func `texts that differ in capitals only are told of`() throws {
    let (_, warnings) = try fitted((0..<30).map { ["yes", "no", "Yes"][$0 % 3] })
    let expected =
      "t.csv, column \"a\": found \"Yes\" and \"yes\", which count as different strings;"
      + " correct one of them if they are the same"
    #expect(warnings == [expected])
  }

  @Test func `what was the same in all training rows has no influence later`() throws {
    let (numbers, warnings) = try fitted((0..<30).map { _ in "7.1" }, scaling: .standard)
    #expect(
      warnings == ["t.csv: found the same value in every row of the column \"a\"; nothing can be learnt from that"])
    var lines: [String] = []
    let features: Matrix<Double> = try numbers.features(
      of: table("a,b\n7.1,1\n8,1\n9,1\n"), warn: { lines.append("\($0)") })
    #expect((0..<3).allSatisfy { features[0, $0] == 0 })
    let expected =
      "t.csv, line 3, column \"a\": found \"8\", though the column was \"7.1\" in all training data;"
      + " it has no influence on the answer (2 rows differ)"
    #expect(lines == [expected])
    for scaling in Scaling.Method.allCases {
      let unscaled: Matrix<Double> = try fitted((0..<30).map { _ in "7.1" }, scaling: scaling).preparation.features(
        of: [[8, 1]])
      #expect(unscaled[0, 0] == 0)
    }
    let texts = try fitted((0..<30).map { _ in "same" }).preparation
    lines = []
    let both: Matrix<Double> = try texts.features(of: table("a,b\nsame,1\nother,1\n"), warn: { lines.append("\($0)") })
    #expect(both[0, 0] == 0 && both[0, 1] == 0)
    #expect(lines.count == 1 && lines[0].contains("\"other\", though the column was \"same\""))
  }

  @Test func `columns are chosen by name`() throws {
    let data = try table("id,a,b,y\n" + (0..<12).map { "r\($0),\($0 * 5 % 7).5,\($0 * 3 % 5).5,\($0).25\n" }.joined())
    func names(_ options: ColumnOptions) throws -> [String] {
      guard case .columns(let columns) = try Preparation(fittedOn: data, options: options).inputs else { return [] }
      return columns.map(\.name)
    }
    #expect(try names(ColumnOptions(ignored: ["b"], identifier: "id")) == ["a"])
    #expect(try names(ColumnOptions(only: ["b", "a"])) == ["a", "b"])
    let preparation = try Preparation(fittedOn: data, options: ColumnOptions(identifier: "id"))
    #expect(preparation.identifier == "id" && preparation.ignored == ["id"])
    #expect(throws: FileError.self) { _ = try names(ColumnOptions(ignored: ["c"])) }
    #expect(throws: FileError.self) { _ = try names(ColumnOptions(ignored: ["y"])) }
    #expect(throws: FileError.self) { _ = try names(ColumnOptions(ignored: ["a"], only: ["a"])) }
    #expect(throws: FileError.self) { _ = try names(ColumnOptions(ignored: ["id", "a", "b"])) }
  }

  @Test func `a number that is absurdly far from the others is told of`() throws {
    let fields = (0..<30).map { "\($0 * 7 % 11).25" }
    func lines(_ text: String, _ scaling: Scaling.Method = .standard) throws -> [String] {
      try fitted(fields + [text], scaling: scaling).warnings
    }
    for text in ["1e+300", "-1e+300", "200000000", "-1.7e+308"] {
      #expect(
        try lines(text) == [
          "t.csv, line 32, column \"a\": found \"\(text)\", which is so far from the other numbers that almost nothing"
            + " can be learnt from them; correct the field, or scale by quantiles"
        ])
      #expect(try lines(text, .quantile) == [])
    }
    // The quartiles of 0.25 to 10.25 are less than 11 apart.
    #expect(try lines("1e5") == [])
    // A column that is mostly the same has no distance of its own.
    #expect(try fitted((0..<30).map { $0 < 28 ? "0" : "1e9" }, scaling: .standard).warnings == [])
  }

  @Test func `a last column that only counts the rows is told of as the target`() throws {
    func lines(_ target: String?) throws -> [String] {
      let rows = (0..<30).map { "\($0 * 5 % 7).5,\($0 * 3 % 11).25,\($0)\n" }.joined()
      var lines: [String] = []
      _ = try Preparation(fittedOn: table("a,b,n\n" + rows), target: target, warn: { lines.append("\($0)") })
      return lines
    }
    #expect(
      try lines(nil) == [
        "t.csv: the target, which is the last column, \"n\", only counts the rows; name another"
      ])
    #expect(try lines("n") == [] && lines("b") == [])
  }

  @Test func `a first column that counts the rows is told of`() throws {
    let rows = (0..<12).map { "\($0 + 5),\($0 * 5 % 7).5,\($0 % 2 == 0 ? "u" : "v")\n" }.joined()
    var lines: [String] = []
    _ = try Preparation(fittedOn: table("n,a,y\n" + rows), warn: { lines.append("\($0)") })
    #expect(lines == ["t.csv: the first column, \"n\", only counts the rows; leave it out unless it means something"])
  }

  @Test func `spaces around texts count nowhere`() throws {
    let (preparation, _) = try fitted((0..<30).map { [" red", "red ", "blue"][$0 % 3] })
    #expect(
      first(preparation) == .category(name: "a", values: ["blue", "red"]))
    let features: Matrix<Double> = try preparation.features(of: [[" red ", 0], ["\tblue", 0]])
    #expect(features == [[0, 1], [1, 0], [0, 0]])
  }
}

@Suite struct TargetTests {
  /// A table whose target has these fields.
  private func line(_ fields: [String], _ task: Preparation.Task? = nil) throws -> String? {
    let data = try table("a,y\n" + fields.enumerated().map { "\($0 * 7 % 11).5,\"\($1)\"\n" }.joined())
    do {
      _ = try Preparation(fittedOn: data, task: task)
      return nil
    } catch let error { return error.description }
  }

  @Test func `a few texts in a target of numbers are a mistake that is named`() throws {
    let fields = (0..<40).map { $0 == 17 ? "12.x" : "\($0).5" }
    #expect(
      try line(fields)
        == "t.csv, line 19, column \"y\" (field 2): found \"12.x\", expected a number written as in most rows of this"
        + " target; correct the field or remove the row, or make it a classification if the numbers"
        + " are names of classes")
    #expect(try line(fields, .classification) == nil)
    let missing = (0..<40).map { $0 == 17 ? "N/A" : "\($0).5" }
    #expect(
      try line(missing)?.hasPrefix("t.csv, line 19, column \"y\" (field 2): found \"N/A\", expected a number") == true)
  }

  @Test func `a target of texts that nearly never repeat is refused`() throws {
    let fields = (0..<40).map { "name \($0)" }
    #expect(
      try line(fields)
        == "t.csv: found 40 different strings, such as \"name 0\", in 40 rows of the target \"y\", which are too"
        + " many to be classes;"
        + " write them as plain numbers if they are numbers, choose another target, or make it a classification")
    #expect(try line(fields, .classification) == nil)
    #expect(try line((1...40).map { "2024-01-\($0 % 28 + 10)" })?.contains("dates in the target") == true)
  }

  @Test func `a target with units is a regression in these units`() throws {
    let rows = (0..<30).map { "\($0 * 7 % 11).5,\"$\($0 + 1),000.50\"\n" }.joined()
    let data = try table("a,y\n" + rows)
    let preparation = try Preparation(fittedOn: data)
    guard case .values(_, let scaling) = preparation.outputs else {
      Issue.record("\(preparation.outputs)")
      return
    }
    // 1000.5 to 30000.5 in steps of 1000.
    #expect(abs(scaling.offsets[0] - 15_500.5) < 1e-9)
    #expect(preparation.targetFormats.map(\.description) == ["commas between thousands, $"])
    let samples: Samples<Double> = try preparation.samples(of: table("a,y\n1,15500.5\n2,\"$15,500.50\"\n"))
    #expect(samples.targets.elements.allSatisfy { abs($0) < 1e-12 })
  }

  @Test func `quantiles of equal values are equal`() throws {
    // 0.1 · (1 − p) + 0.1 · p is not 0.1 for every p.
    let values = (0..<3000).map { [0.1, 0.2, 0.3, 0.7, 1.1, 5.3, 7.926_356_589_147_29][$0 * 11 % 7] }
    let scaling = Scaling(.quantile, fittedOn: Matrix<Double>(rows: 1, columns: values.count, columnMajor: values))
    let found = Set(scaling.quantiles[0].values)
    #expect(found.isSuperset(of: Set(values)) && found.count <= 13)
  }

  @Test func `leading zeros of labels stay, and NA may be a label`() throws {
    let codes = (0..<30).map { ["01067", "10115", "04103"][$0 % 3] }
    let rows = codes.enumerated().map { "\($0 * 7 % 11).5,\($1)\n" }.joined()
    #expect(try Preparation(fittedOn: table("a,y\n" + rows)).classNames == ["01067", "04103", "10115"])
    // As a feature it is the number.
    let feature = try Preparation(fittedOn: table("y,a\n" + rows), target: "y", scaling: .none)
    #expect(try feature.features(of: table("a\n01067\n")) == ([[1067]] as Matrix<Double>))
    let countries = (0..<30).map { "\($0 * 7 % 11).5,\(["NA", "DE", "FR"][$0 % 3])\n" }.joined()
    let options = ColumnOptions(missing: MissingSpellings(excluded: ["NA"]))
    #expect(try Preparation(fittedOn: table("a,y\n" + countries), options: options).classNames == ["DE", "FR", "NA"])
    #expect(
      try line((0..<30).map { ["NA", "DE"][$0 % 2] })
        == "t.csv, line 2, column \"y\" (field 2): found \"NA\", expected a class label; fill in the label or remove"
        + " the row, or say so if it is a label")
  }

  /// A number in another format, another currency, without a percent sign, a typing error in a class: what is odd, and
  /// what stands before and behind the others' numbers.
  @Test(arguments: [
    ("3,14", "", ".25"), ("3.14", "", ",25"), ("€5", "$", ".5"), ("0.5", "1", " %"), ("l", "", ""), ("1,5", "", ".956"),
  ])
  func `one odd field in a target is named`(_ odd: String, _ before: String, _ behind: String) throws {
    let fields = (0..<40).map { $0 == 17 ? odd : "\(before)\(behind.isEmpty ? $0 % 2 : $0)\(behind)" }
    #expect(
      try line(fields)?.hasPrefix("t.csv, line 19, column \"y\" (field 2): found \"\(odd)\", expected a number") == true
    )
  }

  @Test func `points stand between thousands beside decimal commas`() throws {
    let rows = (0..<30).map { "\(1 + $0).043;64,\(10 + $0);\($0 * 3)\n" }.joined() + "434;1,5;2\n"
    let plain = try table("a;b;y\n" + rows)
    #expect(plain.columnsOfPossibleThousands(ColumnOptions()) == ["a"])
    var lines: [String] = []
    _ = try Preparation(fittedOn: plain, warn: { lines.append("\($0)") })
    #expect(
      lines.contains {
        $0.contains("column \"a\": found \"1.043\", which can be read in two ways; it is read as plain numbers")
      })
    let texts = try Table(Array(("a;b;y\n" + rows).utf8), path: "t.csv", format: Table.Format(isText: { $0 == "a" }))
    let preparation = try Preparation(fittedOn: texts, scaling: .none)
    #expect(try preparation.features(of: texts)[0, 0] == (1043 as Double))
    #expect(plain.columnsOfPossibleThousands(ColumnOptions(decimal: .comma)) == ["a"])
    #expect(try table("a;y\n1.25;2\n2.043;3\n3.5;4\n").columnsOfPossibleThousands(ColumnOptions(decimal: .comma)) == [])
  }
}
