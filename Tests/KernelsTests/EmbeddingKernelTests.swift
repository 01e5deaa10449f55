import CPerceptronKernels
import Foundation
import Testing

/// An embedding's shape, and its formulas in Double.
struct WaveShape: Sendable, CustomTestStringConvertible {
  var inputs: Int
  var numbers: [Int]
  var frequencies: Int
  var components: Int

  static let all = [
    WaveShape(inputs: 1, numbers: [0], frequencies: 1, components: 1),
    WaveShape(inputs: 5, numbers: [1, 4], frequencies: 16, components: 3),
    WaveShape(inputs: 7, numbers: [0, 3, 6], frequencies: 3, components: 16),
    WaveShape(inputs: 9, numbers: [], frequencies: 16, components: 0),
  ]

  var testDescription: String {
    "\(numbers.count) numbers of \(inputs) inputs, \(frequencies) frequencies, \(components) components"
  }

  var rows: Int { inputs + components * numbers.count }
  /// Where frequencies, phases, weights and biases begin behind the scales, and their end.
  var starts: [Int] {
    let waves = frequencies * numbers.count
    return [0, waves, 2 * waves, (2 + components) * waves, (2 + components) * waves + components * numbers.count]
      .map { rows + $0 }
  }

  func withLowered<R>(_ body: (UnsafePointer<ck_embedding>) -> R) -> R {
    numbers.withUnsafeBufferPointer { rows in
      let shape = ck_embedding(
        inputs: inputs, numbers: numbers.count, frequencies: frequencies, components: components,
        rows: rows.baseAddress)
      return withUnsafePointer(to: shape, body)
    }
  }

  /// Parameters whose frequencies and phases are eighths, so that the waves' arguments are exact.
  func parameters<Real: KernelReal>() -> [Real] {
    var parameters: [Real] = randomNumbers(starts[4], in: -1...1, seed: 11)
    for i in starts[0]..<starts[2] { parameters[i] = (parameters[i] * 16).rounded() / 8 }
    return parameters
  }

  /// The inputs of samples in eighths, in columns of this stride; the rest is random.
  func inputs<Real: KernelReal>(_ columns: Int, stride: Int) -> [Real] {
    var e: [Real] = randomNumbers(columns * stride + 20, in: -2...2, seed: 12)
    for c in 0..<columns { for i in 0..<inputs { e[c * stride + i] = (e[c * stride + i] * 8).rounded() / 8 } }
    return e
  }

  /// E of a sample, and the bound on each number's error in units of the precision.
  func embedded(_ x: [Double], _ p: [Double]) -> [(value: Double, size: Double)] {
    x.map { ($0, 0) }
      + (0..<numbers.count).flatMap { j in
        (0..<components).map { c in
          (0..<frequencies).reduce((p[starts[3] + components * j + c], 1)) { sum, k in
            let index = frequencies * j + k
            let weight = p[starts[2] + components * index + c]
            let t = p[starts[0] + index] * x[numbers[j]] + p[starts[1] + index]
            return (sum.0 + weight * wave(t), sum.1 + abs(weight))
          }
        }
      }
  }

  /// Adds a sample's part of the gradient of Σ error ∘ out, and the sizes of its terms.
  func addGradient(
    _ x: [Double], _ p: [Double], error: [Double], to gradient: inout [Double], sizes: inout [Double]
  ) {
    func add(_ index: Int, _ term: Double) {
      gradient[index] += term
      sizes[index] += abs(term) + 1
    }
    for (i, e) in embedded(x, p).enumerated() { add(i, error[i] * e.value) }
    for j in numbers.indices {
      for c in 0..<components {
        let row = inputs + components * j + c
        let delta = p[row] * error[row]
        add(starts[3] + components * j + c, delta)
        for index in frequencies * j..<frequencies * (j + 1) {
          let weight = starts[2] + components * index + c
          let t = p[starts[0] + index] * x[numbers[j]] + p[starts[1] + index]
          let slope = -2 * Double.pi * sin(2 * .pi * (t - t.rounded()))
          add(starts[0] + index, delta * p[weight] * slope * x[numbers[j]])
          add(starts[1] + index, delta * p[weight] * slope)
          add(weight, delta * wave(t))
        }
      }
    }
  }

  private func wave(_ t: Double) -> Double { cos(2 * .pi * (t - t.rounded())) }
}

