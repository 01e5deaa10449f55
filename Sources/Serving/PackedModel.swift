import PerceptronDatasets
import PerceptronLayers
import PerceptronModelFiles
import Tensor

/// The state that copies of a ``Predictor`` share: a model with packed networks, and its preparation in the form for
/// single rows.
final class PackedModel<Scalar: BLASScalar>: Sendable {
  let rows: RowPreparation
  let outputs: Preparation.Outputs
  let interval: PredictionInterval?
  private let networks: [PackedNetwork<Scalar>]
  private let team: Team
  let inputSize: Int
  let outputSize: Int
  /// The share of each network in the answer.
  private let weights: [Scalar]
  private let hasEqualWeights: Bool
  /// The share of the answer that is the same for all classes, and its value.
  private let uniform: (share: Double, output: Double)
  private let blockSize: Int
  /// Approximate number of multiplications per sample, by each network and by all.
  private let works: [Int]
  private let work: Int

  init(_ model: TrainedModel<Scalar>, refusesMissing: Bool, team: Team) {
    rows = RowPreparation(model.preparation, refusesMissing: refusesMissing)
    outputs = model.preparation.outputs
    interval = model.interval
    networks = model.networks.map { PackedNetwork($0) }
    (inputSize, outputSize) = (networks[0].inputSize, networks[0].outputSize)
    (weights, hasEqualWeights) = (model.weights.map { Scalar($0) }, model.hasEqualWeights)
    uniform = (model.uniformShare, model.network.uniformOutput)
    blockSize = networks.map(\.blockSize).min()!
    works = networks.map(\.work)
    work = works.reduce(0, +)
    self.team = team
  }

  // MARK: - One sample

