import Perceptron
import PerceptronNaiveLoops

/// A training step measured two ways on the same network and batch: by this package, and by naive loops.
package struct StepBenchmark: Sendable {
  /// What is measured.
  package struct Workload: Sendable {
    package let name: String
    package let sizes: [Int]
    package let batch: Int
    package let hidden: Activation
    package let output: Activation
    package let loss: Loss
    package let optimizer: Optimizer

    /// The same with another number of samples in a batch.
    package func batched(_ size: Int) -> Workload {
      Workload(
        name: name, sizes: sizes, batch: size, hidden: hidden, output: output, loss: loss, optimizer: optimizer)
    }

    // These are also the contest's workloads; `peers/workloads.py` must match them.

    /// Nielsen's smallest network.
    package static let nielsen30 = Workload(
      name: "nielsen30", sizes: [784, 30, 10], batch: 10, hidden: .sigmoid, output: .sigmoid, loss: .meanSquaredError,
      optimizer: .sgd(learningRate: 0.5))
    package static let nielsen100 = Workload(
      name: "nielsen100", sizes: [784, 100, 10], batch: 10, hidden: .sigmoid, output: .sigmoid,
      loss: .binaryCrossEntropy, optimizer: .sgd(learningRate: 0.1))
    package static let tab64 = Workload(
      name: "tab64", sizes: [8, 64, 64, 1], batch: 32, hidden: .relu, output: .identity, loss: .meanSquaredError,
      optimizer: .adam())
    package static let mnist512 = Workload(
      name: "mnist512", sizes: [784, 512, 512, 10], batch: 128, hidden: .relu, output: .softmax, loss: .crossEntropy,
      optimizer: .adam(learningRate: 0.0001))
    package static let deep = Workload(
      name: "deep", sizes: [784, 2500, 2000, 1500, 1000, 500, 10], batch: 256, hidden: .tanh, output: .softmax,
      loss: .crossEntropy, optimizer: .sgd(learningRate: 0.01))
    package static let wide = Workload(
      name: "wide", sizes: [1024, 4096, 4096, 4096, 10], batch: 512, hidden: .relu, output: .softmax,
      loss: .crossEntropy, optimizer: .adam(learningRate: 0.0001))
    package static let all = [nielsen30, nielsen100, tab64, mnist512, deep, wide]
    /// The network that the demo trains on the digits.
    package static let digits = Workload(
      name: "digits", sizes: [64, 128, 10], batch: 32, hidden: .relu, output: .softmax, loss: .crossEntropy,
      optimizer: .sgd(learningRate: 0.01))
  }

  /// How much is measured.
  package struct Effort: Sendable {
    /// The number of measurements of each; the median counts.
    package let rounds: Int
    /// The approximate time of a measurement, which has at least one step.
    package let seconds: Double
    /// The naive loops are left out if a step of theirs takes longer than this, in seconds.
    package let longestNaiveStep: Double

    package init(rounds: Int, seconds: Double, longestNaiveStep: Double) {
      self.rounds = rounds
      self.seconds = seconds
      self.longestNaiveStep = longestNaiveStep
    }
  }

  package struct Result: Sendable {
    /// The median time of a step.
    package let seconds: Double
    /// The median time of a step of the naive loops; nil if a step would take too long.
    package let naiveSeconds: Double?
    /// The relative difference of the losses before the last step that both have taken, or before the 11th.
    package let lossDifference: Double

    package var ratio: Double? { naiveSeconds.map { $0 / seconds } }
  }

  /// Measures both in turns, so that a change of the machine's speed affects both alike. Both start from the same
  /// parameters and use the same batch.
  ///
  /// - Parameter team: The threads of this package's step; the naive loops run on one thread.
  package static func run(_ workload: Workload, _ effort: Effort, team: Team) -> Result {
    var generator = Philox(seed: 1)
    let (network, samples) = start(of: workload, using: &generator)
    var naive = NaiveNetwork(network)
    let (flatInputs, flatTargets) = (samples.features.elements, samples.targets.elements)
    var trainer = trainer(of: network, workload, generator: generator, team: team)
    let batch = Array(0..<workload.batch)
    // The loss before each step.
    var (losses, naiveLosses): ([Double], [Double]) = ([], [])
    func step() { losses.append(trainer.mustStep(on: samples, batch)) }
    func naiveStep() {
      naiveLosses.append(
        naive.backPropagate(.init(workload.loss), inputs: flatInputs, targets: flatTargets, batch: workload.batch))
      naive.descend(workload.optimizer)
    }

    // The naive loops reach about 3 Gflop/s; they are left out if a step would take too long.
    let isNaiveToo = Floor.flops(sizes: workload.sizes, batch: workload.batch) / 3e9 <= effort.longestNaiveStep
    for _ in 0..<10 { step() }
    let steps = max(1, Int(effort.seconds / seconds(2, step)))
    let naiveSteps = isNaiveToo ? max(1, Int(effort.seconds / seconds(1, naiveStep))) : 0
    var (times, naiveTimes): ([Double], [Double]) = ([], [])
    for _ in 0..<effort.rounds {
      if isNaiveToo { naiveTimes.append(seconds(naiveSteps, naiveStep)) }
      // The first steps after the other's turn are not counted: caches are cold and threads asleep, unlike in training.
      step()
      step()
      times.append(seconds(steps, step))
    }
    // Rounding errors grow with every step, so later losses say nothing about whether the computation is right.
    let last = min(naiveLosses.count - 1, 10)
    return Result(
      seconds: median(times), naiveSeconds: isNaiveToo ? median(naiveTimes) : nil,
      lossDifference: isNaiveToo ? abs(losses[last] - naiveLosses[last]) / max(abs(naiveLosses[last]), 1e-30) : 0)
  }

  /// How many times as long a step of Adam takes once the network has died.
  ///
  /// The targets of the output, a ReLU, are below 0 for 4000 steps, until no sample has a gradient. The result is a
  /// ratio of medians, measured in turns with the first 400 steps of another network.
  ///
  /// The first moments halve every seven steps. After about 800 they would be denormal numbers, on which some
  /// processors spend over a hundred cycles.
  package static func slowdownByDeadUnits(rounds: Int, team: Team) -> Double {
    let workload = Workload.tab64
    var generator = Philox(seed: 1)
    let (network, drawn) = start(of: workload, output: .relu, using: &generator)
    let batch = Array(0..<workload.batch)
    func samples(target: Float) -> Samples<Float> {
      Samples(
        features: drawn.features, targets: Matrix(rows: network.outputSize, columns: workload.batch, repeating: target))
    }
    let (wanted, unwanted) = (samples(target: 1), samples(target: -1))
    let start = trainer(of: network, workload, generator: generator, team: team)
    var dead = start
    for _ in 0..<4000 { dead.mustStep(on: unwanted, batch) }
    var times: (alive: [Double], dead: [Double]) = ([], [])
    for _ in 0..<rounds {
      var alive = start
      alive.mustStep(on: wanted, batch)  // the first step copies the shared memory
      times.alive.append(seconds(400) { alive.mustStep(on: wanted, batch) })
      times.dead.append(seconds(400) { dead.mustStep(on: unwanted, batch) })
    }
    return median(times.dead) / median(times.alive)
  }

  /// A workload's network, untrained, and a batch of samples.
  static func start(of workload: Workload, output: Activation? = nil, using generator: inout Philox) -> (
    network: Network<Float>, samples: Samples<Float>
  ) {
    let layers: [Dense] = .chain(workload.sizes, hidden: workload.hidden, output: output ?? workload.output)
    let network = Network<Float>(layers, initializer: .glorotNormal, using: &generator)
    let (outputs, batch) = (network.outputSize, workload.batch)
    var inputs = Matrix<Float>(rows: network.inputSize, columns: batch)
    inputs.fillUniform(0...1, using: &generator)
    var targets = Matrix<Float>(rows: outputs, columns: batch)
    for sample in 0..<batch {
      targets[generator.nextIndex(below: outputs), sample] = outputs == 1 ? Float(sample % 2) : 1
    }
    return (network, Samples(features: inputs, targets: targets))
  }

  static func trainer(
    of network: Network<Float>, _ workload: Workload, shards: Int = 1, processes: Processes = .alone,
    generator: Philox, team: Team
  ) -> Trainer<Float> {
    Trainer(
      network, loss: workload.loss, optimizer: workload.optimizer, batchSize: workload.batch, shards: shards,
      processes: processes, generator: generator, team: team)
  }

  static func seconds(_ count: Int, _ body: () -> Void) -> Double {
    ContinuousClock().measure { for _ in 0..<count { body() } } / .seconds(1) / Double(count)
  }

  static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}

