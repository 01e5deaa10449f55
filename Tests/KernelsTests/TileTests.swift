import CPerceptronKernels
import Foundation
import Tensor
import Testing

/// A tile's shape: its rows and columns, and how far apart its columns start in each of two arrays.
struct Shape: Sendable, CustomTestStringConvertible {
  var rows: Int, columns: Int, stride: Int, otherStride: Int

  var testDescription: String { "\(rows) × \(columns), strides \(stride) and \(otherStride)" }

  /// The last two hold more numbers than are taken at once.
  static let all =
    [0, 1, 10, 17, 64, 300].flatMap { rows in
      [
        Shape(rows: rows, columns: 5, stride: rows, otherStride: rows),
        Shape(rows: rows, columns: 3, stride: rows + 3, otherStride: rows + 1),
        Shape(rows: rows, columns: 0, stride: rows, otherStride: rows),
      ]
    } + [
      Shape(rows: 10, columns: 450, stride: 10, otherStride: 10),
      Shape(rows: 3001, columns: 2, stride: 3001, otherStride: 3001),
    ]

  /// Numbers for a tile with this stride, with some to spare behind it.
  func numbers<Real: KernelReal>(_ range: ClosedRange<Double>, stride: Int, seed: UInt64) -> [Real] {
    randomNumbers(columns * stride + 20, in: range, seed: seed)
  }

  /// The tile in `x` as columns of doubles.
  func columns<Real: KernelReal>(of x: [Real], stride: Int) -> [[Double]] {
    (0..<columns).map { c in (0..<rows).map { Double(x[c * stride + $0]) } }
  }

  /// Expects the tile in `got` to be `expected`, and the rest to be as it was in `before`.
  func expect<Real: KernelReal>(
    _ got: [Real], _ expected: [[Double]], elsewhere before: [Real], stride: Int, _ what: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    var rest = got
    for c in 0..<columns {
      for i in 0..<rows {
        let (a, b) = (Double(got[c * stride + i]), expected[c][i])
        #expect(abs(a - b) <= Real.tolerance * max(1, abs(b)), "\(what) [\(i), \(c)]", sourceLocation: sourceLocation)
        rest[c * stride + i] = before[c * stride + i]
      }
    }
    #expect(sameBits(rest, before), "\(what) wrote outside its tile", sourceLocation: sourceLocation)
  }
}

// MARK: Plain loops in Double

extension Activation {
  func plain(_ z: [Double]) -> [Double] {
    switch self {
    case .identity: return z
    case .sigmoid: return z.map { 1 / (1 + exp(-$0)) }
    case .tanh: return z.map { Foundation.tanh($0) }
    case .relu: return z.map { max($0, 0) }
    case .leakyReLU: return z.map { $0 > 0 ? $0 : 0.01 * $0 }
    case .elu: return z.map { $0 > 0 ? $0 : expm1($0) }
    case .selu: return z.map { 1.0507009873554805 * ($0 > 0 ? $0 : 1.6732632423543772 * expm1($0)) }
    case .softplus: return z.map { log1p(exp(-abs($0))) + max($0, 0) }
    case .softsign: return z.map { $0 / (1 + abs($0)) }
    case .gelu, .geluTanh, .silu, .mish, .hardSwish: return z.map { valueAndSlope($0).0 }
    case .exponential: return z.map { exp($0) }
    case .softmax:
      let e = z.map { exp($0 - (z.max() ?? 0)) }
      return e.map { $0 / e.reduce(0, +) }
    }
  }

  /// The value and the derivative of those that keep slopes.
  func valueAndSlope(_ z: Double) -> (Double, Double) {
    let s = 1 / (1 + exp(-z))
    switch self {
    case .silu: return (z * s, s + z * s * (1 - s))
    case .gelu:
      let phi = erfc(-z / 2.0.squareRoot()) / 2
      return (z * phi, phi + z * exp(-z * z / 2) / (2 * Double.pi).squareRoot())
    case .geluTanh:
      let root = (2 / Double.pi).squareRoot()
      let t = Foundation.tanh(root * (z + 0.044715 * z * z * z))
      return (z * (1 + t) / 2, (1 + t) / 2 + z / 2 * (1 - t * t) * root * (1 + 3 * 0.044715 * z * z))
    case .mish:
      let t = Foundation.tanh(log1p(exp(z)))
      return (z * t, t + z * s * (1 - t * t))
    case .hardSwish:
      return (z * min(max(z / 6 + 0.5, 0), 1), z <= -3 ? 0 : z >= 3 ? 1 : z / 3 + 0.5)
    default: fatalError("\(self) keeps no slopes")
    }
  }

