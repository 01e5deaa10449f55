import PerceptronDatasets
import PerceptronLayers
import PerceptronTraining
import Tensor
import Testing

/// What PyTorch 2.13 makes of Linear(2, 3), a normalisation with ε = 10⁻⁵, Tanh, Linear(3, 1) in three steps of SGD
/// with the rate 0.1 and the mean squared error, in double precision, from the parameters below.
private struct Golden: Sendable, CustomTestStringConvertible {
  let normalization: Normalization
  let weights: [Double]
  let scale: [Double]
  let shift: [Double]
  let statistics: [Double]
  let lastLoss: Double
  let predictions: [Double]

  var testDescription: String { "\(normalization)" }

  static let all = [
    Golden(
      normalization: .batch,
      weights: [
        0.7560306187032632, 0.2600494545401511, -0.7042403070433432, -0.8429799083111872, 1.9987285470128853,
        0.3086297423269016,
      ],
      scale: [0.869544636420531, 0.2923412168329224, 2.005559088538409],
      shift: [0.27346503068011996, 0.1399687772216292, -0.30433368104750386],
      statistics: [
        -0.012210953700651245, 0.2937605694624663, -0.011504742768802234, 1.2819589067343011, 2.7745541889003094,
        1.2957328884829638,
      ],
      lastLoss: 1.54127273830298,
      predictions: [-0.14566964608055133, 0.7935242308705415, -0.16537306262272883, 0.6242294031780629]),
    Golden(
      normalization: .layer,
      weights: [
        0.7150275779565636, 0.16149627592461543, -0.876523853881179, -0.9131086051511074, 1.940066897261806,
        0.09804170788930142,
      ],
      scale: [0.8300413004638642, 0.27308786014424397, 1.9938965420175012],
      shift: [0.38534363429512464, 0.15294254814246938, -0.32830142432742965],
      statistics: [],
      lastLoss: 1.6173507748204745,
      predictions: [0.001707696250838886, 0.8912507122778497, -0.13265321872926522, 0.6786019366281775]),
    Golden(
      normalization: .rms,
      weights: [
        0.7597498920096438, 0.1939468011457981, -0.7503171926404812, -0.7674116419797093, 2.0191439068425816,
        0.26605673260374346,
      ],
      scale: [0.892794701018275, 0.2496394687135704, 2.002969283036099],
      shift: [],
      statistics: [],
      lastLoss: 1.5592045945115438,
      predictions: [0.009129550129949482, 0.7420858029459644, -0.20837486741123043, 0.5646547046409569]),
  ]
}

@Test("Every normalisation has steps that PyTorch took")
func goldenNormalizations() {
  #expect(Golden.all.map(\.normalization) == Normalization.allCases.filter { $0 != .none })
}

@Test("A normalised network takes the steps that PyTorch takes", arguments: Golden.all)
private func golden(golden: Golden) throws {
  var network = Network<Double>([Dense(2, 3, .tanh, normalization: golden.normalization), Dense(3, 1, .identity)])
  network[layer: 0, .weights] = [[0.5, -1], [0.25, 2], [-0.75, 0.125]]
  network[layer: 0, .bias] = Matrix([0.1, -0.2, 0.3])
  network[layer: 0, .scale] = Matrix([1, 0.5, 2])
  let hasShift = network.layers[0].parameters.contains(.shift)
  if hasShift { network[layer: 0, .shift] = Matrix([0.1, 0.2, -0.3]) }
  network[layer: 1, .weights] = [[1, -0.5, 0.25]]
  let samples = Samples<Double>(
    features: [[1, 0.5, -2, 3], [2, -1, 0.25, 1]], targets: [[0.5, -1, 0.25, 2]])
  var trainer = Trainer(
    network, loss: .meanSquaredError, optimizer: .sgd(learningRate: 0.1), batchSize: 4, generator: Philox(seed: 1),
    team: Team(workers: 1))
  var loss = 0.0
  for _ in 0..<3 { loss = try trainer.takeStep(on: samples, batch: [0, 1, 2, 3]) }
  func isClose(_ a: [Double], _ b: [Double]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= 1e-10 * max(1, abs($1)) }
  }
  #expect(isClose([loss], [golden.lastLoss]))
  #expect(isClose(trainer.network[layer: 0, .weights].elements, golden.weights))
  #expect(isClose(trainer.network[layer: 0, .scale].elements, golden.scale))
  #expect(isClose(hasShift ? trainer.network[layer: 0, .shift].elements : [], golden.shift))
  #expect(isClose(trainer.network.statistics.elements, golden.statistics))
  #expect(isClose(trainer.network.predict(samples.features).elements, golden.predictions))
}

