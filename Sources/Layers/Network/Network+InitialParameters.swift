import Tensor

extension Network {
  /// Fits random parameters to samples before training, layer by layer: each weighted input gets a standard deviation
  /// of 1 over the samples, and each unit's activation begins to bend somewhere among them.
  ///
  ///     W ← diag(1 / σ) W,   b = −Σ pₖ zₖ
  ///
  /// σ is the deviation of W A₋₁ by unit. For each unit, the zₖ are its weighted inputs for five random samples, and
  /// the pₖ are random shares that add up to 1 (Steinwart 2019, he+5, as in Holzmüller, Grinsztajn and Steinwart 2024).
  /// A unit whose weighted input is the same for all samples keeps its weights. Normalised layers keep all.
  ///
  /// - Shapes: inputs inputSize × samples.
  /// - Precondition: Traps if the inputs have another number of rows, or there is no sample.
  /// - Complexity: 2 · parameterCount · samples flops for each layer; a thousand samples are enough.
  public mutating func fitInitialParameters(to inputs: Matrix<Scalar>, using generator: inout Philox) {
    check(inputs)
    guard inputs.columns > 0 else { fail("cannot fit the parameters of \(self) to no samples") }
    let simplexSize = 5
    for index in layers.indices where layers[index].normalization == .none {
      let z = upTo(index).predict(inputs)
      var (weights, bias) = (self[layer: index, .weights], self[layer: index, .bias])
      for unit in 0..<z.rows {
        let values = (0..<z.columns).map { Double(z[unit, $0] - bias[unit, 0]) }
        let mean = values.reduce(0, +) / Double(values.count)
        let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot()
        // The same sum may round differently in another column.
        let rounding = 64 * Double(Scalar.ulpOfOne) * abs(mean)
        let factor = deviation > rounding && deviation.isFinite ? 1 / deviation : 1
        for column in 0..<weights.columns { weights[unit, column] *= Scalar(factor) }
        let chosen = (0..<simplexSize).map { _ in values[generator.nextIndex(below: values.count)] }
        // The gaps between sorted uniform numbers are uniform shares.
        let ends = (1..<simplexSize).map { _ in generator.nextUniform() }.sorted()
        let shares = zip(ends + [1], [0] + ends).map { $0 - $1 }
        bias[unit, 0] = Scalar(-factor * zip(shares, chosen).reduce(0) { $0 + $1.0 * $1.1 })
      }
      self[layer: index, .weights] = weights
      self[layer: index, .bias] = bias
    }
  }
}
