import CPerceptronKernels
import Tensor
import Testing

@Suite("Sums, maxima and updates")
struct ReductionTests {
  @Test("sum every count of numbers, and find their largest magnitude", arguments: InstructionSet.here)
  func reductions(set: InstructionSet) {
    check(Float.kernels(set))
    check(Double.kernels(set))
  }

  private func check<Real: KernelReal>(_ kernels: Kernels<Real>) {
    for n in Array(0...70) + [1000, 4099] {
      let x: [Real] = randomNumbers(n, in: -3...3, seed: UInt64(n))
      let expected = x.map { Double($0) }.reduce(0, +)
      let size = x.map { Double(abs($0)) }.reduce(0, +)
      #expect(abs(Double(kernels.sum(n, x)) - expected) <= Real.tolerance * size, "n = \(n)")
      #expect(kernels.maxMagnitude(n, x) == (x.map { abs($0) }.max() ?? 0), "n = \(n)")
      // Wherever it stands, the largest number is found and NaN is kept.
      for place in 0..<min(n, 40) {
        var y = x
        y[place] = -9
        #expect(kernels.maxMagnitude(n, y) == 9)
        y[place] = .nan
        #expect(kernels.maxMagnitude(n, y).isNaN && kernels.sum(n, y).isNaN)
      }
    }
  }

  @Test("sum the rows of a tile, column after column", arguments: InstructionSet.here, Shape.all)
  func rowSums(set: InstructionSet, shape: Shape) {
    checkRowSums(Float.kernels(set), shape)
    checkRowSums(Double.kernels(set), shape)
  }

  private func checkRowSums<Real: KernelReal>(_ kernels: Kernels<Real>, _ shape: Shape) {
    let x: [Real] = shape.numbers(-3...3, stride: shape.stride, seed: 8)
    var sums = [Real](repeating: 77, count: shape.rows + 5)
    sums.replaceSubrange(0..<shape.rows, with: repeatElement(.nan, count: shape.rows))  // not read
    kernels.rowSums(shape.rows, shape.columns, x, shape.stride, 1, 0, &sums)
    var expected = [Real](repeating: 0, count: shape.rows)
    for c in 0..<shape.columns { for i in 0..<shape.rows { expected[i] += x[c * shape.stride + i] } }
    #expect(sameBits(sums, expected + [77, 77, 77, 77, 77]))
    kernels.rowSums(shape.rows, shape.columns, x, shape.stride, -0.25, 0.5, &sums)
    expected = expected.map { 0.5 * $0 - 0.25 * $0 }
    #expect(sameBits(sums, expected + [77, 77, 77, 77, 77]))
  }

  @Test("scale by the same roundings as plain loops", arguments: InstructionSet.here)
  func scales(set: InstructionSet) {
    checkScales(Float.kernels(set))
    checkScales(Double.kernels(set))
  }

  private func checkScales<Real: KernelReal>(_ kernels: Kernels<Real>) {
    for n in 0...70 {
      let before: [Real] = randomNumbers(n + 8, in: -3...3, seed: 10)
      var w = before
      kernels.scale(n, 0.3, &w)
      #expect(sameBits(w, before[..<n].map { 0.3 * $0 } + before[n...]), "n = \(n)")
    }
    var x: [Real] = [.nan, .infinity, -2]
    kernels.scale(3, 0, &x)
    #expect(x[0].isNaN && x[1].isNaN && sameBits([x[2]], [-0.0]))
  }

  @Test("take momentum's and Adam's steps within a rounding or two of the formulas", arguments: InstructionSet.here)
  func steps(set: InstructionSet) {
    checkSteps(Float.kernels(set))
    checkSteps(Double.kernels(set))
  }

