import PerceptronDatasets
import PerceptronFiles
import Tensor
import Testing

private func table(_ text: String) throws -> Table { try Table(Array(text.utf8), path: "t.csv") }

@Test("The task follows from the target")
func inferredTask() throws {
  #expect(try Preparation(fittedOn: table("a,y\n1,cat\n2,dog\n")).task == .classification)
  #expect(try Preparation(fittedOn: table("a,y\n1,0\n2,1\n")).task == .classification)
  #expect(try Preparation(fittedOn: table("a,y\n1,0.5\n2,1\n")).task == .regression)
  let twentyOne = "a,y\n" + (0...20).map { "1,\($0)\n" }.joined()
  #expect(try Preparation(fittedOn: table(twentyOne)).task == .regression)
  #expect(try Preparation(fittedOn: table(twentyOne), task: .classification).outputCount == 21)
}

@Test("Features are scaled by what was fitted, found by name, and the target may be absent")
func features() throws {
  let preparation = try Preparation(fittedOn: table("a,b,y\n1,10,x\n3,30,z\n"))
  // Means 2 and 20, standard deviations 1 and 10; the second table has the columns in another order and one more.
  let features: Matrix<Double> = try preparation.features(of: table("b,more,a\n40,text,2\n"))
  #expect(features == Matrix([0, 2]))
  let samples: Samples<Double> = try preparation.samples(of: table("y,a,b\nz,2,20\n"))
  #expect(samples.targets == Matrix([0, 1]))
}

@Test("A regression's targets are standardised and its answers are not")
func targets() throws {
  let preparation = try Preparation(fittedOn: table("a,y\n1,100.5\n2,300.5\n"), scaling: .minMax)
  let samples: Samples<Double> = try preparation.samples(of: table("a,y\n1,300.5\n2,200.5\n"))
  #expect(samples.targets == [[1, 0]])
  #expect(samples.features == [[0, 1]])
  #expect(preparation.answers(samples.targets) == [[300.5, 200.5]])
}

@Test("What cannot be learnt or does not fit is named")
func errors() throws {
  func line(_ body: () throws -> Void) -> String? {
    (#expect(throws: FileError.self) { try body() })?.description
  }
  let preparation = try Preparation(fittedOn: table("a,y\n1,cat\n2,dog\n"))
  let oneClass =
    "t.csv: found only the class \"cat\" in \"y\", expected at least two;"
    + " add rows of another class, or choose another target"
  #expect(line { _ = try Preparation(fittedOn: table("a,y\n1,cat\n2,cat\n")) } == oneClass)
  let otherLabel =
    "t.csv, line 2, column \"y\": found the label \"cow\", expected one of \"cat\", \"dog\";"
    + " correct the label, or train with rows of that class"
  #expect(line { let _: Samples<Float> = try preparation.samples(of: table("a,y\n1,cow\n")) } == otherLabel)
  #expect(
    line { let _: Matrix<Float> = try preparation.features(of: table("b\n1\n")) }?.contains("found no column \"a\"")
      == true)
  let images = Preparation(
    inputs: .pixels(shape: [2, 2]),
    inputScaling: Scaling(method: .none, offsets: [0, 0, 0, 0], factors: [1, 1, 1, 1]),
    outputs: .classes(["0", "1"], column: nil))
  #expect(
    line { let _: Matrix<Float> = try images.features(of: table("a\n1\n")) }
      == "t.csv: found a table, expected images as in training; give them as idx:IMAGES,LABELS")
}

@Test("Numbers that Float cannot tell apart are scaled before they are rounded")
func largeNumbers() throws {
  let rows = (0..<200).map { "\(1_700_000_000 + $0),\(1_700_000_000 + 2 * $0).5\n" }.joined()
  let table = try table("time,y\n" + rows)
  let samples: Samples<Float> = try Preparation(fittedOn: table).samples(of: table)
  #expect(Set(samples.features.elements).count == 200)
  #expect(Set(samples.targets.elements).count == 200)
}

@Test("Rows that a program holds are prepared like a table's")
func rows() throws {
  let table = try table("a,b,y\n1,10,x\n3,30,z\n")
  let preparation = try Preparation(fittedOn: table)
  let fromTable: Matrix<Double> = try preparation.features(of: table)
  #expect(try preparation.features(of: [[1, 10], [3, 30]]) == fromTable)
  #expect(preparation.classNames == ["x", "z"])
}

@Test("A target of numbers with a missing one is not taken for names")
func missingTarget() throws {
  let error = #expect(throws: FileError.self) { _ = try Preparation(fittedOn: table("a,y\n1,2.5\n2,NA\n")) }
  #expect(error?.description.contains("line 3, column \"y\" (field 2): found \"NA\"") == true)
}
