// Trains a network on the hand-written digits beside this program's folder, classifies a few of them, and compares a
// training step with naive loops.

import Perceptron
import PerceptronStepBenchmark

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

let path = CommandLine.arguments.dropFirst().first ?? "Examples/digits.csv.gz"
let table: Table
do {
  table = try Table(contentsOf: path)
} catch {
  print("error: \(error)")
  exit(66)
}

// MARK: - Data: 360 digits are held out for the test

let preparation = try Preparation(fittedOn: table, task: .classification, scaling: .minMax)
let samples: Samples<Float> = try preparation.samples(of: table)
var generator = Philox(seed: 0)
var order = Array(0..<samples.count)
generator.shuffle(&order)
let test = samples.gathered(order.suffix(360))
let training = samples.gathered(order.dropLast(360))

// MARK: - Training

let layers: [Dense] = .chain([64, 128, 10], hidden: .relu, output: .softmax)
let network = Network<Float>(layers, initializer: .heNormal, using: &generator)
var trainer = Trainer(
  network, loss: .crossEntropy, optimizer: .sgd(learningRate: 0.2), batchSize: 32, generator: Philox(seed: 0, stream: 1)
)

let epochs = 60
print("\(network)\n\(training.count) digits for training, \(test.count) held out for the test\n")
let start = ContinuousClock.now
for epoch in 1...epochs {
  let loss = try trainer.runEpoch(on: training)
  if epoch % 10 == 0 {
    let accuracy = ClassificationMetrics(outputs: trainer.network.predict(test.features), targets: test.targets)
      .accuracy
    print("epoch \(epoch)  training loss \(loss.formatted(4))  test accuracy \(accuracy.formatted(4))")
  }
}
let seconds = (ContinuousClock.now - start) / .seconds(1)
print("\n\(epochs) epochs in \(seconds.formatted(2)) s, \(Int(Double(epochs * training.count) / seconds)) samples/s\n")

// MARK: - A few digits, drawn

let shown = test.gathered(0..<6)
let probabilities = trainer.network.predict(shown.features)
let shades = Array(" ░▒▓█")
for row in 0..<8 {
  let line = (0..<shown.count).map { digit in
    (0..<8).map { column in
      let ink = shown.features[row * 8 + column, digit]
      return String(repeating: shades[min(Int(ink * 5), 4)], count: 2)
    }.joined()
  }
  print(line.joined(separator: "   ").trimmingSpaces())
}
let labels = (0..<shown.count).map { digit in
  let label = probabilities[columns: digit..<digit + 1].predictedClasses()[0]
  let actual = shown.targets[columns: digit..<digit + 1].predictedClasses()[0]
  return "\(actual) seen as \(label), \((100 * Double(probabilities[label, digit])).formatted(0)) %"
}
print(labels.map { $0 + String(repeating: " ", count: max(0, 19 - $0.count)) }.joined().trimmingSpaces())

let metrics = ClassificationMetrics(outputs: trainer.network.predict(test.features), targets: test.targets)
print(
  "\ntest accuracy \(metrics.accuracy.formatted(4)) (\(metrics.correctCount) of \(metrics.sampleCount) held-out digits)"
)

// MARK: - The comparison

let step = StepBenchmark.run(
  .digits, StepBenchmark.Effort(rounds: 9, seconds: 0.01, longestNaiveStep: 1), team: Team())
print(
  "a training step: \((step.seconds * 1e6).formatted(0)) µs,",
  "with naive loops \((step.naiveSeconds! * 1e6).formatted(0)) µs:",
  "\(step.ratio!.formatted(1)) times faster")

extension String {
  func trimmingSpaces() -> String { String(reversed().drop { $0 == " " }.reversed()) }
}

extension Double {
  func formatted(_ digits: Int) -> String {
    var buffer = [CChar](repeating: 0, count: 64)
    let count = withVaList([self]) { vsnprintf(&buffer, buffer.count, "%.\(digits)f", $0) }
    return String(decoding: buffer[..<Int(count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
