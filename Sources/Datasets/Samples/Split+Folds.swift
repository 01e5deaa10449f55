import Tensor

extension Split {
  /// Divides samples into folds of equal size, give or take one, and returns a division for each: its fold is for
  /// validation, and all other samples are for training.
  ///
  /// Each fold has about the same distribution of the keys: samples of similar keys are dealt out to the folds in
  /// random order (stratification). Equal keys make it a plain random division.
  ///
  /// - Parameters:
  ///   - count: The number of folds.
  ///   - keys: A number for each sample, such as its class or its value; NaN counts as the largest.
  /// - Precondition: Traps unless there are from 2 to `keys.count` folds.
  public static func folds(_ count: Int, stratifiedBy keys: [Double], using generator: inout Philox) -> [Split] {
    splits(count, foldOfSample(count, stratifiedBy: keys, using: &generator))
  }

  /// The first division of ``folds(_:stratifiedBy:using:)``, without the memory for the others.
  package static func firstFold(
    of count: Int, stratifiedBy keys: [Double], using generator: inout Philox
  ) -> Split {
    let folds = foldOfSample(count, stratifiedBy: keys, using: &generator)
    return Split(training: folds.indices.filter { folds[$0] > 0 }, validation: folds.indices.filter { folds[$0] == 0 })
  }

  private static func foldOfSample(
    _ count: Int, stratifiedBy keys: [Double], using generator: inout Philox
  ) -> [Int] {
    checkFolds(count, among: keys.count, "samples")
    var order = Array(keys.indices)
    generator.shuffle(&order)
    // The sort is stable, so equal keys stay in random order.
    order.sort { rank(keys[$0]) < rank(keys[$1]) }
    var foldOfSample = Array(repeating: 0, count: keys.count)
    var folds = Array(0..<count)
    for (place, sample) in order.enumerated() {
      if place.isMultiple(of: count) { generator.shuffle(&folds) }
      foldOfSample[sample] = folds[place % count]
    }
    return foldOfSample
  }

  private static func rank(_ key: Double) -> Double { key.isNaN ? .infinity : key }

  /// Divides the validation samples into parts of equal size, give or take one, each with about the same distribution
  /// of the keys, and returns a division for each: the part is for validation, and all other samples are for training.
  ///
  /// - Parameters:
  ///   - count: The number of parts.
  ///   - keys: As in ``folds(_:stratifiedBy:using:)``, a number for each sample.
  /// - Precondition: Traps unless there are from 2 parts to as many as there are validation samples.
  public func divided(among count: Int, stratifiedBy keys: [Double], using generator: inout Philox) -> [Split] {
    Self.folds(count, stratifiedBy: validation.map { keys[$0] }, using: &generator).map { part in
      let others = part.training.map { validation[$0] }
      return Split(training: (training + others).sorted(), validation: part.validation.map { validation[$0] })
    }
  }

  /// Divides samples into folds such that all samples of a group are in the same fold. The folds have similar sizes:
  /// the largest group that is left goes to the smallest fold.
  ///
  /// - Parameters:
  ///   - count: The number of folds.
  ///   - groups: The group of each sample: any number, the same for all its samples.
  /// - Precondition: Traps unless there are from 2 folds to as many as there are groups.
  public static func folds(_ count: Int, groupedBy groups: [Int]) -> [Split] {
    var sizes: [Int: Int] = [:]
    for group in groups { sizes[group, default: 0] += 1 }
    checkFolds(count, among: sizes.count, "groups")
    var foldSizes = Array(repeating: 0, count: count)
    var foldOfGroup: [Int: Int] = [:]
    for (group, size) in sizes.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
      let fold = foldSizes.indices.min { (foldSizes[$0], $0) < (foldSizes[$1], $1) }!
      foldOfGroup[group] = fold
      foldSizes[fold] += size
    }
    return splits(count, groups.map { foldOfGroup[$0]! })
  }

  /// Divides samples in the order of time into count + 1 blocks of similar size, and returns a division for each block
  /// but the first: the block is for validation, and all earlier samples are for training. Samples of the same time are
  /// in the same block.
  ///
  /// - Parameters:
  ///   - count: The number of divisions.
  ///   - times: When each sample was taken, in any unit; not NaN.
  /// - Precondition: Traps unless there is at least one division and more different times than divisions.
  public static func folds(_ count: Int, inOrderOf times: [Double]) -> [Split] {
    let order = times.indices.sorted { (times[$0], $0) < (times[$1], $1) }
    // The places in the order where a block may begin.
    let starts = order.indices.filter { $0 > 0 && times[order[$0]] != times[order[$0 - 1]] }
    guard count >= 1, count <= starts.count else {
      fail("cannot divide \(times.count) samples of \(starts.count + 1) times into \(count) folds")
    }
    var bounds: [Int] = []
    for block in 1...count {
      let wanted = times.count * block / (count + 1)
      // Each later block needs a place too.
      let usable = starts.filter { $0 > bounds.last ?? 0 }.dropLast(count - block)
      bounds.append(usable.min { (abs($0 - wanted), $0) < (abs($1 - wanted), $1) }!)
    }
    return zip(bounds, bounds.dropFirst() + [times.count]).map { start, end in
      Split(training: order[..<start].sorted(), validation: order[start..<end].sorted())
    }
  }

  private static func splits(_ count: Int, _ foldOfSample: [Int]) -> [Split] {
    var splits = Array(repeating: Split(training: [], validation: []), count: count)
    for (sample, fold) in foldOfSample.enumerated() {
      for index in splits.indices {
        if index == fold { splits[index].validation.append(sample) } else { splits[index].training.append(sample) }
      }
    }
    return splits
  }

  private static func checkFolds(_ count: Int, among parts: Int, _ name: String) {
    guard count >= 2, count <= parts else { fail("cannot divide \(parts) \(name) into \(count) folds") }
  }
}
