import PerceptronDatasets
import Tensor
import Testing

@Test("A split takes every sample once, at random and the same for the same seed", arguments: [2, 3, 10, 1001])
func split(count: Int) {
  func drawn(_ seed: UInt64, _ share: Double) -> Split {
    var generator = Philox(seed: seed)
    return Split(count, validationShare: share, using: &generator)
  }
  for share in [0.001, 0.2, 0.999] {
    let split = drawn(1, share)
    #expect((split.training + split.validation).sorted() == Array(0..<count))
    let wanted = min(max(Int((share * Double(count)).rounded()), 1), count - 1)
    #expect(split.validation.count == wanted && split.validation == split.validation.sorted())
    #expect(split == drawn(1, share))
  }
  if count > 100 { #expect(drawn(1, 0.2) != drawn(2, 0.2)) }
}

@Test("Only the training rows decide how features and values are prepared")
func fittedOnTrainingRows() throws {
  func table(_ text: String) throws -> Table { try Table(Array(text.utf8), path: "t.csv") }
  let whole = try table("a,t,y\n1,red,0.5\n900,blue,70\n3,red,1.5\n,green,90\n")
  let preparation = try Preparation(fittedOn: whole, samples: [0, 2])
  #expect(preparation == (try Preparation(fittedOn: table("a,t,y\n1,red,0.5\n3,red,1.5\n"))))
  // Class names are those of all rows.
  let classes = try Preparation(fittedOn: table("a,y\n1,x\n2,z\n4,x\n"), samples: [0, 2], task: .classification)
  #expect(classes.classNames == ["x", "z"] && classes.inputScaling.offsets == [2.5])
}