  static var sloped: [Activation] { allCases.filter(\.keepsSlopes) }

  func plainDerivative(delta: [Double], a: [Double]) -> [Double] {
    let mean = zip(delta, a).map { $0 * $1 }.reduce(0, +)
    return zip(delta, a).map { d, a in
      switch self {
      case .identity: d
      case .sigmoid: d * a * (1 - a)
      case .tanh: d * (1 - a * a)
      case .relu: a > 0 ? d : 0
      case .leakyReLU: a > 0 ? d : 0.01 * d
      case .elu: a > 0 ? d : d * (a + 1)
      case .selu: 1.0507009873554805 * (a > 0 ? d : d * (a / 1.0507009873554805 + 1.6732632423543772))
      case .softplus: d * (1 - exp(-a))
      case .softsign: d * (1 - abs(a)) * (1 - abs(a))
      case .gelu, .geluTanh, .silu, .mish, .hardSwish, .exponential: d * a
      case .softmax: a * (d - mean)
      }
    }
  }
}

extension Loss {
  func plain(_ z: [Double], _ y: [Double]) -> Double {
    let total = log(z.map { exp($0) }.reduce(0, +))
    return zip(z, y).map { z, y in
      switch self {
      case .crossEntropy: y * (total - z)
      case .binaryCrossEntropy: max(z, 0) - y * z + log1p(exp(-abs(z)))
      case .quadratic, .meanSquaredError: (z - y) * (z - y)
      case .meanAbsoluteError: abs(z - y)
      case .huber: abs(z - y) <= 1 ? 0.5 * (z - y) * (z - y) : abs(z - y) - 0.5
      case .quantile(let level): max(level * (y - z), (1 - level) * (z - y))
      case .quantiles: fatalError("several quantiles have no kernel of their own")
      case .poisson: (y > 0 ? y * log(y) : 0) - y * z - y + exp(z)
      case .tweedie(let p):
        pow(y, 2 - p) / ((1 - p) * (2 - p)) - y * exp((1 - p) * z) / (1 - p) + exp((2 - p) * z) / (2 - p)
      }
    }.reduce(0, +)
  }

  func plainError(_ z: [Double], _ y: [Double]) -> [Double] {
    let targets = y.reduce(0, +)
    if self == .meanAbsoluteError { return zip(z, y).map { $0 < $1 ? -1 : $0 > $1 ? 1 : 0 } }
    if self == .huber { return zip(z, y).map { min(max($0 - $1, -1), 1) } }
    if case .quantile(let level) = self { return zip(z, y).map { $0 > $1 ? 1 - level : $0 < $1 ? -level : 0 } }
    if case .tweedie(let p) = self { return zip(z, y).map { exp((2 - p) * $0) - $1 * exp((1 - p) * $0) } }
    let outputs: [Double] =
      switch self {
      case .poisson: z.map { exp($0) }
      case .crossEntropy: Activation.softmax.plain(z).map { $0 * targets }
      case .binaryCrossEntropy: Activation.sigmoid.plain(z)
      default: z
      }
    return zip(outputs, y).map { $0 - $1 }
  }
}

// MARK: Tests

@Suite("The kernels of a tile")
struct TileTests {
  @Test("stand in lists of the order of the activations and the losses")
  func lists() {
    func names(_ list: UnsafePointer<UnsafePointer<CChar>?>, _ count: UInt32) -> [String] {
      (0..<Int(count)).map { String(cString: list[$0]!).replacing("_", with: "-") }
    }
    let activations = withUnsafePointer(to: ck_activation_names) {
      $0.withMemoryRebound(to: UnsafePointer<CChar>?.self, capacity: 1) { names($0, ck_activation_count.rawValue) }
    }
    #expect(activations == Activation.allCases.map(\.rawValue))
    #expect(Activation.allCases.map(\.kernel) == Array(Activation.allCases.indices))
    let losses = withUnsafePointer(to: ck_loss_names) {
      $0.withMemoryRebound(to: UnsafePointer<CChar>?.self, capacity: 1) { names($0, ck_loss_count.rawValue) }
    }
    #expect(losses == Loss.allCases.map { String($0.rawValue.prefix { $0 != ":" }) })
    #expect(Loss.allCases.map(\.kernel) == Array(Loss.allCases.indices))
  }

