#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// A training step as plain loops. The package is compared with it; as a reference it shares no code with the package.
///
/// The loops are what a careful person writes without a library: flat arrays, weights by rows so that every inner loop
/// runs along memory, no bounds checks in the inner loops of the products, all buffers allocated once. The other loops
/// use checked subscripts. There is no blocking and no hand-written vector code, and everything runs on one thread.
package struct NaiveNetwork<Scalar: BinaryFloatingPoint> {
  package enum Activation { case identity, sigmoid, tanh, relu, softmax }
  package enum Loss { case quadratic, meanSquaredError, binaryCrossEntropy, crossEntropy }

  package let sizes: [Int]
  package let activations: [Activation]
  /// Each layer's weights, outputs × inputs, row after row.
  package var weights: [[Scalar]]
  package var biases: [[Scalar]]
  package private(set) var weightGradients: [[Scalar]]
  package private(set) var biasGradients: [[Scalar]]
  /// One sample's outputs of each layer, the inputs first, and the corresponding errors.
  private var outputs: [[Scalar]]
  private var errors: [[Scalar]]
  /// Adam's moments of all parameters, in the order of weights and biases by layer, and the number of its steps. The
  /// moments are empty before the first step.
  private var means: [[Scalar]] = []
  private var squares: [[Scalar]] = []
  private var adamSteps = 0

  package init(sizes: [Int], activations: [Activation]) {
    self.sizes = sizes
    self.activations = activations
    weights = zip(sizes, sizes.dropFirst()).map { Array(repeating: 0, count: $0 * $1) }
    biases = sizes.dropFirst().map { Array(repeating: 0, count: $0) }
    weightGradients = weights
    biasGradients = biases
    outputs = sizes.map { Array(repeating: 0, count: $0) }
    errors = outputs
  }

  /// Back-propagates a batch of samples into the gradients; `inputs` and `targets` hold sample after sample.
  ///
  /// - Returns: The mean loss.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package mutating func backPropagate(_ loss: Loss, inputs: [Scalar], targets: [Scalar], batch: Int) -> Double {
    for layer in weights.indices {
      clear(&weightGradients[layer])
      clear(&biasGradients[layer])
    }
    var sum = 0.0
    for sample in 0..<batch {
      forward(inputs, from: sample * sizes[0])
      sum += takeOutputError(loss, targets, from: sample * sizes[sizes.count - 1], batch: batch)
      backward()
    }
    return sum / Double(batch)
  }

  /// w ← w − rate · ∇w.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package mutating func descend(rate: Scalar) {
    for layer in weights.indices {
      subtract(&weights[layer], weightGradients[layer], rate)
      subtract(&biases[layer], biasGradients[layer], rate)
    }
  }

  /// Takes a step of Adam with β₁ = 0.9, β₂ = 0.999 and ε = 10⁻⁸.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package mutating func descendByAdam(rate: Scalar) {
    if adamSteps == 0 {
      means = weights.map { $0.map { _ in 0 } } + biases.map { $0.map { _ in 0 } }
      squares = means
    }
    adamSteps += 1
    let (restMean, restSquare) = (1 - pow(0.9, Double(adamSteps)), 1 - pow(0.999, Double(adamSteps)))
    func update(_ values: inout [Scalar], _ gradient: [Scalar], _ moment: Int) {
      for i in values.indices {
        let mean = 0.9 * means[moment][i] + 0.1 * gradient[i]
        let square = 0.999 * squares[moment][i] + 0.001 * gradient[i] * gradient[i]
        means[moment][i] = mean
        squares[moment][i] = square
        values[i] -= rate * (mean / Scalar(restMean)) / ((square / Scalar(restSquare)).squareRoot() + 1e-8)
      }
    }
    for layer in weights.indices {
      update(&weights[layer], weightGradients[layer], layer)
      update(&biases[layer], biasGradients[layer], weights.count + layer)
    }
  }

  /// Returns the outputs for one sample.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package mutating func predict(_ inputs: [Scalar]) -> [Scalar] {
    forward(inputs, from: 0)
    return outputs[outputs.count - 1]
  }
}

// MARK: - The equations

