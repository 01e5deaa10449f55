import CPerceptronKernels
import Testing

/// The product with a packed matrix, for every instruction set: the sizes lie on both sides of a vector, a panel and a
/// group of panels or of columns, and of the numbers a third is 0, or four fifths, which are left out.
@Suite("The product with a packed matrix")
struct PackedProductTests {
  @Test(
    "is that of plain loops, to the bit where multiply-adds are fused, and a column's bits are the same alone",
    arguments: InstructionSet.here)
  func values(set: InstructionSet) {
    for rows in [1, 8, 9, 16, 17, 31, 32, 33, 64, 100, 160] {
      for columns in [1, 3, 4, 8, 9, 20] {
        for k in [1, 63, 64, 513, 1030, 2100] {
          check(Float.self, set, rows, columns, k) { $0 % 3 == 0 }
          check(Double.self, set, rows, columns, k) { $0 % 3 == 0 }
        }
      }
    }
    for (rows, columns, k) in [(300, 9, 300), (150, 70, 200), (129, 66, 97), (64, 2, 4200)] {
      check(Float.self, set, rows, columns, k) { $0 % 5 != 0 }
      check(Double.self, set, rows, columns, k) { $0 % 5 != 0 }
    }
  }

  private func check<Real: KernelReal>(
    _: Real.Type, _ set: InstructionSet, _ rows: Int, _ columns: Int, _ k: Int, isZero: (Int) -> Bool
  ) {
    let kernels = Real.kernels(set)
    let (lda, xStride, zStride) = (rows + 3, k + 2, rows + 1)
    let a: [Real] = randomNumbers(lda * k, in: -1...1, seed: 1)
    var x: [Real] = randomNumbers(xStride * columns, in: -1...1, seed: 2)
    for index in x.indices where isZero(index) { x[index] = 0 }
    let count = kernels.packedCount(rows, k)
    let memory = UnsafeMutableRawPointer.allocate(byteCount: count * MemoryLayout<Real>.stride, alignment: 64)
    defer { memory.deallocate() }
    let packed = memory.bindMemory(to: Real.self, capacity: count)
    kernels.pack(rows, k, a, lda, packed)
    var z = [Real](repeating: 7, count: zStride * columns)
    kernels.multiplyPacked(rows, 0, rows, columns, k, packed, x, xStride, &z, zStride)
    // A matrix of one panel, two vectors of 64 bytes, is added up in the four quarters of every 2048 numbers.
    let panel = 2 * 64 / MemoryLayout<Real>.stride
    let chains = rows <= panel && k >= 64 ? 4 : 1
    var wrong = 0
    for column in 0..<columns {
      for row in 0..<rows {
        var sums = [Real](repeating: 0, count: chains)
        for start in stride(from: 0, to: k, by: chains == 1 ? k : 2048) {
          let n = chains == 1 ? k : min(k - start, 2048)
          for chain in 0..<chains {
            for p in start + n * chain / chains..<start + n * (chain + 1) / chains {
              let (weight, number) = (a[row + p * lda], x[p + column * xStride])
              sums[chain] = set.isFused ? sums[chain].addingProduct(weight, number) : sums[chain] + weight * number
            }
          }
        }
        let sum = chains == 1 ? sums[0] : (sums[0] + sums[1]) + (sums[2] + sums[3])
        if z[row + column * zStride] != sum { wrong += 1 }
      }
      if z[rows + column * zStride] != 7 { wrong += 1 }
      // The column alone, and of it the last panel alone.
      let first = (rows - 1) / panel * panel
      var (alone, last) = ([Real](repeating: 0, count: rows), [Real](repeating: 0, count: rows - first))
      Array(x[column * xStride..<column * xStride + k]).withUnsafeBufferPointer {
        kernels.multiplyPacked(rows, 0, rows, 1, k, packed, $0.baseAddress, k, &alone, rows)
        kernels.multiplyPacked(rows, first, rows - first, 1, k, packed, $0.baseAddress, k, &last, rows - first)
      }
      if alone[...] != z[column * zStride..<column * zStride + rows] || alone[first...] != last[...] { wrong += 1 }
    }
    #expect(wrong == 0, "\(rows)×\(columns)×\(k), \(Real.self)")
  }
}