  /// Computes the answer for the features that `prepare` writes.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func predict(
    into prediction: inout Prediction, _ prepare: (Tile<Scalar>) throws(FieldError) -> Void
  ) throws(PredictionError) {
    let memory = Memory(self, samples: 1)
    do throws(FieldError) { try prepare(memory.features) } catch { throw .input(error, sample: nil) }
    _ = computeOutputs(memory.features, memory, on: team)
    guard prediction.set(memory.outputs, outputs, interval) else { throw .outputNotFinite(sample: nil) }
  }

  // MARK: - Many samples

  /// Computes the answers for the columns of a matrix of numbers.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func predict(_ samples: Matrix<Scalar>, into answers: inout Matrix<Double>) throws(PredictionError) {
    try check(samples)
    guard let failed = firstFailure(samples, arePrepared: false, into: &answers) else { return }
    throw samples.withReadOnlyTile { rows.mistake(in: $0[columns: failed..<failed + 1]) }
      .map { .input($0, sample: failed) } ?? .outputNotFinite(sample: failed)
  }

  /// Computes the answers for columns of features that are already prepared.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func predict(prepared features: Matrix<Scalar>, into answers: inout Matrix<Double>) throws(PredictionError) {
    guard features.rows == inputSize else { fail("cannot take \(features.rows) features: the model has \(inputSize)") }
    if let failed = firstFailure(features, arePrepared: true, into: &answers) {
      throw .outputNotFinite(sample: failed)
    }
  }

  /// Computes the answers and returns the first sample whose answer is not finite, or nil.
  private func firstFailure(
    _ samples: Matrix<Scalar>, arePrepared: Bool, into answers: inout Matrix<Double>
  ) -> Int? {
    guard answers.rows == outputSize, answers.columns == samples.columns else {
      fail(
        "cannot put \(outputSize) answers for \(samples.columns) samples into a \(answers.rows)×\(answers.columns)"
          + " matrix")
    }
    return answers.withTile { answers in
      samples.withReadOnlyTile { samples in
        predict(Job(model: self, samples: samples, arePrepared: arePrepared, answers: answers))
        return answers.maxMagnitude.isFinite
          ? nil : (0..<answers.columns).first { !answers[columns: $0..<$0 + 1].maxMagnitude.isFinite }
      }
    }
  }

  /// Returns, for each input, its answer or its error. An error in one input does not affect the others.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func predict(_ inputs: [Input<Scalar>]) -> [Result<Prediction, PredictionError>] {
    var results: [Result<Prediction, PredictionError>] = []
    results.reserveCapacity(inputs.count)
    let memory = Memory(self, samples: min(inputs.count, blockSize))
    for start in stride(from: 0, to: inputs.count, by: blockSize) {
      let block = start..<min(start + blockSize, inputs.count)
      for sample in block {
        let features = memory.features[columns: sample - start..<sample - start + 1]
        do throws(PredictionError) {
          try prepare(inputs[sample], into: features)
          results.append(.success(Prediction()))
        } catch {
          features.fill(0)
          results.append(.failure(error))
        }
      }
      _ = computeOutputs(memory.features[columns: 0..<block.count], memory, on: team.workerCount > 1 ? team : nil)
      for sample in block {
        guard case .success(var prediction) = results[sample] else { continue }
        let found = memory.outputs[columns: sample - start..<sample - start + 1]
        results[sample] =
          prediction.set(found, outputs, interval) ? .success(prediction) : .failure(.outputNotFinite(sample: nil))
      }
    }
    return results
  }

  private func check(_ samples: Matrix<Scalar>) throws(PredictionError) {
    guard rows.isNumeric else { throw .textColumn(rows.firstTextColumn ?? "") }
    guard samples.rows == inputSize else { throw .count(found: samples.rows, expected: inputSize) }
  }

  private func prepare(_ input: Input<Scalar>, into features: Tile<Scalar>) throws(PredictionError) {
    if case .sample(let sample) = input { try check(sample) }
    do throws(FieldError) {
      switch input {
      case .record(let record): try rows.prepare(record, into: features)
      case .row(let row): try rows.prepare(row, into: features)
      case .sample(let sample):
        try sample.withReadOnlyTile { (sample) throws(FieldError) in
          if rows.keepsNumbers, sample.maxMagnitude.isFinite {
            features.copy(sample)
          } else {
            rows.prepare(sample, into: features)
            if !features.maxMagnitude.isFinite, let mistake = rows.mistake(in: sample) { throw mistake }
          }
        }
      }
    } catch {
      throw .input(error, sample: nil)
    }
  }

  private func predict(_ job: Job) {
    let samples = job.samples.columns
    guard samples > 0 else { return }
    // With many samples, each worker takes some of the samples. With few, each takes some of every layer's outputs.
    if samples >= 8 * team.workerCount {
      team.runIfFree(job, work: work * samples)
    } else {
      job.run(0..<samples, Memory(self, samples: samples), on: team.workerCount > 1 ? team : nil)
    }
  }

  /// Samples whose answers a team computes, block by block.
  private struct Job: TeamProgram {
    let model: PackedModel
    let samples: Tile<Scalar>
    /// Whether the samples are already features.
    let arePrepared: Bool
    let answers: Tile<Double>

    func run(_ worker: Worker) {
      let count = samples.columns
      let size = min(model.blockSize, (count + worker.count - 1) / worker.count)
      let memory = Memory(model, samples: size)
      worker.takeTiles((count + size - 1) / size) { block in
        run(block * size..<min((block + 1) * size, count), memory, on: nil)
      }
    }

    /// - Parameter team: The team that computes the block's answers; nil for the calling thread alone.
    func run(_ block: Range<Int>, _ memory: Memory, on team: Team?) {
      computeOutputs(samples[columns: block], memory, on: team)
      model.outputs.writeAnswers(memory.outputs[columns: 0..<block.count], into: answers[columns: block])
    }

    private func computeOutputs(_ samples: Tile<Scalar>, _ memory: Memory, on team: Team?) {
      // If the preparation keeps numbers as they are, the samples are used directly. They are prepared only if a value
      // is not finite, which is rare: it may be a missing value or an error.
      if arePrepared || model.rows.keepsNumbers {
        let areSumsFinite = model.computeOutputs(samples, memory, on: team)
        if arePrepared || (team == nil ? areSumsFinite : samples.maxMagnitude.isFinite) { return }
      }
      let features = memory.features[columns: 0..<samples.columns]
      model.rows.prepare(samples, into: features)
      _ = model.computeOutputs(features, memory, on: team)
    }
  }

  /// Writes the networks' outputs for a block of prepared samples into the first columns of `memory.outputs`. Without a
  /// team, returns false if a feature is infinite or NaN; the weighted sums show this.
  private func computeOutputs(_ features: Tile<Scalar>, _ memory: Memory, on team: Team?) -> Bool {
    let sums = memory.outputs[columns: 0..<features.columns]
    var areSumsFinite = true
    for index in networks.indices {
      let outputs = index == 0 ? sums : memory.others[columns: 0..<features.columns]
      if let team {
        let pass = Pass(model: self, index: index, features: features, outputs: outputs, scratch: memory.scratch)
        team.runIfFree(pass, work: works[index] * features.columns)
      } else {
        areSumsFinite = networks[index].predict(features, into: outputs, scratch: memory.scratch, Worker.alone)
      }
      if !hasEqualWeights { outputs.scale(by: weights[index]) }
      if index > 0 { sums.add(outputs) }
    }
    if hasEqualWeights && networks.count > 1 { sums.scale(by: weights[0]) }
    sums.mix(uniform.share, of: uniform.output)
    return areSumsFinite
  }

  /// One network's outputs, which the workers of a team compute together.
  private struct Pass: TeamProgram {
    let model: PackedModel
    let index: Int
    let features: Tile<Scalar>
    let outputs: Tile<Scalar>
    let scratch: Tile<Scalar>

    func run(_ worker: Worker) { _ = model.networks[index].predict(features, into: outputs, scratch: scratch, worker) }
  }

  /// A thread's memory for a block of samples.
  private struct Memory {
    let features: Tile<Scalar>  // inputSize × samples
    let outputs: Tile<Scalar>  // outputSize × samples
    let others: Tile<Scalar>  // outputSize × samples, the outputs of one network of several
    let scratch: Tile<Scalar>

    init(_ model: PackedModel, samples: Int) {
      var scratchCount = 0
      for index in model.networks.indices {
        scratchCount = max(scratchCount, model.networks[index].scratchCount(samples: samples))
      }
      let (inputs, outputs) = (model.inputSize * samples, model.outputSize * samples)
      let memory = Tile<Scalar>.scratch(scratchCount + inputs + 2 * outputs)
      scratch = memory.reshaped(from: 0, rows: scratchCount, columns: 1)
      features = memory.reshaped(from: scratchCount, rows: model.inputSize, columns: samples)
      self.outputs = memory.reshaped(from: scratchCount + inputs, rows: model.outputSize, columns: samples)
      others = memory.reshaped(from: scratchCount + inputs + outputs, rows: model.outputSize, columns: samples)
    }
  }
}

/// An input whose answer is requested.
enum Input<Scalar: BLASScalar>: Sendable {
  case record([String: InputValue])
  case row([InputValue])
  case sample(Matrix<Scalar>)
}
