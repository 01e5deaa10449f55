import Perceptron
import PerceptronContestant

/// Predicts batch after batch of a workload's samples; the first batch follows the last.
struct RotatingPredictions {
  private let predictor: Predictor<Float>
  private let batches: [Matrix<Float>]  // each inputs × batch
  private let expected: [Matrix<Float>]  // each outputs × batch
  private var answers: Matrix<Double>
  private var next = 0
  private var last = 0
  /// The greatest difference from the expected outputs. It covers every sample before the clock first starts, and the
  /// last batch of each run.
  private var difference = 0.0

  init(_ task: ContestTask, team: Team) throws {
    predictor = Predictor(try task.model(), team: team)
    let (batch, samples) = (task.workload.batch, task.workload.samples)
    let (inputSize, outputSize) = (task.workload.sizes.first!, task.workload.sizes.last!)
    let features: Matrix<Float> = try task.matrix("features.f32", inputSize, samples)
    let targets: Matrix<Float> = try task.matrix("targets.f32", outputSize, samples)
    let parts = stride(from: 0, to: samples, by: batch).map { Array($0..<$0 + batch) }
    batches = parts.map { features.gathered($0) }
    expected = parts.map { targets.gathered($0) }
    answers = Matrix(rows: outputSize, columns: batch)
    for _ in parts {
      try run(1)
      _ = compare()
    }
  }

  mutating func run(_ count: Int) throws {
    for _ in 0..<count {
      last = next
      try predictor.predict(batches[next], into: &answers)
      next += 1
      if next == batches.count { next = 0 }
    }
  }

  /// The greatest difference, including the answers of the last batch.
  mutating func compare() -> Double {
    for (answer, target) in zip(answers.elements, expected[last].elements) {
      difference = max(difference, (answer - Double(target)).magnitude)
    }
    return difference
  }
}