  @Test("add the bias and apply the activation", arguments: InstructionSet.here, Shape.all)
  func bias(set: InstructionSet, shape: Shape) {
    checkBias(Float.kernels(set), shape)
    checkBias(Double.kernels(set), shape)
  }

  private func checkBias<Real: KernelReal>(_ kernels: Kernels<Real>, _ shape: Shape) {
    let z: [Real] = shape.numbers(-4...4, stride: shape.stride, seed: 1)
    let bias: [Real] = randomNumbers(shape.rows, in: -1...1, seed: 2)
    for activation in Activation.allCases {
      var got = z
      let largest = kernels.bias[activation]!(shape.rows, shape.columns, &got, shape.stride, bias, nil, 0)
      let magnitude = shape.columns(of: got, stride: shape.stride).joined().map { abs($0) }.max() ?? 0
      let isBounded = [.sigmoid, .tanh, .softmax].contains(activation)
      #expect(isBounded ? largest == 1 && magnitude <= 1 : Double(largest) == magnitude)
      let expected = shape.columns(of: z, stride: shape.stride).map { column in
        // The sum is rounded before the activation.
        activation.plain(zip(column, bias).map { Double(Real($0) + $1) })
      }
      shape.expect(got, expected, elsewhere: z, stride: shape.stride, "\(activation)")
    }
  }

  @Test(
    "give the derivative besides, where it cannot be had from the output", arguments: InstructionSet.here, Shape.all)
  func slopes(set: InstructionSet, shape: Shape) {
    checkSlopes(Float.kernels(set), shape)
    checkSlopes(Double.kernels(set), shape)
  }

  private func checkSlopes<Real: KernelReal>(_ kernels: Kernels<Real>, _ shape: Shape) {
    let z: [Real] = shape.numbers(-9...9, stride: shape.stride, seed: 8)
    let bias: [Real] = randomNumbers(shape.rows, in: -1...1, seed: 9)
    for activation in Activation.sloped {
      let kernel = kernels.bias[activation]!
      var got = z
      let before: [Real] = shape.numbers(-1...1, stride: shape.otherStride, seed: 10)
      var slopes = before
      let largest = kernel(shape.rows, shape.columns, &got, shape.stride, bias, &slopes, shape.otherStride)
      #expect(Double(largest) == shape.columns(of: got, stride: shape.stride).joined().map { abs($0) }.max() ?? 0)
      let sums = shape.columns(of: z, stride: shape.stride).map { zip($0, bias).map { Double(Real($0) + $1) } }
      let values = sums.map { $0.map(activation.valueAndSlope) }
      shape.expect(got, values.map { $0.map(\.0) }, elsewhere: z, stride: shape.stride, "\(activation)")
      shape.expect(slopes, values.map { $0.map(\.1) }, elsewhere: before, stride: shape.otherStride, "\(activation)")
      var alone = z
      _ = kernel(shape.rows, shape.columns, &alone, shape.stride, bias, nil, 0)
      #expect(sameBits(alone, got), "\(activation) without its derivative")
    }
  }

  @Test("keep the limits at both ends", arguments: InstructionSet.here, Activation.sloped)
  func limits(set: InstructionSet, activation: Activation) {
    func check<Real: KernelReal>(_ kernels: Kernels<Real>) {
      let ends: [Real] = [.infinity, .greatestFiniteMagnitude, 1000, -1000, -.greatestFiniteMagnitude, -.infinity]
      var (values, slopes) = (ends, ends)
      _ = kernels.bias[activation]!(6, 1, &values, 6, [Real](repeating: 0, count: 6), &slopes, 6)
      #expect(values == ends.map { max($0, 0) })
      #expect(zip(slopes, ends).allSatisfy { abs($0 - ($1 > 0 ? 1 : 0)) < 1e-15 }, "\(slopes)")
    }
    check(Float.kernels(set))
    check(Double.kernels(set))
  }