extension NaiveNetwork {
  /// z = W a₋₁ + b, a = g(z).
  mutating func forward(_ inputs: [Scalar], from start: Int) {
    for i in 0..<sizes[0] { outputs[0][i] = inputs[start + i] }
    for layer in weights.indices {
      let (inputSize, outputSize) = (sizes[layer], sizes[layer + 1])
      weights[layer].withUnsafeBufferPointer { w in
        outputs[layer].withUnsafeBufferPointer { a in
          for i in 0..<outputSize {
            var z = biases[layer][i]
            for j in 0..<inputSize { z += w[i * inputSize + j] * a[j] }
            outputs[layer + 1][i] = z
          }
        }
      }
      activate(&outputs[layer + 1], activations[layer])
    }
  }

  /// Computes the last layer's error ∂L/∂a, divided by the batch size, and returns the loss. If the loss and the
  /// activation are one formula, the error is already ∂L/∂z.
  mutating func takeOutputError(_ loss: Loss, _ targets: [Scalar], from start: Int, batch: Int) -> Double {
    let last = sizes.count - 1
    var sum = 0.0
    for i in 0..<sizes[last] {
      let a = outputs[last][i]
      let y = targets[start + i]
      var slope = a - y
      switch loss {
      case .quadratic: sum += 0.5 * Double(slope * slope)
      case .meanSquaredError:
        sum += Double(slope * slope) / Double(sizes[last])
        slope *= 2 / Scalar(sizes[last])
      case .binaryCrossEntropy: sum -= Double(y) * log(Double(a)) + (1 - Double(y)) * log(1 - Double(a))
      case .crossEntropy: if y != 0 { sum -= Double(y) * log(Double(a)) }
      }
      errors[last][i] = slope / Scalar(batch)
    }
    let isOneFormula = loss == .binaryCrossEntropy || loss == .crossEntropy
    if !isOneFormula { derive(&errors[last], outputs[last], activations[last - 1]) }
    return sum
  }

  /// ∇W += δ a₋₁ᵀ, ∇b += δ, δ₋₁ = Wᵀ δ ∘ g′.
  mutating func backward() {
    for layer in weights.indices.reversed() {
      let (inputSize, outputSize) = (sizes[layer], sizes[layer + 1])
      clear(&errors[layer])
      let error = errors[layer + 1]
      weightGradients[layer].withUnsafeMutableBufferPointer { gradient in
        errors[layer].withUnsafeMutableBufferPointer { previous in
          weights[layer].withUnsafeBufferPointer { w in
            outputs[layer].withUnsafeBufferPointer { a in
              for i in 0..<outputSize {
                let delta = error[i]
                biasGradients[layer][i] += delta
                for j in 0..<inputSize { gradient[i * inputSize + j] += delta * a[j] }
                if layer > 0 {
                  for j in 0..<inputSize { previous[j] += w[i * inputSize + j] * delta }
                }
              }
            }
          }
        }
      }
      if layer > 0 { derive(&errors[layer], outputs[layer], activations[layer - 1]) }
    }
  }

  func activate(_ z: inout [Scalar], _ activation: Activation) {
    switch activation {
    case .identity: break
    case .sigmoid: for i in z.indices { z[i] = 1 / (1 + exponential(-z[i])) }
    case .tanh: for i in z.indices { z[i] = 1 - 2 / (exponential(2 * z[i]) + 1) }
    case .relu: for i in z.indices { z[i] = max(0, z[i]) }
    case .softmax:
      let largest = z.max()!
      for i in z.indices { z[i] = exponential(z[i] - largest) }
      let sum = z.reduce(0, +)
      for i in z.indices { z[i] /= sum }
    }
  }

  func derive(_ error: inout [Scalar], _ a: [Scalar], _ activation: Activation) {
    switch activation {
    case .identity: break
    case .sigmoid: for i in a.indices { error[i] *= a[i] * (1 - a[i]) }
    case .tanh: for i in a.indices { error[i] *= 1 - a[i] * a[i] }
    case .relu: for i in a.indices where a[i] <= 0 { error[i] = 0 }
    case .softmax:
      let mean = zip(error, a).reduce(0) { $0 + $1.0 * $1.1 }
      for i in a.indices { error[i] = a[i] * (error[i] - mean) }
    }
  }

  func clear(_ values: inout [Scalar]) {
    for i in values.indices { values[i] = 0 }
  }

  func subtract(_ values: inout [Scalar], _ gradient: [Scalar], _ rate: Scalar) {
    for i in values.indices { values[i] -= rate * gradient[i] }
  }

  func exponential(_ x: Scalar) -> Scalar { x is Float ? Scalar(expf(Float(x))) : Scalar(exp(Double(x))) }
}
