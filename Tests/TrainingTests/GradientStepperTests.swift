import PerceptronDatasets
import PerceptronLayers
import PerceptronTraining
import Tensor
import Testing

@Suite("A gradient of one's own")
struct GradientStepperTests {
  @Test(
    "is applied as a trainer applies its own, to the bit",
    // SGD's steps are rounded otherwise: a trainer's product adds them to the parameters. L-BFGS is refused, see below.
    arguments: optimizers.filter { !["sgd", "lbfgs"].contains($0.name) })
  func sameBits(optimizer: Optimizer) throws {
    var generator = Philox(seed: 3)
    var network = Network<Float>(
      [Dense(7, 19, .tanh), Dense(19, 3, .softmax)], initializer: .glorotNormal, using: &generator)
    var features = Matrix<Float>(rows: 7, columns: 24)
    features.fillNormal(using: &generator)
    let targets: Matrix<Float> = oneHot((0..<24).map { $0 % 3 }, classes: 3)
    let samples = Samples(features: features, targets: targets)
    var trainer = Trainer(
      network, loss: .crossEntropy, optimizer: optimizer, batchSize: 24, generator: generator, team: Team(workers: 1))
    var workspace = Workspace(for: network, batchCapacity: 24)
    var gradient = Matrix<Float>(rows: network.parameterCount, columns: 1)
    var stepper = GradientStepper<Float>(optimizer, parameterCount: network.parameterCount)
    for _ in 0..<5 {
      _ = try trainer.takeStep(on: samples, batch: Array(0..<24)[...])
      _ = network.backPropagate(
        .crossEntropy, inputs: features, targets: targets, workspace: &workspace, gradient: &gradient)
      stepper.step(&network.parameters, gradient: gradient)
      #expect(network.parameters == trainer.network.parameters)
    }
    #expect(stepper.stepCount == 5)
  }

  @Test("descends with another learning rate and a decay of weights, if they are given")
  func rates() {
    var parameters = Matrix<Double>([2, -1])
    var stepper = GradientStepper<Double>(.sgd(learningRate: 0.5), parameterCount: 2)
    stepper.step(&parameters, gradient: Matrix([1, 2]))
    #expect(parameters == Matrix([1.5, -2]))
    stepper.step(&parameters, gradient: Matrix([1, 2]), learningRate: 0.25, weightDecay: 2)
    // (1 − 0.25 · 2) θ − 0.25 g
    #expect(parameters == Matrix([0.5, -1.5]))
  }

  @Test("of another shape, and L-BFGS, trap with a line that says why")
  func misuse() async {
    let shape = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var parameters = Matrix<Float>([1, 2])
      var stepper = GradientStepper<Float>(.adam(), parameterCount: 3)
      stepper.step(&parameters, gradient: Matrix([1, 2, 3]))
    }
    #expect(standardError(shape).contains("cannot step 2×1 parameters by a gradient of 3×1: 3×1 are needed"))
    let method = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = GradientStepper<Float>(.lbfgs(), parameterCount: 3)
    }
    #expect(standardError(method).contains("cannot step with lbfgs"))
  }
}
