import PerceptronDatasets
import PerceptronLayers
import PerceptronTraining
import Tensor
import Testing

private func factors(_ schedule: Schedule, steps: [Int], stepsPerEpoch: Int) -> [Double] {
  steps.map { schedule.factor(step: $0, stepsPerEpoch: stepsPerEpoch) }
}

private func areClose(_ a: [Double], _ b: [Double]) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-14 }
}

@Test("Every shape has the factors that were worked by hand")
func shapes() {
  #expect(factors(.constant, steps: [0, 99], stepsPerEpoch: 3) == [1, 1])
  // That of a plateau depends on the losses alone, see below.
  #expect(factors(Schedule(.plateau()), steps: [0, 99], stepsPerEpoch: 3) == [1, 1])
  // Two steps an epoch: the epochs 0, 1, 2, 3 and 4 begin with 0, 2, 4, 6 and 8.
  #expect(
    areClose(
      factors(Schedule(.step(every: 2, factor: 0.5)), steps: [0, 3, 4, 7, 8], stepsPerEpoch: 2), [1, 1, 0.5, 0.5, 0.25])
  )
  #expect(
    areClose(factors(Schedule(.exponential(factor: 0.5)), steps: [0, 1, 2, 6], stepsPerEpoch: 2), [1, 1, 0.5, 0.125]))
  // cos 0, π/4, π/2, π.
  #expect(
    areClose(
      factors(Schedule(.cosine(epochs: 4, final: 0.2)), steps: [0, 2, 4, 8, 100], stepsPerEpoch: 2),
      [1, 0.2 + 0.4 * (1 + 0.5.squareRoot()), 0.6, 0.2, 0.2]))
  #expect(
    areClose(
      factors(
        Schedule(.oneCycle(epochs: 5, start: 0.1, rise: 0.4, final: 0)), steps: [0, 2, 4, 7, 10], stepsPerEpoch: 2),
      [0.1, 0.55, 1, 0.5, 0]))
}

@Test("A warm-up rises in equal steps, and the shape begins after it")
func warmup() {
  let schedule = Schedule(.cosine(epochs: 4), warmupEpochs: 2)
  #expect(
    areClose(factors(schedule, steps: [0, 1, 2, 3, 4, 6, 8], stepsPerEpoch: 2), [0.2, 0.4, 0.6, 0.8, 1, 0.5, 0]))
}

@Test("A plateau lowers the rate after more than so many epochs without progress, again and again")
func plateau() {
  var schedule = Schedule(.plateau(factor: 0.5, patience: 1))
  func factor() -> Double { schedule.factor(step: 9, stepsPerEpoch: 1) }
  var seen: [Double] = []
  for loss in [2.0, 1, 1.5, .nan, 1, 0.99999, 0.5, 0.6, 0.7, 0.4] {
    schedule.record(validationLoss: loss)
    seen.append(factor())
  }
  #expect(seen == [1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125, 0.125])
}

@Test("A trainer multiplies its learning rate by the schedule's factor of each step")
func trainerFollows() throws {
  // The gradient of ½ (w − 1)² is w − 1, so that a step takes the distance d = 1 − w to d (1 − η f).
  let samples = Samples<Double>(
    features: Matrix(rows: 1, columns: 6, repeating: 1), targets: Matrix(rows: 1, columns: 6, repeating: 1))
  let schedule = Schedule(.cosine(epochs: 3), warmupEpochs: 1)
  var trainer = Trainer(
    Network<Double>([Dense(1, 1)]), loss: .quadratic, optimizer: .sgd(learningRate: 0.2), schedule: schedule,
    batchSize: 2,
    generator: Philox(seed: 0))
  var distance = 1.0
  for epoch in 0..<3 {
    _ = try trainer.runEpoch(on: samples)
    // Weight and bias move alike.
    for step in 3 * epoch..<3 * epoch + 3 {
      distance *= 1 - 0.4 * schedule.factor(step: step, stepsPerEpoch: 3)
    }
    let prediction = trainer.network.parameters[0, 0] + trainer.network.parameters[1, 0]
    #expect(abs(1 - prediction - distance) < 1e-14)
  }
}

@Test("A trainer tells its schedule the validation loss")
func trainerTells() throws {
  var trainer = Trainer(
    Network<Double>([Dense(1, 1)]), loss: .quadratic, optimizer: .sgd(), schedule: Schedule(.plateau(patience: 0)),
    batchSize: 2, generator: Philox(seed: 0))
  for loss in [1.0, 2] { trainer.record(validationLoss: loss) }
  #expect(trainer.schedule.factor(step: 0, stepsPerEpoch: 1) == 0.5)
}

private let badSchedules: [(shape: Schedule.Shape, warmupEpochs: Int, mistake: String)] = [
  (.constant, -1, "-1 warm-up epochs"), (.step(every: 0), 0, "a factor of 0.1 every 0 epochs"),
  (.exponential(factor: 0), 0, "a factor of 0.0 every epoch"), (.cosine(epochs: 5), 5, "5 warm-up epochs of 5"),
  (.oneCycle(epochs: 5, rise: 1), 0, "factors from 0.04 to 1 in 1.0 of the steps"),
  (.plateau(factor: 2), 0, "a factor of 2.0 after 3 epochs"),
]

@Test("Schedules that make no sense are refused, of every shape", arguments: badSchedules.indices)
func scheduleMistakes(index: Int) async {
  let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { [index] in
    _ = Schedule(badSchedules[index].shape, warmupEpochs: badSchedules[index].warmupEpochs)
  }
  #expect(standardError(result).contains("cannot make a schedule with \(badSchedules[index].mistake)"))
}