/// A trainer of a network with batch normalisation.
private func trainer(
  _ optimizer: Optimizer, _ regularization: Regularization = Regularization(), batchSize: Int
) -> Trainer<Float> {
  var generator = Philox(seed: 1)
  let network = Network<Float>(
    [Dense(2, 3, .relu, normalization: .batch), Dense(3, 1)], initializer: .heNormal, using: &generator)
  return Trainer(
    network, loss: .meanSquaredError, optimizer: optimizer, regularization: regularization, batchSize: batchSize,
    generator: generator, team: Team(workers: 1))
}

private func samples(_ count: Int, lastTarget: Float = 1) -> Samples<Float> {
  var generator = Philox(seed: 5)
  var features = Matrix<Float>(rows: 2, columns: count)
  features.fillNormal(using: &generator)
  var targets = Matrix<Float>(rows: 1, columns: count)
  for sample in 0..<count { targets[0, sample] = features[0, sample] - features[1, sample] }
  targets[0, count - 1] = lastTarget
  return Samples(features: features, targets: targets)
}

@Test("A step that is refused after its gradient was clipped leaves statistics and parameters as they were, to the bit")
func refusedAfterClipping() throws {
  // A gradient as long as 100 times a rate of 10³⁷ is beyond Float.
  var trainer = trainer(.sgd(learningRate: 1e37), Regularization(clipNorm: 100), batchSize: 20)
  let before = trainer.network
  #expect(throws: Divergence.self) { _ = try trainer.runEpoch(on: samples(20, lastTarget: 1e6)) }
  #expect(trainer.network.parameters == before.parameters)
  #expect(trainer.network.statistics == before.statistics)
}

@Test("A step that is refused in its second block leaves statistics and parameters as they were, to the bit")
func refusedInSecondBlock() throws {
  var trainer = trainer(.rProp(), batchSize: 5000)
  _ = try trainer.runEpoch(on: samples(5000))
  let before = trainer.network
  #expect(throws: Divergence.self) { _ = try trainer.runEpoch(on: samples(5000, lastTarget: .infinity)) }
  #expect(trainer.network.parameters == before.parameters)
  #expect(trainer.network.statistics == before.statistics)
  #expect(try trainer.runEpoch(on: samples(5000)).isFinite)
  #expect(trainer.network.statistics != before.statistics)
}

/// The sizes of the batches of an epoch.
private func batches(_ trainer: Trainer<Float>, _ count: Int) throws -> [Int] {
  var trainer = trainer
  var ends = [0]
  try trainer.fit(
    on: samples(count), epochs: 1,
    afterStep: { _, samplesDone in
      ends.append(samplesDone)
      return true
    })
  return zip(ends.dropFirst(), ends).map { $0 - $1 }
}

