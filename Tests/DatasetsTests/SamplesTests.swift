import PerceptronDatasets
import Tensor
import Testing

@Suite struct SamplesTests {
  @Test func `features and targets of as many samples are joined`() {
    let features = Matrix<Float>(rows: 3, columns: 5, repeating: 2)
    let targets = Matrix<Float>(rows: 1, columns: 5)
    let samples = Samples(features: features, targets: targets)
    #expect(samples.count == 5 && samples.features == features && samples.targets == targets)
  }

  @Test func `labels become unit vectors`() {
    let matrix: Matrix<Double> = oneHot([2, 0, 2], classes: 3)
    #expect(matrix.rows == 3 && matrix.columns == 3)
    for (sample, label) in [2, 0, 2].enumerated() {
      for row in 0..<3 { #expect(matrix[row, sample] == (row == label ? 1 : 0)) }
    }
  }

  @Test func `misuse ends the program`() async {
    let counts = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Samples(features: Matrix<Float>(rows: 1, columns: 2), targets: Matrix<Float>(rows: 1, columns: 3))
    }
    #expect(
      standardError(counts).contains(
        "cannot join 1×2 features and 1×3 targets: they differ in the number of samples"))
    let label = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let matrix: Matrix<Float> = oneHot([3], classes: 3)
      _ = matrix
    }
    #expect(
      standardError(label).contains(
        "cannot encode label 3 of sample 0: there are 3 classes"))
  }
}

func standardError(_ result: ExitTest.Result?) -> String {
  String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
}
