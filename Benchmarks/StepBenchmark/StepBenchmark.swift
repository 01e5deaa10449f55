import NaiveLoops
import Perceptron

/// One training step measured two ways on the same network and batch: by this package, and by naive loops.
package struct StepBenchmark: Sendable {
  /// What is measured.
  package struct Workload: Sendable {
    package let name: String
    package let sizes: [Int]
    package let batch: Int
    package let hidden: Activation
    package let output: Activation
    package let loss: Loss

    /// Nielsen's smallest network.
    package static let nielsen30 = Workload(
      name: "nielsen30", sizes: [784, 30, 10], batch: 10, hidden: .sigmoid, output: .sigmoid, loss: .quadratic)
    package static let nielsen100 = Workload(
      name: "nielsen100", sizes: [784, 100, 10], batch: 10, hidden: .sigmoid, output: .sigmoid,
      loss: .binaryCrossEntropy)
    package static let mnist512 = Workload(
      name: "mnist512", sizes: [784, 512, 512, 10], batch: 128, hidden: .relu, output: .softmax, loss: .crossEntropy)
    /// The network that the demo trains on the digits.
    package static let digits = Workload(
      name: "digits", sizes: [64, 128, 10], batch: 32, hidden: .relu, output: .softmax, loss: .crossEntropy)
  }

  /// The medians of both, in seconds a step, and by how much the losses after the measured steps differ, relatively.
  package struct Result: Sendable {
    package let seconds: Double
    package let naiveSeconds: Double
    package let lossDifference: Double

    package var ratio: Double { naiveSeconds / seconds }
  }

  private static let learningRate = 0.01

  /// Measures both in turns, so that a change of the machine's speed meets both alike.
  ///
  /// Each starts from the same parameters and data, and after all rounds both have taken the same number of steps.
  /// - Parameters:
  ///   - rounds: How often each is measured; the median counts.
  ///   - stepsPerRound: The steps in a measurement.
  ///   - team: The threads of this package's step; the naive loops have one.
  package static func run(_ workload: Workload, rounds: Int, stepsPerRound: Int, team: Team) -> Result {
    var generator = Philox(seed: 1)
    let layers: [Dense] = .chain(workload.sizes, hidden: workload.hidden, output: workload.output)
    let network = Network<Float>(layers, initializer: .glorotNormal, using: &generator)
    var inputs = Matrix<Float>(rows: network.inputSize, columns: workload.batch)
    inputs.fillUniform(0...1, using: &generator)
    let targets: Matrix<Float> = oneHot(
      (0..<workload.batch).map { _ in generator.nextIndex(below: network.outputSize) }, classes: network.outputSize)
    var naive = NaiveNetwork(network)
    let (flatInputs, flatTargets) = (inputs.elements, targets.elements)

    // One batch is the whole data set, so an epoch is a step, gathering and all.
    let samples = Samples(features: inputs, targets: targets)
    var trainer = Trainer(
      network, loss: workload.loss, optimizer: .sgd(learningRate: learningRate), batchSize: workload.batch,
      generator: generator, team: team)
    var (loss, naiveLoss) = (0.0, 0.0)
    func step() {
      do { loss = try trainer.runEpoch(on: samples) } catch { fail("the benchmark diverged: \(error)") }
    }
    func naiveStep() {
      naiveLoss = naive.backPropagate(
        .init(workload.loss), inputs: flatInputs, targets: flatTargets, batch: workload.batch)
      naive.descend(rate: Float(learningRate))
    }
    step()
    naiveStep()
    var (times, naiveTimes): ([Double], [Double]) = ([], [])
    for _ in 0..<rounds {
      // The first step of each after the other's turn is not counted: caches are cold and threads asleep, as they are not in training.
      naiveStep()
      naiveTimes.append(seconds(stepsPerRound, naiveStep))
      step()
      times.append(seconds(stepsPerRound, step))
    }
    return Result(
      seconds: median(times), naiveSeconds: median(naiveTimes),
      lossDifference: abs(loss - naiveLoss) / max(abs(naiveLoss), 1e-30))
  }

  private static func seconds(_ count: Int, _ body: () -> Void) -> Double {
    ContinuousClock().measure { for _ in 0..<count { body() } } / .seconds(1) / Double(count)
  }

  private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}

extension NaiveNetwork<Float> {
  /// The same network, weights row after row.
  package init(_ network: Network<Float>) {
    self.init(
      sizes: [network.inputSize] + network.layers.map(\.outputSize),
      activations: network.layers.map { .init($0.activation) })
    for layer in network.layers.indices {
      weights[layer] = Matrix(network.weights(ofLayer: layer).transposed).elements
      biases[layer] = network.bias(ofLayer: layer).elements
    }
  }
}

extension NaiveNetwork.Activation {
  package init(_ activation: Activation) {
    switch activation {
    case .identity: self = .identity
    case .sigmoid: self = .sigmoid
    case .tanh: self = .tanh
    case .relu: self = .relu
    case .softmax: self = .softmax
    }
  }
}

extension NaiveNetwork.Loss {
  package init(_ loss: Loss) {
    switch loss {
    case .quadratic: self = .quadratic
    case .meanSquaredError: self = .meanSquaredError
    case .binaryCrossEntropy: self = .binaryCrossEntropy
    case .crossEntropy: self = .crossEntropy
    }
  }
}