  @Test("drop numbers by their place alone, in the share that is wanted", arguments: InstructionSet.here)
  func drop(set: InstructionSet) {
    checkDrop(Float.kernels(set))
    checkDrop(Double.kernels(set))
  }

  private func checkDrop<Real: KernelReal>(_ kernels: Kernels<Real>) {
    let (rows, columns) = (130, 50)
    func dropped(_ rows: Range<Int>, _ columns: Range<Int>, key: UInt64 = 7, stream: UInt64 = 1 << 63) -> [Real] {
      var a = [Real](repeating: 3, count: rows.count * columns.count)
      var slopes = [Real](repeating: 1, count: a.count)
      var differences = [Real](repeating: 6, count: a.count)
      kernels.drop(
        rows.count, columns.count, rows.lowerBound, columns.lowerBound, key, stream, 0.25, &a, rows.count, &slopes,
        rows.count, &differences, rows.count)
      #expect(zip(a, slopes).allSatisfy { $0 == 3 * $1 } && zip(a, differences).allSatisfy { 2 * $0 == $1 })
      return a
    }
    let whole = dropped(0..<rows, 0..<columns)
    #expect(Set(whole) == [0, 4])
    // Of 6500 numbers a quarter, within five standard deviations.
    #expect(abs(Double(whole.filter { $0 == 0 }.count) - 1625) < 5 * 35)
    for (part, places) in [(0..<16, 0..<50), (48..<130, 3..<9), (63..<65, 49..<50)] {
      let expected = places.flatMap { column in part.map { whole[column * rows + $0] } }
      #expect(dropped(part, places) == expected)
    }
    #expect(dropped(0..<rows, 0..<columns, key: 8) != whole)
    #expect(dropped(0..<rows, 0..<columns, stream: 1) != whole)
    // The first column of stream 2⁶³ begins with the words of the generator's first blocks there.
    var generator = [Philox.block(0, stream: 1 << 63, seed: 7).0, Philox.block(1, stream: 1 << 63, seed: 7).0]
    generator = generator.map { $0 & 0xFFFF_FFFF }
    #expect(generator.map { $0 < 1 << 30 } == [whole[0] == 0, whole[1] == 0])
  }

  @Test("multiply by the activation's derivative", arguments: InstructionSet.here, Shape.all)
  func derive(set: InstructionSet, shape: Shape) {
    checkDerive(Float.kernels(set), shape)
    checkDerive(Double.kernels(set), shape)
  }

  private func checkDerive<Real: KernelReal>(_ kernels: Kernels<Real>, _ shape: Shape) {
    let delta: [Real] = shape.numbers(-1...1, stride: shape.stride, seed: 3)
    for activation in Activation.allCases {
      let range = activation == .softmax ? 0...(2 / Double(shape.rows + 1)) : -1...1
      var a: [Real] = shape.numbers(range, stride: shape.otherStride, seed: 4)
      if [.relu, .softplus].contains(activation) { a = a.map { max($0, 0) } }
      var got = delta
      let largest = kernels.derive[activation]!(shape.rows, shape.columns, &got, shape.stride, a, shape.otherStride)
      let magnitude = shape.columns(of: got, stride: shape.stride).joined().map { abs($0) }.max() ?? 0
      #expect(Double(largest) == magnitude)
      let expected = zip(
        shape.columns(of: delta, stride: shape.stride), shape.columns(of: a, stride: shape.otherStride)
      ).map { activation.plainDerivative(delta: $0, a: $1) }
      shape.expect(got, expected, elsewhere: delta, stride: shape.stride, "\(activation)")
    }
  }

  @Test(
    "sum the losses and give their error, in place or not, or the loss alone",
    arguments: InstructionSet.here, Shape.all)
  func loss(set: InstructionSet, shape: Shape) {
    checkLoss(Float.kernels(set), shape)
    checkLoss(Double.kernels(set), shape)
  }

