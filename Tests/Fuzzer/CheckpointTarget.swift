import PerceptronDatasets
import PerceptronFiles
import PerceptronLayers
import PerceptronModelFiles
import PerceptronTraining
import Tensor

extension FuzzTarget {
  /// Each file as it is, and with the checksum that its bytes have: else no mutation would get further.
  static let checkpoint = FuzzTarget(
    name: "checkpoint",
    seeds: { optimizers.map { optimizer in encoded(trained(optimizer)) } },
    words: safeTensorsWords + [
      "count ", "setting ", "note ", "series figures", "checksum", "order", "reports", "moments", "parameters",
      "statistics", "rho",
      "count epoch", "count step", "count draws", "count samples done", "count stale epochs", "count steps kept",
      "count place of the next", "count best epoch", "plateau", "precision", "version", "-1",
    ],
    read: { bytes in
      resume(bytes)
      let mended = withChecksum(bytes)
      if mended != bytes { resume(mended) }
    })
}

private let optimizers: [Optimizer] = [.adam(), .lbfgs()]

private func resume(_ bytes: [UInt8]) {
  do throws(FileError) {
    let checkpoint = try withinBudget(bytes.count) { () throws(FileError) in
      try Checkpoint<Float>(bytes, path: "checkpoint")
    }
    let written = encoded(checkpoint)
    guard encoded(try Checkpoint<Float>(written, path: "checkpoint")) == written else {
      fail("the checkpoint is not read back as it was written")
    }
    for optimizer in optimizers {
      var trainer = trainer(optimizer)
      do throws(FileError) { try trainer.restore(checkpoint, sampleCount: samples.count) } catch {
        check(error)
        continue
      }
      // An epoch more, which may meet numbers that are not finite.
      do {
        try trainer.fit(on: samples, validation: samples, epochs: trainer.epoch &+ 1, patience: 3)
      } catch let error as Divergence { check(error) } catch { fail("\(error)") }
    }
  } catch { check(error) }
}

private func encoded(_ checkpoint: Checkpoint<Float>) -> [UInt8] {
  do throws(SafeTensors.TooLong) { return try checkpoint.encoded } catch { fail("\(error)") }
}

private let samples = Samples<Float>(
  features: Matrix(rows: 2, columns: 4, columnMajor: [1, 2, -1, 0, 3, 1, 0, 2]),
  targets: Matrix(rows: 1, columns: 4, columnMajor: [1, 0, 2, 1]))

private func trainer(_ optimizer: Optimizer) -> Trainer<Float> {
  var generator = Philox(seed: 1)
  let network = Network<Float>(
    [Dense(2, 1, .tanh, normalization: optimizer.isFullBatch ? .none : .batch), Dense(1, 1)],
    initializer: .glorotNormal, using: &generator)
  return Trainer(
    network, loss: .meanSquaredError, optimizer: optimizer,
    schedule: optimizer.isFullBatch ? .constant : Schedule(.plateau()), batchSize: optimizer.isFullBatch ? 4 : 2,
    generator: generator, team: Team(workers: 1))
}

/// A checkpoint in the middle of a training.
private func trained(_ optimizer: Optimizer) -> Checkpoint<Float> {
  var trainer = trainer(optimizer)
  var steps = 0
  do {
    try trainer.fit(
      on: samples, validation: samples, epochs: 3,
      afterStep: { _, _ in
        steps += 1
        return steps < 3
      })
  } catch { fail("\(error)") }
  var checkpoint = Checkpoint(trainer)
  checkpoint.notes = ["--hidden": "1"]
  checkpoint.series = ["figures": [1, 2]]
  return checkpoint
}