  private func checkSteps<Real: KernelReal>(_ kernels: Kernels<Real>) {
    func rule(_ name: ck_rule) -> Rule<Real> {
      Rule(
        name: name, rate: 0.25, beta1: 0.75, gain1: 0.25, beta2: 0.875, gain2: 0.125, correction: 1.5, epsilon: 0.25,
        shrinkage: 0.9375)
    }
    for n in 0...70 {
      let g: [Real] = randomNumbers(n, in: -3...3, seed: 13)
      let w: [Real] = randomNumbers(n + 3, in: -3...3, seed: 14)
      let m: [Real] = randomNumbers(n + 3, in: -1...1, seed: 15)
      let v: [Real] = randomNumbers(n + 3, in: 0.5...2, seed: 16)
      let (gd, wd, md, vd) = (g.map(Double.init), w.map(Double.init), m.map(Double.init), v.map(Double.init))
      for nesterov in [false, true] {
        var (velocity, unused, moved) = (m, v, w)
        kernels.update(rule(nesterov ? ck_nesterov : ck_momentum), n, g, &velocity, &unused, &moved)
        #expect(unused == v)
        let expected = (0..<n).map { 0.75 * md[$0] + gd[$0] }
        #expect(isClose(velocity, expected + md[n...]))
        let steps = (0..<n).map { nesterov ? gd[$0] + 0.75 * expected[$0] : expected[$0] }
        #expect(isClose(moved, (0..<n).map { 0.9375 * wd[$0] - 0.25 * steps[$0] } + wd[n...]))
      }
      var (mean, square, moved) = (m, v, w)
      kernels.update(rule(ck_adam), n, g, &mean, &square, &moved)
      let means = (0..<n).map { 0.75 * md[$0] + 0.25 * gd[$0] }
      let squares = (0..<n).map { 0.875 * vd[$0] + 0.125 * gd[$0] * gd[$0] }
      #expect(isClose(mean, means + md[n...]) && isClose(square, squares + vd[n...]))
      let expected = (0..<n).map {
        0.9375 * wd[$0] - 0.25 * means[$0] / (1.5 * squares[$0].squareRoot() + 0.25)
      }
      #expect(isClose(moved, expected + wd[n...]))
    }
  }

  @Test("take RMSProp's and RProp's steps within a rounding or two of the formulas", arguments: InstructionSet.here)
  func furtherSteps(set: InstructionSet) {
    checkFurtherSteps(Float.kernels(set))
    checkFurtherSteps(Double.kernels(set))
  }

  private func checkFurtherSteps<Real: KernelReal>(_ kernels: Kernels<Real>) {
    for n in 0...70 {
      var g: [Real] = randomNumbers(n, in: -3...3, seed: 23)
      for i in stride(from: 0, to: n, by: 7) { g[i] = 0 }
      let w: [Real] = randomNumbers(n + 3, in: -3...3, seed: 24)
      let m: [Real] = randomNumbers(n + 3, in: -1...1, seed: 25)
      let v: [Real] = randomNumbers(n + 3, in: 0.5...2, seed: 26)
      let (gd, wd, md, vd) = (g.map(Double.init), w.map(Double.init), m.map(Double.init), v.map(Double.init))
      var (mean, square, moved) = (m, v, w)
      let rmsProp = Rule<Real>(
        name: ck_rmsprop, rate: 0.25, beta1: 0, gain1: 0, beta2: 0.875, gain2: 0.125, correction: 0, epsilon: 0.25,
        shrinkage: 0.9375)
      kernels.update(rmsProp, n, g, &mean, &square, &moved)
      let squares = (0..<n).map { 0.875 * vd[$0] + 0.125 * gd[$0] * gd[$0] }
      #expect(mean == m && isClose(square, squares + vd[n...]))
      let expected = (0..<n).map { 0.9375 * wd[$0] - 0.25 * gd[$0] / (squares[$0].squareRoot() + 0.25) }
      #expect(isClose(moved, expected + wd[n...]))

      (mean, square, moved) = (m, v, w)
      let rProp = Rule<Real>(
        name: ck_rprop, rate: 0, beta1: 0.5, beta2: 1.25, smallest: 0.375, largest: 1.5, correction: 0, epsilon: 0,
        shrinkage: 1)
      kernels.update(rProp, n, g, &mean, &square, &moved)
      for i in 0..<n {
        let turn = gd[i] * md[i]
        let step = min(max(vd[i] * (turn > 0 ? 1.25 : turn < 0 ? 0.5 : 1), 0.375), 1.5)
        let used = turn < 0 ? 0 : gd[i]
        #expect(Double(mean[i]) == used && isClose([square[i]], [step]))
        #expect(isClose([moved[i]], [wd[i] - (used > 0 ? step : used < 0 ? -step : 0)]))
      }
      #expect(mean[n...] == m[n...] && square[n...] == v[n...] && moved[n...] == w[n...])
    }
  }

