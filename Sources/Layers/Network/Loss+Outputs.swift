import Tensor

extension Loss {
  /// The mean loss over samples whose outputs are already computed. They need not be the outputs of one network: they
  /// may be the mean of several networks' outputs.
  ///
  /// The cross-entropies keep each probability at least the precision's ε away from 0 and 1, so that one sample cannot
  /// make them infinite, and the losses of counts keep a mean at least 10⁻³⁰ away from 0. For the outputs of one
  /// network, ``Network/meanLoss(_:inputs:targets:workspace:)`` is more exact.
  ///
  /// - Shapes: outputs and targets outputs × samples.
  /// - Precondition: Traps if the shapes differ, or there are no elements.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func mean<Scalar>(ofOutputs outputs: Matrix<Scalar>, targets: Matrix<Scalar>) -> Double {
    guard outputs.rows == targets.rows, outputs.columns == targets.columns, !outputs.isEmpty else {
      fail("cannot compare \(outputs.shape) outputs with \(targets.shape) targets")
    }
    guard isForClasses else {
      // These losses are computed from the logarithms.
      let outputs = hasLogLink ? outputs.map { Scalar(portableLogarithm(max(Double($0), 1e-30))) } : outputs
      return outputs.withReadOnlyTile { outputs in
        targets.withReadOnlyTile {
          outputs.loss(self, targets: $0, batch: outputs.columns, replacing: false)
        }
      }
    }
    let tolerance = Double(Scalar.ulpOfOne)
    func logarithm(_ probability: Double) -> Double {
      portableLogarithm(min(max(probability, tolerance), 1 - tolerance))
    }
    let sum = outputs.withSpan { outputs in
      targets.withSpan { targets in
        var sum = 0.0
        for index in outputs.indices {
          let (a, y) = (Double(outputs[index]), Double(targets[index]))
          if y != 0 { sum -= y * logarithm(a) }
          if self == .binaryCrossEntropy && y != 1 { sum -= (1 - y) * logarithm(1 - a) }
        }
        return sum
      }
    }
    return sum / Double(outputs.columns)
  }

  /// Returns the loss of each sample.
  ///
  /// - Shapes: outputs and targets outputSize × samples.
  package func ofSamples<Scalar>(outputs: Matrix<Scalar>, targets: Matrix<Scalar>) -> [Double] {
    (0..<outputs.columns).map {
      mean(ofOutputs: outputs[columns: $0..<$0 + 1], targets: targets[columns: $0..<$0 + 1])
    }
  }
}
