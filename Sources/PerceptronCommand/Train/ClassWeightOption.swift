import Perceptron

/// `--class-weights`: the weight of each class's samples.
enum ClassWeightOption {
  case balanced
  case named([(name: String, weight: Double)])

  init(_ text: String) throws(CommandError) {
    if text == "balanced" {
      self = .balanced
      return
    }
    self = .named(
      try text.split(separator: ",", omittingEmptySubsequences: false).map { part throws(CommandError) in
        guard let equals = part.lastIndex(of: "="), let weight = Double(part[part.index(after: equals)...]),
          weight >= 0, weight.isFinite
        else {
          throw .usage("--class-weights: expected balanced or NAME=WEIGHT,…, found \(text.debugDescription)")
        }
        guard weight == 0 || Float(weight).isNormal else {
          throw .usage(
            "--class-weights: \(part.debugDescription) is too large or too small to compute with; only the ratios of"
              + " the weights matter, so choose others")
        }
        return (String(part[..<equals]), weight)
      })
  }

  /// Returns the samples with these weights, multiplied by the samples' own weights.
  func applied<Scalar>(to samples: Samples<Scalar>, _ preparation: Preparation) throws(CommandError) -> Samples<Scalar>
  {
    guard case .classes(let names, _) = preparation.outputs else {
      throw .usage("--class-weights is for classification with one target")
    }
    guard case .named(let weights) = self else {
      return try Self.weighted(samples, samples.balancedClassWeights)
    }
    var all = names.map { _ in 1.0 }
    for (name, weight) in weights {
      guard let index = names.firstIndex(of: name) else {
        throw .usage(
          "--class-weights: there is no class \(name.debugDescription); there are \(names.joined(separator: ", "))")
      }
      all[index] = weight
    }
    guard zip(samples.balancedClassWeights, all).contains(where: { $0 > 0 && $1 > 0 }) else {
      throw .usage("--class-weights: all samples would have weight 0; give a class a weight above 0")
    }
    return try Self.weighted(samples, all)
  }

  /// Returns the samples weighted by class, if all weights are numbers that can be computed with.
  private static func weighted<Scalar>(
    _ samples: Samples<Scalar>, _ classWeights: [Double]
  ) throws(CommandError) -> Samples<Scalar> {
    var sum = 0.0
    for sample in 0..<samples.count {
      let ofClass = classWeights.indices.reduce(0.0) { $0 + classWeights[$1] * Double(samples.targets[$1, sample]) }
      let weight = Scalar(ofClass) * (samples.weights?[0, sample] ?? 1)
      sum += Double(weight)
    }
    guard sum > 0, sum.isFinite else {
      throw .usage(
        "--class-weights: their products with the samples' weights are too large or too small to compute with; only the"
          + " ratios matter, so choose others")
    }
    return samples.weighted(byClass: classWeights)
  }
}