  @Test("take RProp's sign from gradients whose product is not a number above 0", arguments: InstructionSet.here)
  func tinyGradients(set: InstructionSet) {
    var (before, step, w): ([Float], [Float], [Float]) = ([1e-30, -1e-30], [1, 1], [0, 0])
    let rule = Rule<Float>(
      name: ck_rprop, rate: 0, beta1: 0.5, beta2: 1.25, smallest: 0, largest: 9, correction: 0, epsilon: 0, shrinkage: 1
    )
    Float.kernels(set).update(rule, 2, [1e-30, 1e-30], &before, &step, &w)
    #expect(step == [1.25, 0.5] && w == [-1.25, 0] && before == [1e-30, 0])
  }

  @Test("take dot products and penalties in double", arguments: InstructionSet.here)
  func penalties(set: InstructionSet) {
    checkPenalties(Float.kernels(set))
    checkPenalties(Double.kernels(set))
  }

  private func checkPenalties<Real: KernelReal>(_ kernels: Kernels<Real>) {
    for n in Array(0...70) + [1000] {
      var w: [Real] = randomNumbers(n, in: -3...3, seed: 33)
      for i in stride(from: 0, to: n, by: 5) { w[i] = 0 }
      let y: [Real] = randomNumbers(n + 3, in: -3...3, seed: 34)
      let products = (0..<n).map { Double(w[$0]) * Double(y[$0]) }
      #expect(abs(kernels.dot(n, w, y) - products.reduce(0, +)) <= 1e-12)
      var penalty = 0.0
      var expected = y.map { Double($0) }
      for i in 0..<n {
        let value = Double(w[i])
        penalty += 0.75 * abs(value) + 0.5 * 0.25 * value * value
        expected[i] += 0.5 * (0.75 * (value > 0 ? 1 : value < 0 ? -1 : 0) + 0.25 * value)
      }
      var changed = y
      let got = kernels.penalize(n, w, 0.75, 0.25, 0.5, &changed)
      #expect(abs(got - penalty) <= 1e-12 * max(1, penalty))
      #expect(zip(changed, expected).allSatisfy { abs(Double($0) - $1) <= 4 * Double(Real.ulpOfOne) * max(1, abs($1)) })
      #expect(kernels.penalize(n, w, 0.75, 0.25, 0.5, nil) == got)
    }
  }

  @Test("scale long rows down to a norm and leave the others", arguments: InstructionSet.here, Shape.all)
  func rowNorms(set: InstructionSet, shape: Shape) {
    checkRowNorms(Float.kernels(set), shape)
    checkRowNorms(Double.kernels(set), shape)
  }

  private func checkRowNorms<Real: KernelReal>(_ kernels: Kernels<Real>, _ shape: Shape) {
    let x: [Real] = shape.numbers(-3...3, stride: shape.stride, seed: 43)
    var expected = shape.columns(of: x, stride: shape.stride)
    for i in 0..<shape.rows {
      let norm = expected.map { $0[i] * $0[i] }.reduce(0, +).squareRoot()
      if norm > 4 { for c in expected.indices { expected[c][i] *= 4 / norm } }
    }
    var got = x
    kernels.limitRows(shape.rows, shape.columns, &got, shape.stride, 4)
    shape.expect(got, expected, elsewhere: x, stride: shape.stride, "rows")
  }

