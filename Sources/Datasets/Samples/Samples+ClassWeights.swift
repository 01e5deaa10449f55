import Tensor

extension Samples {
  /// The same samples, with each weight multiplied by the weight of the sample's class: wᵢ ← wᵢ Σₖ cₖ yₖᵢ.
  ///
  /// - Parameter classWeights: c, one for each output: finite, not negative, and not 0 for all classes that occur.
  /// - Precondition: Traps if there is not one weight for each output, if a sample's weight becomes negative or is not
  ///   finite, or if all samples would have the weight 0.
  public func weighted(byClass classWeights: [Double]) -> Samples {
    guard classWeights.count == targets.rows else {
      fail("cannot weigh \(targets.rows) classes by \(classWeights.count) weights")
    }
    let weights = (0..<count).map { sample in
      let own = classWeights.indices.reduce(0.0) { $0 + classWeights[$1] * Double(targets[$1, sample]) }
      return Scalar(own) * (self.weights?[0, sample] ?? 1)
    }
    return weighted(by: Matrix(rows: 1, columns: count, columnMajor: weights))
  }

  /// The class weights that give every class that occurs the same total weight, and 0 to a class that does not occur.
  ///
  ///     cₖ = Σⱼ tⱼ / (n tₖ)   with tₖ = Σᵢ wᵢ yₖᵢ, and n the number of classes with tₖ > 0
  public var balancedClassWeights: [Double] {
    let totals = (0..<targets.rows).map { row in
      (0..<count).reduce(0.0) { $0 + Double(targets[row, $1]) * Double(weights?[0, $1] ?? 1) }
    }
    let occurring = totals.filter { $0 > 0 }
    return totals.map { $0 > 0 ? totals.reduce(0, +) / (Double(occurring.count) * $0) : 0 }
  }
}
