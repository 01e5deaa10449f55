import Datasets
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
    (#expect(throws: DataError.self) { try body() })?.description
  }
  let preparation = try Preparation(fittedOn: table("a,y\n1,cat\n2,dog\n"))
  #expect(
    line { _ = try Preparation(fittedOn: table("a,y\n1,cat\n2,cat\n")) }
      == "t.csv: found the one class \"cat\" in \"y\", expected at least two; add rows of another class, or choose another target"
  )
  #expect(
    line { let _: Samples<Float> = try preparation.samples(of: table("a,y\n1,cow\n")) }
      == "t.csv, line 2, column \"y\": found the label \"cow\", expected one of \"cat\", \"dog\"; correct the label, or train with rows of that class"
  )
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