@Test("A last batch of a few samples joins the one before it, and no sample is lost")
func smallLastBatch() throws {
  func check(_ count: Int, _ size: Int, _ expected: [Int]) throws {
    #expect(try batches(trainer(.sgd(), batchSize: size), count) == expected, "\(count) in batches of \(size)")
  }
  // With batch normalisation, fewer than 16 and than a quarter.
  try check(256, 128, [128, 128])
  try check(257, 128, [128, 129])
  try check(271, 128, [128, 143])
  try check(272, 128, [128, 128, 16])
  try check(9, 4, [4, 5])
  try check(10, 4, [4, 4, 2])
  try check(3, 2, [3])
  try check(4, 2, [2, 2])
  try check(3, 128, [3])
  // Without it, fewer than an eighth.
  func checkPlain(_ count: Int, _ size: Int, _ expected: [Int]) throws {
    let plain = Trainer(
      Network<Float>([Dense(2, 3, .relu), Dense(3, 1)]), loss: .meanSquaredError, optimizer: .sgd(), batchSize: size,
      generator: Philox(seed: 1), team: Team(workers: 1))
    #expect(try batches(plain, count) == expected, "\(count) in batches of \(size)")
  }
  try checkPlain(513, 256, [256, 257])
  try checkPlain(543, 256, [256, 287])
  try checkPlain(544, 256, [256, 256, 32])
  try checkPlain(257, 256, [257])
  try checkPlain(255, 256, [255])
  try checkPlain(9, 8, [8, 1])
  try checkPlain(3, 2, [2, 1])
}

@Test("A larger last batch is one step: by hand, of the same samples, it leaves the same bits")
func largerLastBatch() throws {
  let samples = samples(5)
  var trainer = trainer(.sgd(), batchSize: 4)
  var byHand = Trainer(
    trainer.network, loss: .meanSquaredError, optimizer: .sgd(), batchSize: 5, generator: Philox(seed: 2),
    team: Team(workers: 1))
  var order = Array(0..<5)
  var generator = Philox(seed: 1)
  _ = Network<Float>(trainer.network.layers, initializer: .heNormal, using: &generator)
  generator.shuffle(&order)
  _ = try trainer.runEpoch(on: samples)
  _ = try byHand.takeStep(on: samples, batch: order[...])
  #expect(trainer.network.parameters == byHand.network.parameters)
  #expect(trainer.network.statistics == byHand.network.statistics)
}

@Test("A schedule counts the batches that there are")
func scheduledBatches() throws {
  var scheduled = Trainer(
    trainer(.sgd(), batchSize: 4).network, loss: .meanSquaredError, optimizer: .sgd(learningRate: 0.1),
    schedule: Schedule(.step(every: 1, factor: 0.5)), batchSize: 4, generator: Philox(seed: 1), team: Team(workers: 1))
  let reports = try scheduled.fit(on: samples(9), epochs: 3)
  #expect(reports.map(\.learningRate) == [0.05, 0.025, 0.0125])
}

@Test("With batch normalisation the last block of a step on all samples is not of a few")
func smallLastBlock() throws {
  // 4096 samples twice over, then with two more: the statistics of a block of two would be far from these.
  var (whole, more) = (trainer(.rProp(), batchSize: 8192), trainer(.rProp(), batchSize: 8194))
  _ = try whole.runEpoch(on: samples(8192))
  _ = try more.runEpoch(on: samples(8194))
  for (a, b) in zip(whole.network.statistics.elements, more.network.statistics.elements) { #expect(abs(a - b) < 0.01) }
}

@Test("Batch normalisation of one sample is refused")
func oneSample() async {
  let one = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    _ = trainer(.sgd(), batchSize: 1)
  }
  #expect(
    standardError(one).contains("cannot train with batch normalization and a batch size of 1: at least 2 are needed"))
  let step = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    var trainer = trainer(.sgd(), batchSize: 4)
    _ = try trainer.takeStep(on: samples(3), batch: [1])
  }
  #expect(standardError(step).contains("cannot train with batch normalization on one sample"))
  let epoch = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    var trainer = trainer(.sgd(), batchSize: 4)
    _ = try trainer.runEpoch(on: samples(1))
  }
  #expect(standardError(epoch).contains("cannot train with batch normalization on one sample"))
}
