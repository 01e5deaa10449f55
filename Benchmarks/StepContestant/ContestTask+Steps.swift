import Perceptron
import PerceptronContestant
import PerceptronNaiveLoops

extension ContestTask {
  /// A function that takes the next step and returns the loss before it.
  func steps<Scalar: BLASScalar>(of: Scalar.Type, _ team: Team) throws -> () throws -> Double {
    let rate = workload.learningRate
    var trainer = Trainer(
      try network(Scalar.self), loss: try loss,
      optimizer: workload.optimizer == "adam" ? .adam(learningRate: rate) : .sgd(learningRate: rate),
      batchSize: workload.batch, generator: Philox(seed: 1), team: team)
    let samples = Samples<Scalar>(
      features: try matrix("features.f32", workload.sizes.first!, workload.samples),
      targets: try matrix("targets.f32", workload.sizes.last!, workload.samples))
    let order = try numbers("order.i32", of: Int32.self, workload.samples).map(Int.init)
    var position = 0
    return {
      let batch = order[position..<position + workload.batch]
      position = (position + workload.batch) % workload.samples
      return try trainer.takeStep(on: samples, batch: batch, next: order[position..<position + workload.batch])
    }
  }

  /// A function that takes the next step by naive loops, in `Float`, and returns the loss before it.
  func naiveSteps() throws -> () throws -> Double {
    var network = NaiveNetwork(try network(Float.self))
    let loss = NaiveNetwork<Float>.Loss(try loss)
    let (inputSize, outputSize) = (workload.sizes.first!, workload.sizes.last!)
    let features = try numbers("features.f32", of: Float.self, inputSize * workload.samples)
    let targets = try numbers("targets.f32", of: Float.self, outputSize * workload.samples)
    let order = try numbers("order.i32", of: Int32.self, workload.samples).map(Int.init)
    var position = 0
    return {
      let batch = order[position..<position + workload.batch]
      position = (position + workload.batch) % workload.samples
      let value = network.backPropagate(
        loss, inputs: batch.flatMap { features[$0 * inputSize..<($0 + 1) * inputSize] },
        targets: batch.flatMap { targets[$0 * outputSize..<($0 + 1) * outputSize] }, batch: workload.batch)
      workload.optimizer == "adam"
        ? network.descendByAdam(rate: Float(workload.learningRate))
        : network.descend(rate: Float(workload.learningRate))
      return value
    }
  }
}
