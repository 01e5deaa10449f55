import Foundation
import PerceptronDatasets
import PerceptronFiles
import PerceptronLayers
import PerceptronModelFiles
import PerceptronServing
import PerceptronTraining
import Tensor
import Testing

private let table = try! Table(Array("a,y,z\n1,0,5\n2,3,6\n3,-1,7\n4,90,-90\n".utf8), path: "t.csv")

/// A model that hands its two features on as outputs.
private func model<Scalar>(limitsAnswers: Bool, loss: Loss = .meanSquaredError) throws -> TrainedModel<Scalar> {
  let preparation = try Preparation(
    fittedOn: table, samples: [0, 1, 2], target: "y,z", loss: loss, limitsAnswers: limitsAnswers)
  let outputs = preparation.outputCount
  var network = Network<Scalar>([Dense(1, outputs)])
  for output in 0..<outputs { network[layer: 0, .weights][output, 0] = Scalar(output + 1) }
  return TrainedModel(network: network, loss: loss, preparation: preparation)
}

@Test("Limited answers stay within the range of the targets in the training rows, in every form of the question")
func limitedAnswers() throws {
  let (plain, limited): (TrainedModel<Double>, TrainedModel<Double>) =
    (try model(limitsAnswers: false), try model(limitsAnswers: true))
  #expect(plain.preparation.outputs.targets?.scaling.limits == [])
  #expect(limited.preparation.outputs.targets?.scaling.limits == [-1...3, 5...7])
  let features: Matrix<Double> = [[-9, -1, 0, 1, 9, .infinity, .nan]]
  let (before, answers) = (plain.predict(prepared: features), limited.predict(prepared: features))
  for sample in 0..<6 {
    #expect(answers[0, sample] == min(max(before[0, sample], -1), 3))
    #expect(answers[1, sample] == min(max(before[1, sample], 5), 7))
  }
  #expect(before[0, 0] < -1 && before[1, 4] > 7 && answers[0, 6].isNaN)
  let predictor = Predictor(limited)
  let row = try predictor.predict([.number(1e6)])
  #expect(row.outputs == [3, 7])
  // Targets are not limited: only answers are.
  let samples = try limited.preparation.samples(of: table, as: Double.self)
  let values = limited.preparation.values(of: samples.targets)
  let actual: [Double] = [0, 5, 3, 6, -1, 7, 90, -90]
  for (found, expected) in zip(values.elements, actual) { #expect(abs(found - expected) < 1e-12) }
}

@Test("Limited quantiles are in order, and within the range")
func limitedQuantiles() throws {
  let limited: TrainedModel<Float> = try model(limitsAnswers: true, loss: .quantiles([0.1, 0.5]))
  // The outputs of −9 are −9, −18, −27, −36, and the range is far narrower.
  #expect(limited.predict(prepared: [[-9, 9]] as Matrix<Float>) == [[-1, 3], [-1, 3], [5, 7], [5, 7]])
}

@Test("The errors of limited answers are those of the limits")
func limitedErrors() {
  let scaling = Scaling(method: .standard, offsets: [10], factors: [0.5]).withLimits([8...14])
  // The values 0, 8, 12, 20 are limited to 8, 8, 12, 14; the targets are 10, 10, 10, 30.
  let (outputs, targets): (Matrix<Double>, Matrix<Double>) = ([[-5, -1, 1, 5]], [[0, 0, 0, 10]])
  let metrics = RegressionMetrics.perOutput(outputs: outputs, targets: targets, scaledBy: scaling)[0]
  #expect(metrics.meanAbsoluteError == (2 + 2 + 2 + 16) / 4.0)
  #expect(metrics.meanSquaredError == (4 + 4 + 4 + 256) / 4.0)
  let quantiles = Scaling([Quantiles([1, 2, 10])]).withLimits([2...5])
  let others = RegressionMetrics.perOutput(
    outputs: [[0, -9, 9]] as Matrix<Float>, targets: [[0, 0, 9]], scaledBy: quantiles)
  #expect(others[0].meanAbsoluteError == 5.0 / 3)
}

@Test("A file with limits has version 3, and damaged limits are refused")
func limitsInFiles() throws {
  let source: TrainedModel<Float> = try model(limitsAnswers: true)
  let path = "/tmp/perceptron-\(UInt64.random(in: 0 ... .max)).perceptron"
  defer { try? FileManager.default.removeItem(atPath: path) }
  try source.write(to: path)
  let tensors = try SafeTensors(bytes: ByteFile.read(path), path: path)
  #expect(tensors.metadata["version"] == "3")
  let read = try TrainedModel<Float>(contentsOf: path)
  #expect(read.preparation == source.preparation && read.encoded == source.encoded)
  let preparation = try #require(tensors.metadata["preparation"])
  func line(_ limits: String) throws -> String? {
    var metadata = tensors.metadata
    metadata["preparation"] = preparation.replacing("[[-1,3],[5,7]]", with: limits)
    #expect(metadata["preparation"] != preparation)
    let all = try tensors.entries.map {
      SafeTensors.Tensor(name: $0.name, shape: $0.shape, values: try tensors.values(of: $0.name) as [Float])
    }
    let error = #expect(throws: FileError.self) {
      _ = try ModelFile(SafeTensors.encode(all, metadata: metadata), path: "m")
    }
    return error?.description
  }
  for limits in ["[[-1,3]]", "[[-1,3],[7,5]]", "[[-1,3],[5]]", "[]"] {
    #expect(
      try line(limits) == "m: metadata \"preparation\": its parts contradict each other; save the model again",
      "\(limits)")
  }
  #expect(try line("[[-1,3,4],[5,7]]")?.contains("found more than 2 numbers of a limit, expected ]") == true)
}
