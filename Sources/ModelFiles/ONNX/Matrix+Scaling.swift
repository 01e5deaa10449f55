import Tensor

/// Weights, outputs × inputs, that absorb a scaling of a layer's inputs or outputs.
extension Matrix {
  /// W (s ∘ x + t) + b = (W diag s) x + (W t + b): W and b become W diag s and W t + b.
  ///
  /// - Parameters:
  ///   - factors: s by the input's number.
  ///   - offsets: t by the input's number.
  mutating func takeOverInputs(_ factors: (Int) -> Scalar, _ offsets: (Int) -> Scalar, bias: inout [Scalar]) {
    let (outputs, inputs) = (rows, columns)
    var sums = bias.map { Double($0) }
    withMutableSpan { weights in
      for input in 0..<inputs {
        let (factor, offset) = (factors(input), Double(offsets(input)))
        for output in 0..<outputs {
          let place = output + input * outputs
          sums[output] += Double(weights[place]) * offset
          weights[place] *= factor
        }
      }
    }
    bias = sums.map { Scalar($0) }
  }

  /// s ∘ (W x) = (diag s W) x: W becomes diag s W.
  mutating func takeOverOutputs(_ factors: (Int) -> Scalar) {
    let factors = (0..<rows).map(factors)
    let inputs = columns
    withMutableSpan { weights in
      for input in 0..<inputs {
        for output in factors.indices { weights[output + input * factors.count] *= factors[output] }
      }
    }
  }
}
