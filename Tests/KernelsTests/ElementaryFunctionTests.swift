import Foundation
import Testing

/// Bit patterns a prime stride apart, so that every exponent, both signs, NaN and denormal numbers occur.
private func sweepFloat(_ evaluate: ([Float]) -> Void) {
  let stride: UInt32 = 1511
  var pattern: UInt32 = 0
  var block: [Float] = []
  block.reserveCapacity(4096)
  while true {
    block.append(Float(bitPattern: pattern))
    let (next, end) = pattern.addingReportingOverflow(stride)
    if block.count == 4096 || end {
      evaluate(block)
      block.removeAll(keepingCapacity: true)
    }
    if end { return }
    pattern = next
  }
}

/// Random bit patterns, and as many numbers again from each range in which some function changes its method.
private func sweepDouble(_ evaluate: ([Double]) -> Void) {
  var generator = Xorshift(seed: 2)
  let ranges: [ClosedRange<Double>] = [
    -750 ... -700, -40...40, -6.5...6.5, -1.5...1.5, 0.5...2, 700...710, -1e-8...1e-8,
  ]
  for _ in 0..<120 {
    evaluate((0..<4096).map { _ in Double(bitPattern: generator.next()) })
    for range in ranges { evaluate((0..<2048).map { _ in Double.random(in: range, using: &generator) }) }
  }
  evaluate((0..<2048).map { Double(bitPattern: UInt64($0) << 53) })  // the powers of two, every other one
}

@Suite("The elementary functions")
struct ElementaryFunctionTests {
  @Test("are within 4 ulp for floats of every exponent", arguments: Function.approximated, InstructionSet.here)
  func floatAccuracy(function: Function, set: InstructionSet) {
    let kernels = Float.kernels(set)
    var worst = WorstError<Float>()
    sweepFloat { x in
      for (x, y) in zip(x, kernels(function, x)) { worst.take(y, at: x, reference: function.reference(x)) }
    }
    print("\(function) Float \(set): \(worst.ulps) ulp at \(worst.argument), \(worst.count) arguments")
    #expect(worst.ulps <= 4, "at \(worst.argument)")
    #expect(worst.count > 2_000_000)
  }

  @Test("are within 4 ulp for doubles of every exponent", arguments: Function.approximated, InstructionSet.here)
  func doubleAccuracy(function: Function, set: InstructionSet) {
    let kernels = Double.kernels(set)
    var worst = WorstError<Double>()
    sweepDouble { x in
      for (x, y) in zip(x, kernels(function, x)) { worst.take(y, at: x, reference: function.reference(Wide(x))) }
    }
    print("\(function) Double \(set): \(worst.ulps) ulp at \(worst.argument), \(worst.count) arguments")
    #expect(worst.ulps <= 4, "at \(worst.argument)")
    #expect(worst.count > 2_000_000)
  }

  @Test("would be caught if exp were wrong by a millionth")
  func checkCanFail() {
    var worst = WorstError<Float>()
    for x in stride(from: Float(-5), through: 5, by: 0.01) {
      worst.take(Float(exp(Double(x)) * (1 + 1e-6)), at: x, reference: Function.exp.reference(x))
    }
    #expect(worst.ulps > 4)
    #expect(ulps(Float.nan, from: 1.0) == .infinity)
    #expect(ulps(Float.infinity, from: 1.0) == .infinity)
    #expect(ulps(Float(0), from: Double(Float.leastNonzeroMagnitude) * 5) == 5)
    #expect(ulps(Float(1).nextUp, from: 1.0) == 1)
  }

  @Test("treat infinities, zeros, NaN and denormal numbers as their limits", arguments: InstructionSet.here)
  func specialValues(set: InstructionSet) {
    checkSpecials(Float.kernels(set))
    checkSpecials(Double.kernels(set))
  }

