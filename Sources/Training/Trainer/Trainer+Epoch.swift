import PerceptronDatasets
import PerceptronLayers
import Tensor

extension Trainer {
  /// Trains on every sample once, in a new random order. A full-batch method (``Optimizer/isFullBatch``) takes the
  /// samples in their own order. If `fit` was stopped within an epoch, this runs the rest of that epoch.
  ///
  /// - Returns: The mean loss over the samples, including what the regularization adds to it. Each sample's loss is
  ///   taken before the step of its batch.
  /// - Throws: ``Divergence`` if a number is not finite; the network is then as it was before the failed step.
  /// - Precondition: Traps if the sizes of the samples differ from the network's, there are no samples, there is a
  ///   single sample with batch normalization, the optimizer is full-batch and there are more than ``batchSize``
  ///   samples, or an epoch has begun with another number of samples.
  public mutating func runEpoch(on samples: Samples<Scalar>) throws(Divergence) -> Double {
    try continueEpoch(on: samples) { _ in true }!
  }

  /// Runs the rest of an epoch, or a new epoch if none has begun, until the closure stops it.
  ///
  /// - Parameter proceeds: Called after each step with the number of the epoch's samples done. If it returns false,
  ///   training stops there and the next call continues. After the last step the result is ignored.
  /// - Returns: The mean loss over the samples, as ``runEpoch(on:)`` returns it; nil if the epoch is not complete.
  /// - Throws: ``Divergence`` if a number is not finite; the network is then as it was before the failed step.
  /// - Precondition: As for ``runEpoch(on:)``.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  mutating func continueEpoch(
    on samples: Samples<Scalar>, while proceeds: (_ samplesDone: Int) -> Bool
  ) throws(Divergence) -> Double? {
    check(samples)
    checkNormalization(samples.count)
    if state.rule.isFullBatch && samples.count > batchSize {
      fail(
        "cannot train with \(optimizer.name), which takes all samples in each step, on \(samples.count) with a batch"
          + " size of \(batchSize)")
    }
    if samplesDone == 0 {
      if order.count != samples.count { order = Array(0..<samples.count) }
      // In another order, the loss over all samples would round differently, and a full-batch method would take that
      // for a change.
      if !state.rule.isFullBatch { generator.shuffle(&order) }
      (stepInEpoch, lossSum, secondsInEpoch) = (0, 0, 0)
    } else if order.count != samples.count {
      fail("cannot continue an epoch of \(order.count) samples with \(samples.count) samples")
    }
    if let holders = samples.holders {
      guard !state.rule.isFullBatch, holders.processes.rank == processes.rank,
        holders.processes.count == processes.count
      else {
        fail(
          "cannot train with \(optimizer.name) and \(processes.count) processes on samples that"
            + " \(holders.processes.count) processes hold: gather them first")
      }
    }
    let copyCount = state.rule.isFullBatch ? nil : samples.copyCount(batchSize)
    while samplesDone < samples.count {
      guard let copyCount else {
        guard try continueEpoch(samples, order[samplesDone...], proceeds) else { return nil }
        continue
      }
      let part = Parts(size: copyCount, least: batches.least).first(order[samplesDone...])
      let (copy, places) = samples.copied(part, takers: takers(of: part))
      guard try continueEpoch(copy, places[...], proceeds) else { return nil }
    }
    _ = proceeds(samplesDone)
    epoch += 1
    (stepInEpoch, samplesDone) = (0, 0)
    return lossSum / Double(samples.count)
  }

  /// Takes the steps of a part of an epoch. Returns false if the closure stopped it.
  ///
  /// - Parameter indices: The indices in `samples` of the next samples of the epoch.
  @inline(__always)
  private mutating func continueEpoch(
    _ samples: Samples<Scalar>, _ indices: ArraySlice<Int>, _ proceeds: (_ samplesDone: Int) -> Bool
  ) throws(Divergence) -> Bool {
    var left = indices
    while !left.isEmpty {
      let batch = batches.first(left)
      left = left[batch.endIndex...]
      let next = batches.first(left)
      lossSum += try step(samples, batch, next: next) * Double(batch.count)
      samplesDone += batch.count
      if samplesDone < samples.wholeCount && !processes.agree(proceeds(samplesDone)) { return false }
    }
    return true
  }

  /// For each sample of a part of an epoch, the process whose shard it is in.
  private func takers(of part: ArraySlice<Int>) -> [Int] {
    var takers: [Int] = []
    takers.reserveCapacity(part.count)
    while takers.count < part.count {
      let batch = batches.first(part.dropFirst(takers.count))
      let tree = shardTree(batch)
      for rank in 0..<processes.count {
        for shard in tree.share(of: rank, in: processes) {
          takers += repeatElement(rank, count: tree.samples(of: shard, batch: batch.count).count)
        }
      }
    }
    return takers
  }
}

extension Samples {
  /// How many samples are to be copied to memory at a time, in whole batches. Nil if the samples are in memory, or take
  /// at most half of it.
  ///
  /// A copy takes a quarter of the memory. If several processes hold the samples, all copy the same number, and each
  /// gets ``movedBytes`` of features on average.
  fileprivate func copyCount(_ batchSize: Int) -> Int? {
    if let holders {
      let size = MemoryLayout<Scalar>.size * featureCount
      return max(Self.movedBytes / size * holders.processes.count / batchSize, 1) * batchSize
    }
    guard ownFeatures.isInFile else { return nil }
    let memory = MatrixFiles.memory ?? usableMemory()
    let scalars = featureCount + targets.rows + (relativeWeights == nil ? 0 : 1)
    let size = MemoryLayout<Scalar>.size * scalars + 3 * MemoryLayout<Int>.size
    guard size * count > memory / 2 else { return nil }
    return max(memory / 4 / size / batchSize, 1) * batchSize
  }
}