@Suite("The kernels of embeddings and parametric activations")
struct EmbeddingKernelTests {
  /// Blocks of 32 samples are computed at once.
  @Test("follow their formulas, forward and back", arguments: InstructionSet.here, WaveShape.all)
  func formulas(set: InstructionSet, shape: WaveShape) {
    for columns in [0, 1, 7, 32, 33, 70] {
      checkFormulas(Float.kernels(set), shape, columns)
      checkFormulas(Double.kernels(set), shape, columns)
    }
  }

  private func checkFormulas<Real: KernelReal>(_ kernels: Kernels<Real>, _ shape: WaveShape, _ columns: Int) {
    let (rows, stride, otherStride) = (shape.rows, shape.rows + 3, shape.rows + 1)
    let parameters: [Real] = shape.parameters()
    let before: [Real] = shape.inputs(columns, stride: stride)
    var (e, out) = (before, [Real](repeating: 9, count: columns * otherStride + 20))
    let largest = shape.withLowered { kernels.embed($0, columns, parameters, &e, stride, &out, otherStride) }
    var delta: [Real] = randomNumbers(columns * otherStride + 20, in: -1...1, seed: 13)
    let errors = delta
    var gradient = [Real](repeating: .nan, count: parameters.count + 1)
    let most = shape.withLowered {
      kernels.embedBack($0, columns, parameters, e, stride, &delta, otherStride, &gradient)
    }
    let p = parameters.map { Double($0) }
    var expected = [Double](repeating: 0, count: p.count)
    var sizes = expected
    var (restOfE, restOfOut, restOfDelta, magnitude) = (e, out, delta, 0.0)
    for c in 0..<columns {
      let x = (0..<shape.inputs).map { Double(before[c * stride + $0]) }
      for (i, (value, size)) in shape.embedded(x, p).enumerated() {
        let (own, other) = (c * stride + i, c * otherStride + i)
        #expect(abs(Double(e[own]) - value) <= Real.tolerance * size, "[\(i), \(c)]")
        #expect(out[other] == parameters[i] * e[own] && delta[other] == parameters[i] * errors[other])
        magnitude = max(magnitude, Double(abs(out[other])))
        (restOfE[own], restOfOut[other], restOfDelta[other]) = (before[own], 9, errors[other])
      }
      shape.addGradient(
        x, p, error: (0..<rows).map { Double(errors[c * otherStride + $0]) }, to: &expected, sizes: &sizes)
    }
    #expect(sameBits(restOfE, before) && sameBits(restOfDelta, errors) && restOfOut.allSatisfy { $0 == 9 })
    #expect(Double(largest) == magnitude)
    for i in p.indices {
      #expect(abs(Double(gradient[i]) - expected[i]) <= Real.tolerance * sizes[i], "gradient \(i)")
    }
    #expect(most == gradient.dropLast().map { abs($0) }.max() && gradient.last!.isNaN)
  }

  @Test("replace one-hot groups by their vectors, forward and back", arguments: InstructionSet.here)
  func categories(set: InstructionSet) {
    checkCategories(Float.kernels(set))
    checkCategories(Double.kernels(set))
  }