  private func checkSpecials<Real: KernelReal>(_ kernels: Kernels<Real>) {
    func f(_ function: Function, _ x: Real) -> Real { kernels(function, [x])[0] }
    for function in Function.allCases { #expect(f(function, .nan).isNaN, "\(function)") }
    #expect(f(.exp, .infinity) == .infinity)
    #expect(f(.exp, -.infinity) == 0)
    #expect(f(.exp, 0) == 1 && f(.exp, -0.0) == 1)
    #expect(f(.exp, .greatestFiniteMagnitude) == .infinity)
    #expect(f(.exp, -.greatestFiniteMagnitude) == 0)
    #expect(f(.log, 0) == -.infinity && f(.log, -0.0) == -.infinity)
    #expect(f(.log, .infinity) == .infinity)
    #expect(f(.log, 1) == 0)
    #expect(f(.log, -1).isNaN && f(.log, -.infinity).isNaN && f(.log, -.leastNonzeroMagnitude).isNaN)
    #expect(f(.sigmoid, .infinity) == 1 && f(.sigmoid, -.infinity) == 0 && f(.sigmoid, 0) == 0.5)
    for function in [Function.tanh, .erf] {
      #expect(f(function, .infinity) == 1 && f(function, -.infinity) == -1)
      #expect(sameBits([f(function, 0), f(function, -0.0)], [0, -0.0]))
      for x: Real in [1e-30, 0.3, 0.99, 1.01, 2.5, 7, 100] { #expect(f(function, -x) == -f(function, x)) }
    }
    for x: Real in [.leastNonzeroMagnitude, .leastNormalMagnitude, .leastNormalMagnitude / 3] {
      #expect(f(.tanh, x) == x && f(.tanh, -x) == -x)
    }
    #expect(sameBits([f(.relu, -0.0), f(.relu, -3), f(.relu, 3)], [-0.0, 0, 3]))
    #expect(f(.relu, -.infinity) == 0 && f(.relu, .infinity) == .infinity)
  }

  @Test("give denormal results, not 0", arguments: InstructionSet.here)
  func denormalResults(set: InstructionSet) {
    let float = Float.kernels(set)
    let double = Double.kernels(set)
    #expect(float(.sigmoid, [-100])[0] == Float(exp(-100.0)))
    #expect(float(.exp, [-103])[0] == Float(exp(-103.0)))
    #expect(double(.exp, [-745])[0] == exp(-745.0))
    #expect(double(.sigmoid, [-744])[0] == exp(-744.0))
  }

  @Test(
    "do not depend on a number's place, on how many there are, or on working in place",
    arguments: InstructionSet.here)
  func placement(set: InstructionSet) {
    checkPlacement(Float.kernels(set))
    checkPlacement(Double.kernels(set))
  }

  private func checkPlacement<Real: KernelReal>(_ kernels: Kernels<Real>) {
    var x: [Real] = randomNumbers(200, in: -8...8, seed: 3)
    x[5] = .infinity
    x[17] = -.infinity
    x[33] = .nan
    x[34] = -0.0
    x[40] = .leastNonzeroMagnitude
    for function in Function.allCases {
      let expected = kernels(function, x)
      for n in 0...70 {
        for offset in [0, 1, 7, 30] {
          var y = x
          y.withUnsafeMutableBufferPointer { y in
            let first = y.baseAddress! + offset
            kernels.map[function]!(n, first, first)
          }
          // Also shows that nothing outside is written.
          let whole = x[..<offset] + expected[offset..<offset + n] + x[(offset + n)...]
          #expect(sameBits(y, Array(whole)), "\(function), n = \(n), offset = \(offset)")
        }
      }
    }
  }

  @Test(
    "have the same bits with AVX2 and AVX-512",
    .enabled(if: InstructionSet.here.contains(.avx512)), arguments: Function.allCases)
  func sameBitsAcrossSets(function: Function) {
    let (float2, float512) = (Float.kernels(.avx2), Float.kernels(.avx512))
    var equal = true
    sweepFloat { x in equal = equal && sameBits(float2(function, x), float512(function, x)) }
    #expect(equal)
    let (double2, double512) = (Double.kernels(.avx2), Double.kernels(.avx512))
    equal = true
    sweepDouble { x in equal = equal && sameBits(double2(function, x), double512(function, x)) }
    #expect(equal)
  }
}