  private func checkLoss<Real: KernelReal>(_ kernels: Kernels<Real>, _ shape: Shape) {
    let z: [Real] = shape.numbers(-6...6, stride: shape.stride, seed: 5)
    let y: [Real] = shape.numbers(0...1, stride: shape.otherStride, seed: 6)
    let columns = Array(
      zip(shape.columns(of: z, stride: shape.stride), shape.columns(of: y, stride: shape.otherStride)))
    for loss in Loss.allCases {
      let kernel = kernels.loss[loss]!
      let before: [Real] = shape.numbers(-1...1, stride: shape.stride, seed: 7)
      var delta = before
      let got = kernel(shape.rows, shape.columns, z, shape.stride, y, shape.otherStride, Real(loss.level), 0.25, &delta)
      let expected = columns.map { loss.plain($0, $1) }.reduce(0, +)
      #expect(abs(got - expected) <= Real.tolerance * max(1, abs(expected)), "\(loss)")
      let errors = columns.map { loss.plainError($0, $1).map { 0.25 * $0 } }
      shape.expect(delta, errors, elsewhere: before, stride: shape.stride, "\(loss)")

      let alone = kernel(shape.rows, shape.columns, z, shape.stride, y, shape.otherStride, Real(loss.level), 0.25, nil)
      #expect(alone == got, "\(loss) without its error")
      var inPlace = z
      let again = inPlace.withUnsafeMutableBufferPointer {
        kernel(
          shape.rows, shape.columns, $0.baseAddress, shape.stride, y, shape.otherStride, Real(loss.level), 0.25,
          $0.baseAddress)
      }
      #expect(again == got, "\(loss) in place")
      for c in 0..<shape.columns {
        let tile = c * shape.stride..<c * shape.stride + shape.rows
        #expect(sameBits(Array(inPlace[tile]), Array(delta[tile])), "\(loss) in place")
      }
    }
  }

  @Test("keep a sure output's loss finite and exact", arguments: InstructionSet.here)
  func sureLosses(set: InstructionSet) {
    let (float, double) = (Float.kernels(set), Double.kernels(set))
    // −log σ(−z) for y = 0: z itself when z is large, e^z when it is very negative.
    #expect(float.loss[.binaryCrossEntropy]!(1, 1, [1000], 1, [0], 1, 0, 1, nil) == 1000)
    #expect(float.loss[.binaryCrossEntropy]!(1, 1, [1000], 1, [1], 1, 0, 1, nil) == 0)
    let small = double.loss[.binaryCrossEntropy]!(1, 1, [-40], 1, [0], 1, 0, 1, nil)
    #expect(ulps(small, from: log1p(exp(-40.0))) <= 4)
    // The first of two outputs is 1000 above the other.
    #expect(float.loss[.crossEntropy]!(2, 1, [1000, 0], 2, [1, 0], 2, 0, 1, nil) == 0)
    #expect(float.loss[.crossEntropy]!(2, 1, [1000, 0], 2, [0, 1], 2, 0, 1, nil) == 1000)
  }

  @Test("let NaN through", arguments: InstructionSet.here)
  func notANumber(set: InstructionSet) {
    let kernels = Float.kernels(set)
    for place in [0, 3, 18] {
      for activation in Activation.allCases {
        // In the first of two columns.
        var z = [Float](repeating: 1, count: 38)
        z[place] = .nan
        let largest = kernels.bias[activation]!(19, 2, &z, 19, [Float](repeating: 0, count: 19), nil, 0)
        #expect(largest.isNaN != [.sigmoid, .tanh, .softmax].contains(activation), "\(activation)")
        #expect(z[place].isNaN, "\(activation)")
        #expect(z.filter(\.isNaN).count == (activation == .softmax ? 19 : 1), "\(activation)")
      }
      for loss in Loss.allCases {
        var z = [Float](repeating: 1, count: 19)
        z[place] = .nan
        let targets = [Float](repeating: 1, count: 19)
        #expect(kernels.loss[loss]!(19, 1, z, 19, targets, 19, Float(loss.level), 1, nil).isNaN, "\(loss)")
      }
    }
    var delta: [Float] = [1, .nan, .infinity, 2]
    #expect(kernels.derive[.relu]!(4, 1, &delta, 4, [.nan, 1, 0, -0.0], 4).isNaN)
    #expect(sameBits(delta, [1, .nan, 0, 0]))
  }
}
