import Glibc
import Tensor
import Testing

@Test("Philox gives its authors' known answers")
func knownAnswers() {
  // Random123's vectors. Counter and key all zero: 6627e8d5 e169c58d bc57ac4c 9b00dbd8.
  #expect(Philox.block(0, stream: 0, seed: 0) == (0xe169_c58d_6627_e8d5, 0x9b00_dbd8_bc57_ac4c))
  // All ones: 408f276d 41c83b0e a20bc7c6 6d5451fd.
  #expect(Philox.block(.max, stream: .max, seed: .max) == (0x41c8_3b0e_408f_276d, 0x6d54_51fd_a20b_c7c6))
  // Counter 243f6a88 85a308d3 13198a2e 03707344, key a4093822 299f31d0: d16cfe09 94fdcceb 5001e420 24126ea1.
  #expect(
    Philox.block(0x85a3_08d3_243f_6a88, stream: 0x0370_7344_1319_8a2e, seed: 0x299f_31d0_a409_3822)
      == (0x94fd_cceb_d16c_fe09, 0x2412_6ea1_5001_e420))
  var zeros = Philox(seed: 0)
  #expect(zeros.next() == 0xe169_c58d_6627_e8d5)
  #expect(zeros.next() == 0x9b00_dbd8_bc57_ac4c)
}

@Test("A generator resumed at a position goes on as if it had not stopped")
func resume() {
  var generator = Philox(seed: 5, stream: 9)
  let draws = (0..<100).map { _ in generator.next() }
  for position in draws.indices {
    var resumed = Philox(seed: 5, stream: 9, position: UInt64(position))
    #expect((position..<100).map { _ in resumed.next() } == Array(draws[position...]))
  }
  var two = Philox(seed: 5, stream: 9)
  _ = (two.next(), two.next())
  #expect(two == Philox(seed: 5, stream: 9, position: 2) && two != Philox(seed: 5, stream: 9))
  var other = Philox(seed: 5, stream: 10)
  #expect(other.next() != draws[0])
}

@Test("A shuffle is a permutation, the same for the same seed, and every place gets every element about equally often")
func shuffle() {
  var counts = [[Int]](repeating: [Int](repeating: 0, count: 5), count: 5)
  var generator = Philox(seed: 3)
  for _ in 0..<20_000 {
    var order = Array(0..<5)
    generator.shuffle(&order)
    #expect(order.sorted() == Array(0..<5))
    for (place, element) in order.enumerated() { counts[place][element] += 1 }
  }
  // 4000 expected, standard deviation 57.
  #expect(counts.joined().allSatisfy { abs($0 - 4000) < 300 })
  func order(seed: UInt64) -> [Int] {
    var generator = Philox(seed: seed)
    var order = Array(0..<100)
    generator.shuffle(&order)
    return order
  }
  #expect(order(seed: 4) == order(seed: 4) && order(seed: 4) != order(seed: 5))
}

@Test("Uniform and normal fills have the moments that they should")
func moments() {
  var generator = Philox(seed: 11)
  let count = 1_000_000.0
  var uniform = Matrix<Double>(rows: Int(count), columns: 1)
  uniform.fillUniform(-1...3, using: &generator)
  #expect(abs(uniform.sum() / count - 1) < 0.006)
  #expect(abs(uniform.dot(uniform) / count - (1 + 16.0 / 12)) < 0.01)
  #expect(uniform.elements.allSatisfy { $0 >= -1 && $0 <= 3 })
  var normal = Matrix<Double>(rows: Int(count), columns: 1)
  normal.fillNormal(mean: 2, standardDeviation: 3, using: &generator)
  let centred = normal.map { ($0 - 2) / 3 }
  let squares = centred.map { $0 * $0 }
  #expect(abs(centred.sum() / count) < 0.005)
  #expect(abs(squares.sum() / count - 1) < 0.007)
  #expect(abs(squares.dot(squares) / count - 3) < 0.05)
  let beyondTwo = centred.elements.count { abs($0) > 2 }
  #expect(abs(Double(beyondTwo) / count - 0.0455) < 0.001)
}

@Test("Both precisions draw the same sequence")
func precisions() {
  var first = Philox(seed: 2)
  var second = first
  var double = Matrix<Double>(rows: 33, columns: 1)
  var float = Matrix<Float>(rows: 33, columns: 1)
  double.fillNormal(using: &first)
  float.fillNormal(using: &second)
  #expect(double.elements.map { Float($0) } == float.elements)
  #expect(first == second)
}

@Test("The portable logarithm is within 3 ulp of the C library's")
func logarithm() {
  var generator = Philox(seed: 4)
  for _ in 0..<100_000 {
    let x = generator.nextUniform()
    guard x > 0 else { continue }
    #expect(abs(portableLogarithm(x) - log(x)) <= 3 * log(x).ulp)
  }
}
