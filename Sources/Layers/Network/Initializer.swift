import Tensor

/// The distribution from which a network's parameters are drawn. Biases start at 0, except with ``normal``.
public enum Initializer: String, Sendable, CaseIterable {
  /// Weights and biases from N(0, 1), as in Nielsen's book.
  case normal
  /// N(0, 2 / (inputs + outputs)): keeps the variance of sigmoid and tanh layers in both directions (Glorot and Bengio
  /// 2010).
  case glorotNormal = "glorot-normal"
  /// U(±√(6 / (inputs + outputs))), with the same variance.
  case glorotUniform = "glorot-uniform"
  /// N(0, 2 / inputs): keeps the variance of ReLU layers (He et al. 2015).
  case heNormal = "he-normal"
  /// U(±√(6 / inputs)), with the same variance.
  case heUniform = "he-uniform"
  /// N(0, 1 / inputs): keeps the variance of SELU layers (LeCun et al. 1998; Klambauer et al. 2017).
  case lecunNormal = "lecun-normal"
  /// A random matrix with orthonormal rows or columns, whichever are fewer (Saxe et al. 2014), from the QR
  /// decomposition of a normal one.
  case orthogonal

  /// The usual choice for an activation: He for ReLU and similar ones, LeCun for SELU, Glorot for the others.
  public static func automatic(for activation: Activation) -> Initializer {
    switch activation {
    case .selu: .lecunNormal
    case .identity, .sigmoid, .tanh, .softsign, .softmax: .glorotUniform
    default: .heNormal
    }
  }

  /// Draws the weights of a layer, outputs × inputs.
  func weights<Scalar>(_ layer: Dense, using generator: inout Philox) -> Matrix<Scalar> {
    var weights = Matrix<Scalar>(rows: layer.outputSize, columns: layer.inputSize)
    let inputs = Double(layer.inputSize)
    let outputs = Double(layer.outputSize)
    switch self {
    case .normal: weights.fillNormal(using: &generator)
    case .glorotNormal: weights.fillNormal(standardDeviation: (2 / (inputs + outputs)).squareRoot(), using: &generator)
    case .lecunNormal: weights.fillNormal(standardDeviation: (1 / inputs).squareRoot(), using: &generator)
    case .heNormal: weights.fillNormal(standardDeviation: (2 / inputs).squareRoot(), using: &generator)
    case .glorotUniform: weights.fillUniform(bound: (6 / (inputs + outputs)).squareRoot(), using: &generator)
    case .heUniform: weights.fillUniform(bound: (6 / inputs).squareRoot(), using: &generator)
    case .orthogonal: weights.fillOrthogonal(using: &generator)
    }
    return weights
  }

  /// Draws the bias of a layer, outputs × 1.
  func bias<Scalar>(_ layer: Dense, using generator: inout Philox) -> Matrix<Scalar> {
    var bias = Matrix<Scalar>(rows: layer.outputSize, columns: 1)
    if self == .normal { bias.fillNormal(using: &generator) }
    return bias
  }
}

extension Matrix {
  fileprivate mutating func fillUniform(bound: Double, using generator: inout Philox) {
    fillUniform(-bound...bound, using: &generator)
  }

  /// Fills the matrix with the Q of a tall normal matrix. The sign of each column is chosen so that R's diagonal is
  /// positive, which makes Q uniform over the orthogonal matrices (Mezzadri 2007). It is computed in `Double`, so that
  /// both precisions start alike.
  fileprivate mutating func fillOrthogonal(using generator: inout Philox) {
    let isTall = rows >= columns
    var tall = Matrix<Double>(rows: Swift.max(rows, columns), columns: Swift.min(rows, columns))
    tall.fillNormal(using: &generator)
    let (q, r) = tall.qrDecomposition()
    for column in 0..<q.columns {
      let sign = r[column, column] < 0 ? -1.0 : 1.0
      for row in 0..<q.rows {
        let value = Scalar(sign * q[row, column])
        if isTall { self[row, column] = value } else { self[column, row] = value }
      }
    }
  }
}