extension Trainer<Float> {
  /// Takes a step of a benchmark and returns the loss before it.
  @discardableResult
  mutating func mustStep(on samples: Samples<Float>, _ batch: [Int]) -> Double {
    do { return try takeStep(on: samples, batch: batch[...]) } catch { fail("the benchmark diverged: \(error)") }
  }
}

extension NaiveNetwork where Scalar: BLASScalar {
  /// Takes a step of plain gradient descent, or of Adam with its usual factors.
  package mutating func descend(_ optimizer: Optimizer) {
    switch optimizer {
    case .sgd(let rate): descend(rate: Scalar(rate))
    case .adam(let rate, 0.9, 0.999, 1e-8, 0): descendByAdam(rate: Scalar(rate))
    default: fail("the naive loops have no step for \(optimizer)")
    }
  }

  /// Copies a network, with the weights row after row.
  package init(_ network: Network<Scalar>) {
    self.init(
      sizes: [network.inputSize] + network.layers.map(\.outputSize),
      activations: network.layers.map { .init($0.activation) })
    for layer in network.layers.indices {
      weights[layer] = Matrix(network[layer: layer, .weights].transposed).elements
      biases[layer] = network[layer: layer, .bias].elements
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
    default: fail("the naive loops have no \(activation)")
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
    default: fail("the naive loops have no \(loss)")
    }
  }
}
