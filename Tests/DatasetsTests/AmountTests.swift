import PerceptronDatasets
import PerceptronFiles
import Tensor
import Testing

private func table(_ text: String) throws -> Table { try Table(Array(text.utf8), path: "t.csv") }

private func error(_ body: () throws -> Void) -> String? {
  do { try body() } catch { return "\(error)" }
  return nil
}

@Suite("Targets of losses for counts and amounts") struct AmountTests {
  @Test func `are divided by the mean of the training rows, and never shifted`() throws {
    let data = try table("a,y\n1,0\n2,3\n3,0\n4,9\n5,100\n")
    let preparation = try Preparation(fittedOn: data, samples: [0, 1, 2, 3], loss: .poisson)
    guard case .values(["y"], let scaling) = preparation.outputs else {
      Issue.record("\(preparation.outputs)")
      return
    }
    #expect(scaling.method == .mean && scaling.offsets == [0] && scaling.factors == [1 / 3.0])
    let samples = try preparation.samples(of: data, as: Double.self)
    for (found, expected) in zip(samples.targets.elements, [0, 1, 0, 3, 100 / 3.0]) {
      #expect(abs(found - expected) <= 1e-15 * expected)
    }
    #expect(preparation.answers(samples.targets).elements.map { ($0 * 1e9).rounded() / 1e9 } == [0, 3, 0, 9, 100])
  }

  @Test func `are numbers even if they are few, unless they are called classes`() throws {
    let data = try table("a,y\n1,0\n2,1\n3,2\n4,1\n")
    #expect(try Preparation(fittedOn: data).task == .classification)
    #expect(try Preparation(fittedOn: data, loss: .tweedie(1.5)).task == .regression)
    #expect(try Preparation(fittedOn: data, task: .classification, loss: .poisson).task == .classification)
  }

  @Test func `are refused below 0, also in later tables and in rows for validation`() throws {
    let bad = "a,y,z\n1,0.5,1\n2,3,2\n3,-2.5,1\n"
    let expected =
      "t.csv, line 4, column \"y\": found the target -2.5, expected 0 or more, because the loss is for counts, rates"
      + " and amounts; correct the target, or choose another loss"
    #expect(
      error { _ = try Preparation(fittedOn: table(bad), samples: [0, 1], target: "z,y", loss: .poisson) } == expected)
    let preparation = try Preparation(fittedOn: table("a,y\n1,0.5\n2,3\n"), loss: .poisson)
    #expect(error { _ = try preparation.samples(of: table(bad), as: Float.self) } == expected)
    #expect(
      error { _ = try Preparation(fittedOn: table("a,y\n1,0\n2,0\n3,1\n"), samples: [0, 1], loss: .poisson) }
        == "t.csv: found no number above 0 in the target \"y\", expected at least one, because the loss is for counts,"
        + " rates and amounts; choose another loss")
  }
}

@Test("Quantiles have an output for each level of each target, and targets repeat")
func quantileTargets() throws {
  let data = try table("a,y,z\n1,0,5\n2,3,6\n3,0,7\n")
  let preparation = try Preparation(fittedOn: data, target: "y,z", loss: .quantiles([0.25, 0.75]))
  guard case .quantiles(["y", "z"], [0.25, 0.75], let scaling) = preparation.outputs else {
    Issue.record("\(preparation.outputs)")
    return
  }
  #expect(scaling.method == .standard && scaling.offsets == [1, 6] && preparation.outputCount == 4)
  let samples = try preparation.samples(of: data, as: Double.self)
  #expect(samples.targets.rows == 4)
  let answers = preparation.answers(samples.targets)
  for (row, expected) in [[0.0, 3, 0], [0, 3, 0], [5, 6, 7], [5, 6, 7]].enumerated() {
    for sample in 0..<3 { #expect(abs(answers[row, sample] - expected[sample]) < 1e-14) }
  }
}
