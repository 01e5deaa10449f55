import PerceptronDatasets
import PerceptronFiles
import Tensor
import Testing

private func table(_ text: String) throws -> Table { try Table(Array(text.utf8), path: "t.csv") }

/// The warnings that the body gives, as lines.
private func warnings(_ body: ((DataWarning) -> Void) throws -> Void) rethrows -> [String] {
  var lines: [String] = []
  try body { lines.append("\($0)") }
  return lines
}

@Suite struct MixedTableTests {
  @Test func `text becomes a feature for each value, ordered, and numbers stay where they are`() throws {
    let preparation = try Preparation(
      fittedOn: table("sex,size,y\nM,1,0.5\nF,3,1\nI,5,2\nM,7,3\n"), scaling: .none)
    #expect(
      preparation.inputs
        == .columns([.category(name: "sex", values: ["F", "I", "M"]), .number(name: "size", mean: 4)]))
    #expect(preparation.inputCount == 4)
    let features: Matrix<Float> = try preparation.features(of: table("size,sex\n2,I\n4,M\n6,F\n"))
    #expect(features == [[0, 0, 1], [1, 0, 0], [0, 1, 0], [2, 4, 6]])
  }

  @Test func `texts that were not there in training have no feature, and a warning for each column`() throws {
    let preparation = try Preparation(fittedOn: table("a,b,y\nu,k,1\nv,l,2\nu,k,3\n"), scaling: .none)
    let lines = try warnings { warn in
      let new = try table("a,b\nu,k\nw,7\n,l\n")
      let features: Matrix<Float> = try preparation.features(of: new, warn: warn)
      #expect(features == [[1, 0, 0], [0, 0, 0], [1, 0, 0], [0, 0, 1]])
    }
    #expect(
      lines == [
        "t.csv, line 3, column \"a\": found \"w\", which did not occur in training; it counts as an unknown string"
          + " (2 rows hold such strings)",
        "t.csv, line 3, column \"b\": found \"7\", which did not occur in training;"
          + " it counts as an unknown string",
      ])
  }

  @Test func `numbers among texts are the same texts where all of a table's are numbers`() throws {
    let preparation = try Preparation(fittedOn: table("a,y\n1,0\nx,1\n2.0,0\n"), scaling: .none)
    let features: Matrix<Float> = try preparation.features(of: table("a\n1.0\n2\n"))
    #expect(features == [[1, 0], [0, 1], [0, 0]])
  }

  @Test func `missing numbers become the training mean, missing texts a category`() throws {
    let preparation = try Preparation(
      fittedOn: table("a,b,y\n1,u,1\nNA,?,2\n3,,3\n,v,4\n5,u,5\n"), scaling: .standard)
    // The mean is 3; with it in the two places the variance is 8/5.
    #expect(
      preparation.inputs == .columns([.number(name: "a", mean: 3), .category(name: "b", values: ["", "u", "v"])]))
    let deviation = (8.0 / 5).squareRoot()
    let features: Matrix<Double> = try preparation.features(of: table("a,b\nnull,u\n4,NaN\n"))
    #expect(features == [[0, 1 / deviation], [0, 1], [1, 0], [0, 0]])
  }

  @Test func `rows that a program holds are prepared like a table's, missing fields and new texts too`() throws {
    let preparation = try Preparation(fittedOn: table("a,b,y\n1,u,1\n3,v,2\n,,3\n"))
    let fromTable: Matrix<Double> = try preparation.features(of: table("a,b\n1,v\nNA,w\n2.5,\n"))
    let fromRows: Matrix<Double> = try preparation.features(of: [[1, "v"], [nil, "w"], [2.5, nil]])
    #expect(fromRows == fromTable)
    #expect(try preparation.features(of: [[.number(.nan), "w"]]) == fromTable[columns: 1..<2])
  }

  @Test func `several targets of numbers are one regression, each with its own scale`() throws {
    let data = try table("y,a,z\n1,1,100.5\n3,2,300.5\n")
    let preparation = try Preparation(fittedOn: data, target: "z,1")
    guard case .values(let columns, let scaling) = preparation.outputs else {
      Issue.record("\(preparation.outputs)")
      return
    }
    #expect(columns == ["z", "y"] && scaling.offsets == [200.5, 2] && preparation.outputCount == 2)
    let samples: Samples<Double> = try preparation.samples(of: data)
    #expect(samples.targets == [[-1, 1], [-1, 1]])
    #expect(preparation.answers(samples.targets) == [[100.5, 300.5], [1, 3]])
  }

  @Test func `several targets of two classes each are questions of their own`() throws {
    let data = try table("a,p,q\n1,no,1\n2,yes,0\n3,no,0\n4,yes,1\n")
    let preparation = try Preparation(fittedOn: data, target: "p,q")
    #expect(preparation.outputs == .labels(columns: ["p", "q"], classes: [["no", "yes"], ["0", "1"]]))
    #expect(preparation.task == .classification && preparation.outputCount == 2)
    let samples: Samples<Float> = try preparation.samples(of: data)
    #expect(samples.targets == [[0, 1, 0, 1], [1, 0, 0, 1]])
    // Whole numbers of more than two values are no questions.
    #expect(try Preparation(fittedOn: table("a,p,q\n1,0,1\n2,1,2\n3,0,3\n"), target: "p,q").task == .regression)
  }

  @Test func `sample weights are no feature`() throws {
    let data = try table("a,w,y\n1,0.5,u\n2,0,v\n3,2,u\n")
    let preparation = try Preparation(fittedOn: data, sampleWeight: "w")
    #expect(preparation.inputCount == 1)
    let samples: Samples<Float> = try preparation.samples(of: data, sampleWeight: "w")
    #expect(samples.weights == [[0.5, 0, 2]])
    #expect(samples.gathered([2, 0]).weights == [[2, 0.5]])
    #expect((try preparation.samples(of: table("a,y\n1,u\n")) as Samples<Float>).weights == nil)
  }

  @Test func `what is odd is said in one line each`() throws {
    let rows = (0..<30).map {
      "\($0),\($0 == 7 ? "x1" : String($0)),c,5,\($0 == 3 ? "rare" : $0 % 2 == 0 ? "u" : "v")\n"
    }
    let lines = try warnings { warn in
      _ = try Preparation(fittedOn: table("a,b,c,d,y\n" + rows.joined()), warn: warn)
    }
    #expect(
      lines == [
        "t.csv, line 9, column \"b\" (field 2): found \"x1\" among numbers; it counts as missing;"
          + " correct the field if it is a mistake",
        "t.csv: the first column, \"a\", only counts the rows; leave it out unless it means something",
        "t.csv: found the same value in every row of 2 columns: \"c\", \"d\"; nothing can be learnt from that",
        "t.csv, column \"y\": found only one row of the class \"rare\"; add rows, or merge classes",
      ])
    // A column of few texts and many missing fields is not one of numbers.
    let sparse = "a,y\n" + (0..<30).map { "\($0 == 7 ? "x" : $0 == 8 ? "z" : ""),\($0 % 2)\n" }.joined()
    #expect(try warnings { warn in _ = try Preparation(fittedOn: table(sparse), warn: warn) } == [])
    let constant = try table("a,b,y\n1,2.5,0.5\n2,3.5,0.5\n")
    #expect(
      try warnings { warn in _ = try Preparation(fittedOn: constant, target: "b,y", task: .regression, warn: warn) }
        == [
          "t.csv: found the same value in every row of the column \"y\"; nothing can be learnt from that"
        ])
  }
}

