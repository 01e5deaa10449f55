import Foundation
import PerceptronDatasets
import PerceptronLayers
import PerceptronTraining
import Tensor
import Testing

/// Denormal numbers cost some processors a hundred cycles, and a caller's rounding would change the bits.
@Suite("The floating-point mode", .serialized)
struct FloatingPointModeTests {
  /// - Parameter usesFirst: Whether the first input is ever anything but 0, as a pixel that is drawn on.
  private static func samples(usesFirst: Bool) -> Samples<Float> {
    var generator = Philox(seed: 3)
    var features = Matrix<Float>(rows: 8, columns: 32)
    features.fillUniform(-1...1, using: &generator)
    if !usesFirst { for column in 0..<32 { features[0, column] = 0 } }
    var targets = Matrix<Float>(rows: 1, columns: 32)
    targets.fillUniform(-1...1, using: &generator)
    return Samples(features: features, targets: targets)
  }

  private static func trainer(workers: Int) -> Trainer<Float> {
    var generator = Philox(seed: 1)
    let network = Network<Float>(
      .chain([8, 64, 64, 1], hidden: .relu, output: .identity), initializer: .heNormal, using: &generator)
    return Trainer(
      network, loss: .meanSquaredError, optimizer: .adam(), batchSize: 32, generator: generator,
      team: Team(workers: workers))
  }

  @Test("leaves no denormal moment where an input has died, in 5 000 steps")
  func deadInput() throws {
    var trainer = Self.trainer(workers: 1)
    let batch = Array(0..<32)[...]
    for _ in 0..<50 { _ = try trainer.takeStep(on: Self.samples(usesFirst: true), batch: batch) }
    let samples = Self.samples(usesFirst: false)
    for _ in 0..<5000 { _ = try trainer.takeStep(on: samples, batch: batch) }
    let moments = Checkpoint(trainer).matrices["moments"]!.elements
    #expect(moments.contains { $0 != 0 })
    #expect(!moments.contains { $0.isSubnormal })
    // Those of the dead input's weights have come to an end.
    #expect(moments[..<64].allSatisfy { $0 == 0 })
  }

  @Test("is the caller's again after a step, and the bits are the same whatever it is", arguments: [1, 2])
  func callersMode(workers: Int) throws {
    let samples = Self.samples(usesFirst: true)
    let start = Self.trainer(workers: workers)
    func trained() throws -> [Float] {
      var trainer = start
      for _ in 0..<3 { _ = try trainer.takeStep(on: samples, batch: Array(0..<32)[...]) }
      return trainer.network.parameters.elements
    }
    let expected = try trained()
    let toNearest = fegetround()
    defer { fesetround(toNearest) }
    let roundings: [Int32] = [FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO]
    for rounding in roundings {
      fesetround(rounding)
      let found = try trained()
      let after = fegetround()
      fesetround(toNearest)
      #expect(after == rounding)
      #expect(found == expected)
    }
    // Denormal numbers are numbers again.
    let small = Float.leastNormalMagnitude
    #expect(small / Float(ProcessInfo.processInfo.processorCount + 1) > 0)
  }
}