  /// Without elementary functions every set gives the same bits; with them those that fuse multiplication and addition.
  @Test(
    "have the same bits with every instruction set",
    .enabled(if: InstructionSet.here.count > 1, "this processor has one of them"), arguments: Shape.all)
  func sameBitsAcrossSets(shape: Shape) {
    for set in InstructionSet.here.dropFirst() {
      compare(Float.kernels(.baseline), Float.kernels(set), shape, exact: true)
      compare(Double.kernels(.baseline), Double.kernels(set), shape, exact: true)
    }
    if InstructionSet.here.contains(.avx512) {
      compare(Float.kernels(.avx2), Float.kernels(.avx512), shape, exact: false)
      compare(Double.kernels(.avx2), Double.kernels(.avx512), shape, exact: false)
    }
  }

  /// `exact`: only what holds no elementary function.
  private func compare<Real: KernelReal>(_ a: Kernels<Real>, _ b: Kernels<Real>, _ shape: Shape, exact: Bool) {
    let (rows, columns, stride) = (shape.rows, shape.columns, shape.stride)
    let x: [Real] = shape.numbers(-3...3, stride: stride, seed: 11)
    let y: [Real] = shape.numbers(0...1, stride: shape.otherStride, seed: 12)
    #expect(a.sum(x.count, x) == b.sum(x.count, x))
    #expect(a.dot(x.count, x, x) == b.dot(x.count, x, x))
    var (left, right) = (x, x)
    a.limitRows(rows, columns, &left, stride, 4)
    b.limitRows(rows, columns, &right, stride, 4)
    #expect(sameBits(left, right))
    if !exact {
      for rule in ck_rule.all {
        let factors = Rule<Real>(
          name: rule, rate: 0.3, beta1: 0.7, gain1: 0.3, beta2: 1.1, gain2: 0.9, smallest: 0.3, largest: 0.9,
          correction: 1.3, epsilon: 0.1, shrinkage: 0.9)
        let v = x.map { abs($0) }
        var (m1, v1, w1, m2, v2, w2) = (x, v, x, x, v, x)
        a.update(factors, x.count, x, &m1, &v1, &w1)
        b.update(factors, x.count, x, &m2, &v2, &w2)
        #expect(sameBits(m1, m2) && sameBits(v1, v2) && sameBits(w1, w2), "\(rule)")
      }
      (left, right) = (x, x)
      #expect(a.penalize(x.count, x, 0.7, 0.3, 0.9, &left) == b.penalize(x.count, x, 0.7, 0.3, 0.9, &right))
      #expect(sameBits(left, right))
    }
    for activation in Activation.allCases {
      let elementary = ![.identity, .relu, .leakyReLU, .softsign].contains(activation)
      if !(exact && elementary) {
        var (p, q) = (x, x)
        let largestA = a.bias[activation]!(rows, columns, &p, stride, y, nil, 0)
        let largestB = b.bias[activation]!(rows, columns, &q, stride, y, nil, 0)
        #expect(largestA == largestB && sameBits(p, q), "\(activation)")
      }
      if !(exact && activation == .softplus), let derive = a.derive[activation] {
        var (p, q) = (x, x)
        let largestA = derive(rows, columns, &p, stride, y, shape.otherStride)
        let largestB = b.derive[activation]!(rows, columns, &q, stride, y, shape.otherStride)
        #expect(largestA == largestB && sameBits(p, q), "derivative of \(activation)")
      }
    }
    for loss in Loss.allCases where !exact || !loss.includesActivation {
      var (p, q) = (x, x)
      let lossA = a.loss[loss]!(rows, columns, x, stride, y, shape.otherStride, Real(loss.level), 0.7, &p)
      let lossB = b.loss[loss]!(rows, columns, x, stride, y, shape.otherStride, Real(loss.level), 0.7, &q)
      #expect(lossA == lossB && sameBits(p, q), "\(loss)")
    }
  }
}

/// Whether numbers are within two roundings or so of those wanted.
private func isClose<Real: KernelReal>(_ got: [Real], _ wanted: [Double]) -> Bool {
  got.count == wanted.count
    && zip(got, wanted).allSatisfy { abs(Double($0) - $1) <= 4 * Double(Real.ulpOfOne) * max(1, abs($1)) }
}