  private func checkCategories<Real: KernelReal>(_ kernels: Kernels<Real>) {
    // Inputs 0 and 4 stay; the groups are 1 ..< 4 and 5 ..< 7. Rows of vectors are longer than a register, and shorter.
    let (groups, inputs, columns) = ([1..<4, 5..<7], 7, 9)
    for dimension in [1, 3, 19] {
      let (rows, count) = (2 + 2 * dimension, 5)
      let table: [Real] = randomNumbers(dimension * count, in: -1...1, seed: 31)
      var x: [Real] = randomNumbers(columns * inputs, in: -2...2, seed: 32)
      for (index, _) in x.enumerated() where index % 3 == 0 { x[index] = 0 }
      var e = [Real](repeating: 9, count: columns * (rows + 1))
      let error: [Real] = randomNumbers(columns * rows, in: -1...1, seed: 33)
      var gradient = [Real](repeating: .nan, count: table.count + 1)
      let largest = groups.map(\.lowerBound).withUnsafeBufferPointer { starts in
        groups.map(\.upperBound).withUnsafeBufferPointer { ends in
          var shape = ck_categories(
            inputs: inputs, groups: 2, dimension: dimension, starts: starts.baseAddress, ends: ends.baseAddress)
          kernels.lookUp(&shape, columns, table, x, inputs, &e, rows + 1)
          return kernels.lookUpBack(&shape, columns, x, inputs, error, rows, &gradient)
        }
      }
      var expected = [Double](repeating: 0, count: table.count)
      for column in 0..<columns {
        let own = x[column * inputs..<(column + 1) * inputs].map { Double($0) }
        func sum(_ group: Range<Int>, _ first: Int, _ place: Int) -> Double {
          group.reduce(0) { $0 + own[$1] * Double(table[(first + $1 - group.lowerBound) * dimension + place]) }
        }
        let vectors = [(groups[0], 0), (groups[1], 3)].map { group, first in
          (0..<dimension).map { sum(group, first, $0) }
        }
        let all = [own[0]] + vectors[0] + [own[4]] + vectors[1]
        for (row, value) in all.enumerated() {
          #expect(abs(Double(e[column * (rows + 1) + row]) - value) <= 9 * Real.tolerance)
        }
        #expect(e[column * (rows + 1) + rows] == 9)
        for (group, first, start) in [(groups[0], 0, 1), (groups[1], 3, 2 + dimension)] {
          for (category, input) in group.enumerated() {
            for place in 0..<dimension {
              expected[(first + category) * dimension + place] +=
                own[input] * Double(error[column * rows + start + place])
            }
          }
        }
      }
      for index in expected.indices { #expect(abs(Double(gradient[index]) - expected[index]) <= 99 * Real.tolerance) }
      #expect(largest == gradient.dropLast().map { abs($0) }.max() && gradient.last!.isNaN)
    }
  }

  @Test(
    "give a sample the same bits alone as among others, and in place", arguments: InstructionSet.here, WaveShape.all)
  func alone(set: InstructionSet, shape: WaveShape) {
    func check<Real: KernelReal>(_ kernels: Kernels<Real>) {
      let rows = shape.rows
      // Arguments that are rounded too.
      let parameters: [Real] = randomNumbers(shape.starts[4], in: -1...1, seed: 21)
      var e: [Real] = randomNumbers(rows * 45, in: -50...50, seed: 22)
      var (out, delta) = (e, randomNumbers(rows * 45, in: -1...1, seed: 23) as [Real])
      let errors = delta
      var gradient = [Real](repeating: 0, count: parameters.count)
      let inputs = e
      shape.withLowered {
        _ = kernels.embed($0, 45, parameters, &e, rows, &out, rows)
        _ = kernels.embedBack($0, 45, parameters, e, rows, &delta, rows, &gradient)
      }
      for c in 0..<45 {
        let column = c * rows..<(c + 1) * rows
        var (own, ownError) = (Array(inputs[column]), Array(errors[column]))
        own.withUnsafeMutableBufferPointer { own in
          shape.withLowered { _ = kernels.embed($0, 1, parameters, own.baseAddress, rows, own.baseAddress, rows) }
        }
        shape.withLowered {
          _ = kernels.embedBack($0, 1, parameters, Array(e[column]), rows, &ownError, rows, &gradient)
        }
        #expect(sameBits(own, Array(out[column])) && sameBits(ownError, Array(delta[column])))
      }
    }
    check(Float.kernels(set))
    check(Double.kernels(set))
  }

  @Test("have waves within 1e-6 in Float and 1e-14 in Double", arguments: InstructionSet.here)
  func accuracy(set: InstructionSet) {
    check(Float.kernels(set), bound: 1e-6)
    check(Double.kernels(set), bound: 1e-14)
    func check<Real: KernelReal>(_ kernels: Kernels<Real>, bound: Wide) {
      // The frequency is 1 and the phase 0, so that the argument is the input itself.
      let (shape, parameters) = (WaveShape.all[0], [1, 1, 1, 0, 1, 0] as [Real])
      var worst: (cosine: Wide, sine: Wide) = (0, 0)
      for range in [0.5, 4, 1000] {
        let x: [Real] = randomNumbers(20_000, in: -range...range, seed: 31)
        var e: [Real] = x.flatMap { [$0, 0] }
        var (out, gradient) = (e, [Real](repeating: 0, count: 6))
        shape.withLowered {
          _ = kernels.embed($0, x.count, parameters, &e, 2, &out, 2)
          for (i, x) in x.enumerated() {
            let turn = 2 * Wide.pi * Wide(x - x.rounded())
            worst.cosine = max(worst.cosine, abs(Wide(e[2 * i + 1]) - cos(turn)))
            var delta: [Real] = [0, 1]
            _ = kernels.embedBack($0, 1, parameters, [e[2 * i], e[2 * i + 1]], 2, &delta, 2, &gradient)
            // The gradient of a phase is −2π sin.
            worst.sine = max(worst.sine, abs(Wide(gradient[3]) / (-2 * .pi) - sin(turn)))
          }
        }
      }
      #expect(worst.cosine <= bound && worst.sine <= bound, "\(Real.self): \(worst)")
    }
  }

  @Test("let NaN through, make NaN of infinity and stay in bounds far from 0", arguments: InstructionSet.here)
  func specialValues(set: InstructionSet) {
    func check<Real: KernelReal>(_ kernels: Kernels<Real>) {
      let (shape, parameters) = (WaveShape.all[0], [1, 1, 1, 0, 1, 0] as [Real])
      func waves(_ x: [Real]) -> (waves: [Real], largest: Real) {
        var e: [Real] = x.flatMap { [$0, 7] }
        var out = e
        let largest = shape.withLowered { kernels.embed($0, x.count, parameters, &e, 2, &out, 2) }
        return (x.indices.map { out[2 * $0 + 1] }, largest)
      }
      for special in [Real.nan, .infinity, -.infinity] {
        let (found, largest) = waves([0, special, 0.25, 0.5])
        #expect(found[1].isNaN && largest.isNaN && found[0] == 1 && abs(found[2]) < 1e-6 && abs(found[3] + 1) < 1e-6)
        var (delta, gradient) = ([0, 1] as [Real], [Real](repeating: 0, count: 6))
        let most = shape.withLowered {
          kernels.embedBack($0, 1, parameters, [special, found[1]], 2, &delta, 2, &gradient)
        }
        #expect(most.isNaN && gradient[2].isNaN && gradient[3].isNaN && gradient[4].isNaN)
      }
      let far: [Real] = [1e9, -1e20, 1e38, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNonzeroMagnitude]
      #expect(waves(far).waves.allSatisfy { abs($0) <= 1 + 1e-6 })
    }
    check(Float.kernels(set))
    check(Double.kernels(set))
  }

  @Test("mix an activation with its argument, with slopes or without", arguments: InstructionSet.here, Shape.all)
  func blend(set: InstructionSet, shape: Shape) {
    checkBlend(Float.kernels(set), shape)
    checkBlend(Double.kernels(set), shape)
  }

  private func checkBlend<Real: KernelReal>(_ kernels: Kernels<Real>, _ shape: Shape) {
    let z: [Real] = shape.numbers(-4...4, stride: shape.stride, seed: 1)
    let g: [Real] = shape.numbers(-4...4, stride: shape.otherStride, seed: 2)
    let slopes: [Real] = shape.numbers(-1...1, stride: shape.stride, seed: 3)
    let alpha: [Real] = randomNumbers(shape.rows, in: -2...2, seed: 4)
    var (outputs, differences, derivatives) = (z, g, slopes)
    let largest = kernels.blend(
      shape.rows, shape.columns, &outputs, shape.stride, &differences, shape.otherStride, alpha, &derivatives,
      shape.stride)
    let both = zip(shape.columns(of: z, stride: shape.stride), shape.columns(of: g, stride: shape.otherStride))
    shape.expect(
      outputs, both.map { z, g in z.indices.map { z[$0] + Double(alpha[$0]) * (g[$0] - z[$0]) } }, elsewhere: z,
      stride: shape.stride, "outputs")
    shape.expect(
      differences, both.map { z, g in z.indices.map { g[$0] - z[$0] } }, elsewhere: g, stride: shape.otherStride,
      "differences")
    shape.expect(
      derivatives,
      shape.columns(of: slopes, stride: shape.stride).map { column in
        column.indices.map { 1 + Double(alpha[$0]) * (column[$0] - 1) }
      }, elsewhere: slopes, stride: shape.stride, "slopes")
    #expect(
      Double(largest) == shape.columns(of: outputs, stride: shape.stride).joined().map { abs($0) }.max() ?? 0)
    var (alone, others) = (z, g)
    let same = kernels.blend(
      shape.rows, shape.columns, &alone, shape.stride, &others, shape.otherStride, alpha, nil, 0)
    #expect(same == largest && sameBits(alone, outputs) && sameBits(others, differences))
  }

  @Test("let NaN through a parametric activation", arguments: InstructionSet.here)
  func blendNaN(set: InstructionSet) {
    for place in [0, 3, 18] {
      var (z, g) = ([Float](repeating: 1, count: 38), [Float](repeating: 2, count: 38))
      g[place] = .nan
      let alpha = [Float](repeating: 0.5, count: 19)
      #expect(Float.kernels(set).blend(19, 2, &z, 19, &g, 19, alpha, nil, 0).isNaN)
      #expect(z.indices.allSatisfy { $0 == place ? z[$0].isNaN : z[$0] == 1.5 })
    }
  }
}
