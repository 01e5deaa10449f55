import Tensor

/// The difference between a gradient and central differences.
public struct GradientCheck: Sendable {
  /// The largest relative error in each layer, from the first to the last.
  public let relativeErrors: [Double]

  /// The largest relative error in the embedding; nil if there is none.
  public let embeddingError: Double?

  /// The largest relative error of all layers and the embedding.
  public var largestRelativeError: Double { max(relativeErrors.max() ?? 0, embeddingError ?? 0) }
}

extension Network where Scalar == Double {
  /// Compares back-propagation with central differences, parameter by parameter.
  ///
  ///     n = (8 (L(θ+h) − L(θ−h)) − (L(θ+2h) − L(θ−2h))) / 12h,   h = 10⁻²
  ///     relative error = |g − n| / max(|g| + |n|, m / 100, 10⁻⁷ L),   m the layer's largest |g|
  ///
  /// The floors are needed because differences cannot resolve elements that are far below the layer's largest or within
  /// the rounding of the loss.
  ///
  /// If a sample meets ReLU's kink between the points, the differences are wrong, not the gradient. A large error is
  /// therefore tried again with h/10 … h/10⁵, and the smallest error counts. A wrong gradient is wrong for every h.
  ///
  /// If a sample lies on the kink itself, the loss has two slopes, one to each side. Any gradient between them is then
  /// right. Every sample whose normalised values are all 0 lies on the kink.
  ///
  /// - Shapes: inputs inputSize × batch, targets outputSize × batch.
  /// - Complexity: four to 34 forward passes per parameter, so this is for small networks.
  public func gradientCheck(_ loss: Loss, inputs: Matrix<Double>, targets: Matrix<Double>) -> GradientCheck {
    var workspace = Workspace(for: self, batchCapacity: inputs.columns)
    var gradient = Matrix<Double>(rows: parameterCount, columns: 1)
    _ = backPropagate(loss, inputs: inputs, targets: targets, workspace: &workspace, gradient: &gradient)
    return compare(gradient, with: loss, inputs: inputs, targets: targets)
  }

  /// Compares any gradient with central differences of the loss.
  package func compare(
    _ gradient: Matrix<Double>, with loss: Loss, inputs: Matrix<Double>, targets: Matrix<Double>
  ) -> GradientCheck {
    var workspace = Workspace(for: self, batchCapacity: inputs.columns)
    var shifted = self
    var unused = Matrix<Double>(rows: parameterCount, columns: 1)
    func value(_ parameter: Int, _ shift: Double) -> Double {
      shifted.parameters[parameter, 0] = parameters[parameter, 0] + shift
      defer { shifted.parameters[parameter, 0] = parameters[parameter, 0] }
      // Batch normalisation in training differs from that in a prediction.
      return layers.contains { $0.normalization == .batch }
        ? shifted.backPropagate(loss, inputs: inputs, targets: targets, workspace: &workspace, gradient: &unused)
        : shifted.meanLoss(loss, inputs: inputs, targets: targets, workspace: &workspace)
    }
    func difference(_ parameter: Int, _ h: Double) -> Double {
      let near = value(parameter, h) - value(parameter, -h)
      let far = value(parameter, 2 * h) - value(parameter, -2 * h)
      return (8 * near - far) / (12 * h)
    }
    // The slopes to the left and right of a parameter that is on a kink; nil if they are equal. The floor distinguishes
    // a kink from rounding.
    func slopes(_ parameter: Int, _ h: Double, floor: Double) -> ClosedRange<Double>? {
      let here = value(parameter, 0)
      func slope(_ h: Double) -> Double {
        (4 * value(parameter, h) - value(parameter, 2 * h) - 3 * here) / (2 * h)
      }
      let (left, right) = (slope(-h), slope(h))
      guard abs(left - right) > 1e-3 * max(abs(left), abs(right), floor) else { return nil }
      return min(left, right)...max(left, right)
    }
    let size = abs(shifted.meanLoss(loss, inputs: inputs, targets: targets, workspace: &workspace))
    func largestError(_ range: Range<Int>) -> Double {
      let floor = max(range.map { abs(gradient[$0, 0]) }.max()! / 100, 1e-7 * size)
      return range.map { parameter in
        let g = gradient[parameter, 0]
        var smallest = Double.infinity
        for h in [1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7] where !(smallest < 1e-8) {
          let n = difference(parameter, h)
          let error = g == n ? 0 : abs(g - n) / max(abs(g) + abs(n), floor)
          if error < smallest { smallest = error }
        }
        for h in [1e-4, 1e-5] where !(smallest < 1e-8) {
          guard let slopes = slopes(parameter, h, floor: floor) else { continue }
          let n = min(max(g, slopes.lowerBound), slopes.upperBound)
          smallest = min(smallest, abs(g - n) / max(abs(g) + abs(n), floor))
        }
        return smallest
      }.max()!
    }
    return GradientCheck(
      relativeErrors: layers.indices.map { largestError(chain.offsets[$0]..<chain.offsets[$0 + 1]) },
      embeddingError: embedding.map { _ in largestError(0..<chain.offsets[0]) })
  }
}
