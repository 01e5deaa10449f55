import PerceptronDatasets
import PerceptronLayers
import PerceptronModelFiles
import Tensor

// Models that the tests of serving ask.

/// Networks from the seeds 0, 1, … with random weights and biases, of features that are scaled, some of them texts.
func mixedModel<Scalar: BLASScalar>(
  _: Scalar.Type, networks count: Int = 1, seed: UInt64 = 0, uniformShare: Double = 0
) -> TrainedModel<Scalar> {
  TrainedModel(
    networks: networks([5, 40, 33, 3], .softmax, count, seed), loss: .crossEntropy,
    preparation: Preparation(
      inputs: .columns([
        .number(name: "length", mean: 4), .category(name: "color", values: ["", "red", "7"]),
        .number(name: "width", mean: 0.5),
      ]),
      inputScaling: Scaling(method: .standard, offsets: [3, 1], factors: [0.5, 2]),
      outputs: .classes(["a", "b", "c"], column: "kind")), uniformShare: uniformShare)
}

/// A regression of two values from numbers alone.
func numericModel<Scalar: BLASScalar>(
  _: Scalar.Type, sizes: [Int] = [6, 50, 20, 2], networks count: Int = 1, seed: UInt64 = 0,
  scaling: Scaling.Method = .standard
) -> TrainedModel<Scalar> {
  let (inputs, outputs) = (sizes.first!, sizes.last!)
  return TrainedModel(
    networks: networks(sizes, .identity, count, seed), loss: .meanSquaredError,
    preparation: Preparation(
      inputs: .columns((0..<inputs).map { .number(name: "x\($0)", mean: Double($0)) }),
      inputScaling: Scaling(
        method: scaling, offsets: (0..<inputs).map { scaling == .none ? 0 : Double($0 % 3) },
        factors: (0..<inputs).map { scaling == .none ? 1 : 1 / Double($0 % 4 + 1) }),
      outputs: .values(
        columns: (0..<outputs).map { "y\($0)" },
        scaling: Scaling(
          method: .standard, offsets: (0..<outputs).map { 10 * Double($0) }, factors: (0..<outputs).map { _ in 0.25 })))
  )
}

private func networks<Scalar>(_ sizes: [Int], _ output: Activation, _ count: Int, _ seed: UInt64) -> [Network<Scalar>] {
  (0..<count).map { number in
    var generator = Philox(seed: seed + UInt64(number))
    return Network(.chain(sizes, hidden: .relu, output: output), initializer: .normal, using: &generator)
  }
}

/// Random numbers, features × samples.
func randomSamples<Scalar>(_ rows: Int, _ count: Int, seed: UInt64 = 1) -> Matrix<Scalar> {
  var generator = Philox(seed: seed)
  var samples = Matrix<Scalar>(rows: rows, columns: count)
  samples.fillNormal(using: &generator)
  return samples
}