/// A table that cannot be learnt from, with the options it is given, and the line that says so.
struct BadTable: Sendable, CustomTestStringConvertible {
  let text: String
  var target: String?
  var weight: String?
  var task: Preparation.Task?
  let line: String

  var testDescription: String { line }
}

@Suite struct BadTableTests {
  @Test(arguments: [
    BadTable(
      text: "a,y\n1,u\ninf,v\n",
      line: "t.csv, line 3, column \"a\" (field 1): found \"inf\", expected a finite number within range;"
        + " correct the field or remove the row"),
    BadTable(
      text: "a,y\n1,1.5\n2,-Infinity\n", task: .regression,
      line: "t.csv, line 3, column \"y\" (field 2): found \"-Infinity\", expected a finite number within range;"
        + " correct the field or remove the row"),
    BadTable(
      text: "a,y\n1,\n2,u\n",
      line: "t.csv, line 2, column \"y\" (field 2): found an empty field, expected a class label;"
        + " fill in the label or remove the row"),
    BadTable(
      text: "a,y\n1,1.5\n2,?\n",
      line: "t.csv, line 3, column \"y\" (field 2): found \"?\", expected a number;"
        + " correct the field, or remove the column or the row"),
    BadTable(
      text: "a,y,z\n1,2,3\n", target: "y,y",
      line:
        "t.csv: found the column \"y\" named twice, each time as the target, expected once;"
        + " correct the names"),
    BadTable(
      text: "a,y,z\n1,2,3\n", target: "y", weight: "y",
      line:
        "t.csv: found the column \"y\" named twice, as the target and as the sample weights,"
        + " expected once; correct the names"),
    BadTable(
      text: "a,y,z\n1,u,0\n2,v,1\n3,w,1\n", target: "y,z",
      line: "t.csv: found 3 different values in the target \"y\", expected two, because several targets are"
        + " classified; name one target, or make it a regression if all are numbers"),
    BadTable(
      text: "a,w,y\n1,1,2.5\n2,-2,3\n", weight: "w",
      line: "t.csv, line 3, column \"w\": found the sample weight -2.0, expected 0 or more; correct the weight"),
    BadTable(
      text: "a,w,y\n1,0,2.5\n2,0,3\n", weight: "w",
      line: "t.csv: found no sample weight above 0 in the column \"w\", expected at least one; correct the weights"),
    BadTable(
      text: "a,w,y\n1,1,2.5\n2,,3\n", weight: "w",
      line: "t.csv, line 3, column \"w\" (field 2): found an empty field, expected a number;"
        + " fill in the value or remove the row"),
    BadTable(
      text: "a,y\n1,2\n", target: "b",
      line: "t.csv: found no column \"b\", expected one of \"a\", \"y\" or a number from 1 to 2; correct the name"),
    BadTable(
      text: "name,y\n" + (0...1000).map { "n\($0),\($0 % 2)\n" }.joined(),
      line: "t.csv: found no column to learn from: each is left out, as the warnings say;"
        + " add columns of numbers, or of strings that repeat"),
  ])
  func `a table that cannot be learnt from is refused in one line`(_ bad: BadTable) {
    let error = #expect(throws: FileError.self) {
      let table = try Table(Array(bad.text.utf8), path: "t.csv")
      let preparation = try Preparation(
        fittedOn: table, target: bad.target, task: bad.task, sampleWeight: bad.weight)
      let _: Samples<Float> = try preparation.samples(of: table, sampleWeight: bad.weight)
    }
    #expect(error?.description == bad.line)
    #expect(error?.kind == .badData)
  }

  @Test func `a field of ten megabytes is taken for a missing quote`() {
    let long = String(repeating: "x", count: 10_000_000)
    for text in ["a,b\n1,2\n3,\(long)\n", "a,b\n1,2\n3,\"\(long)\"\n"] {
      let expected =
        "t.csv, line 3, field 2: found a field of more than 1048576 bytes, which is the limit;"
        + " a closing \" or a line end may be missing"
      #expect(
        #expect(throws: FileError.self) { _ = try Table(Array(text.utf8), path: "t.csv") }?.description
          == expected)
    }
  }

  @Test func `text in a column of numbers is refused in later data`() throws {
    let preparation = try Preparation(fittedOn: Table(Array("a,b,y\n1,2,u\n3,4,v\n".utf8), path: "t.csv"))
    let later = try Table(Array("y,b,a\nu,2,x\n".utf8), path: "later.csv")
    #expect(
      #expect(throws: FileError.self) { let _: Matrix<Float> = try preparation.features(of: later) }?.description
        == "later.csv, line 2, column \"a\" (field 3): found \"x\", expected a number;"
        + " correct the field, or remove the column or the row")
  }
}
