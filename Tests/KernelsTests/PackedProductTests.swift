import CKernels
import Testing

/// The product with a packed matrix, for every instruction set: the sizes lie on both sides of a vector, a panel and a group of panels or of columns.
@Suite("The product with a packed matrix")
struct PackedProductTests {
  @Test(
    "is that of plain loops, to the bit where multiply-adds are fused, and a column's bits are the same alone",
    arguments: InstructionSet.here)
  func values(set: InstructionSet) {
    for rows in [1, 8, 15, 16, 17, 31, 32, 33, 64, 100, 160] {
      for columns in [1, 2, 3, 4, 7, 8, 9, 20] {
        for k in [1, 5, 512, 513, 1030] {
          check(Float.self, set, rows, columns, k)
          check(Double.self, set, rows, columns, k)
        }
      }
    }
  }

  private func check<Real: KernelReal>(_: Real.Type, _ set: InstructionSet, _ rows: Int, _ columns: Int, _ k: Int) {
    let kernels = Real.kernels(set)
    let (lda, xStride, zStride) = (rows + 3, k + 2, rows + 1)
    let a: [Real] = randomNumbers(lda * k, in: -1...1, seed: 1)
    var x: [Real] = randomNumbers(xStride * columns, in: -1...1, seed: 2)
    // Zeros, which are left out of a single column.
    for index in x.indices where index % 3 == 0 { x[index] = 0 }
    let count = kernels.packedCount(rows, k)
    let memory = UnsafeMutableRawPointer.allocate(byteCount: count * MemoryLayout<Real>.stride, alignment: 64)
    defer { memory.deallocate() }
    let packed = memory.bindMemory(to: Real.self, capacity: count)
    kernels.pack(rows, k, a, lda, packed)
    var z = [Real](repeating: 7, count: zStride * columns)
    kernels.multiplyPacked(rows, columns, k, packed, x, xStride, &z, zStride)
    var wrong = 0
    for column in 0..<columns {
      for row in 0..<rows {
        var sum: Real = 0
        for p in 0..<k {
          let (weight, number) = (a[row + p * lda], x[p + column * xStride])
          sum = set == .baseline ? sum + weight * number : sum.addingProduct(weight, number)
        }
        if z[row + column * zStride] != sum { wrong += 1 }
      }
      if z[rows + column * zStride] != 7 { wrong += 1 }
      var alone = [Real](repeating: 0, count: rows)
      Array(x[column * xStride..<column * xStride + k]).withUnsafeBufferPointer {
        kernels.multiplyPacked(rows, 1, k, packed, $0.baseAddress, k, &alone, rows)
      }
      if alone[...] != z[column * zStride..<column * zStride + rows] { wrong += 1 }
    }
    #expect(wrong == 0, "\(rows)×\(columns)×\(k), \(Real.self)")
  }
}
