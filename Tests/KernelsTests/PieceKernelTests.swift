import CPerceptronKernels
import Testing

/// The bins of some of seven inputs, and the formulas of their pieces in Double.
private struct PieceShape: Sendable, CustomTestStringConvertible {
  let rows: [Int]
  let edges: [[Double]]

  static let inputs = 7
  static let all = [
    PieceShape(rows: [], edges: []), PieceShape(rows: [2], edges: [[-1, 1]]),
    PieceShape(rows: [0, 3, 6], edges: [[-2, -1.5, 0, 0.25], [0, 0.5], [-4, 1, 3]]),
    // More than a few vectors.
    PieceShape(
      rows: [1, 5], edges: [(0...70).map { Double($0) / 8 - 4 }, (0...33).map { Double($0 * $0) / 256 - 1 }]),
  ]

  var testDescription: String { "\(edges.map { $0.count - 1 }) pieces" }

  var starts: [Int] { edges.reduce(into: [0]) { $0.append($0.last! + $1.count - 1) } }
  var count: Int { edges.reduce(Self.inputs) { $0 + $1.count - 2 } }

  func withLowered<R>(_ body: (UnsafePointer<ck_pieces>) -> R) -> R {
    let lower = edges.flatMap { $0.dropLast() }
    let factors = edges.flatMap { zip($0, $0.dropFirst()).map { 1 / ($1 - $0) } }
    return rows.withUnsafeBufferPointer { rows in
      starts.withUnsafeBufferPointer { starts in
        lower.withUnsafeBufferPointer { lower in
          factors.withUnsafeBufferPointer { factors in
            let shape = ck_pieces(
              inputs: Self.inputs, numbers: rows.count, rows: rows.baseAddress, starts: starts.baseAddress,
              lower: lower.baseAddress, factors: factors.baseAddress)
            return withUnsafePointer(to: shape, body)
          }
        }
      }
    }
  }

  /// The lists of samples.
  func hats<Real: KernelReal>(
    _ x: [Real], _ columns: Int, _ stride: Int, _ kernels: Kernels<Real>
  ) -> (numbers: [Real], places: [Int32]) {
    let most = Self.inputs + rows.count
    var numbers = [Real](repeating: 0, count: most * columns)
    var places = [Int32](repeating: 0, count: (most + 1) * columns)
    withLowered { kernels.hats($0, columns, x, stride, &numbers, &places) }
    return (numbers, places)
  }

  /// E of a sample, by the formula; or the differences of adjacent pieces.
  func encoded(_ x: [Double], areHats: Bool) -> [Double] {
    var e = x
    for (row, edges) in zip(rows, edges) {
      let most = edges.count - 1
      let pieces = (1...most).map { i in
        let piece = (x[row] - edges[i - 1]) / (edges[i] - edges[i - 1])
        return min(max(piece, i == 1 ? -.infinity : 0), i == most ? .infinity : 1)
      }
      let own = areHats ? pieces.indices.map { pieces[$0] - ($0 + 1 < most ? pieces[$0 + 1] : 0) } : pieces
      e[row] = own[0]
      e += own.dropFirst()
    }
    return e
  }
}

@Suite("The kernels of pieces")
struct PieceKernelTests {
  @Test(
    "follow their formulas, with the same bits for every instruction set", arguments: InstructionSet.here,
    PieceShape.all)
  fileprivate func formulas(set: InstructionSet, shape: PieceShape) {
    check(Float.kernels(set), Float.kernels(InstructionSet.here[0]), shape)
    check(Double.kernels(set), Double.kernels(InstructionSet.here[0]), shape)
  }

  private func check<Real: KernelReal>(_ kernels: Kernels<Real>, _ others: Kernels<Real>, _ shape: PieceShape) {
    let (columns, stride) = (41, shape.count + 3)
    var before: [Real] = randomNumbers(columns * stride, in: -5...5, seed: 31)
    // At edges, and far beyond the last ones.
    for (number, row) in shape.rows.enumerated() {
      for (column, edge) in (shape.edges[number] + [-1000, 1000]).prefix(columns).enumerated() {
        before[column * stride + row] = Real(edge)
      }
    }
    var (e, other) = (before, before)
    shape.withLowered {
      kernels.pieces($0, columns, &e, stride)
      others.pieces($0, columns, &other, stride)
    }
    let (hats, places) = shape.hats(before, columns, stride, kernels)
    let (otherHats, otherPlaces) = shape.hats(before, columns, stride, others)
    #expect(sameBits(e, other) && sameBits(hats, otherHats) && places == otherPlaces)
    let most = PieceShape.inputs + shape.rows.count
    for column in 0..<columns {
      let x = (0..<PieceShape.inputs).map { Double(before[column * stride + $0]) }
      func check(_ found: [Real], areHats: Bool) {
        for (row, expected) in shape.encoded(x, areHats: areHats).enumerated() {
          let error = abs(Double(found[row]) - expected)
          #expect(error <= 8 * Real.tolerance * max(1, abs(expected)), "[\(row), \(column)], \(areHats)")
        }
      }
      check(Array(e[column * stride..<column * stride + shape.count]), areHats: false)
      let rest = column * stride + shape.count..<(column + 1) * stride
      #expect(sameBits(Array(e[rest]), Array(before[rest])))
      let count = Int(places[column * (most + 1) + most])
      #expect(count <= most)
      var listed = [Real](repeating: 0, count: shape.count)
      for entry in 0..<count {
        listed[Int(places[column * (most + 1) + entry])] += hats[column * most + entry]
      }
      check(listed, areHats: true)
    }
  }

  @Test("keep numbers that are not finite visible", arguments: InstructionSet.here)
  fileprivate func nonFinite(set: InstructionSet) {
    func check<Real: KernelReal>(_ kernels: Kernels<Real>) {
      let shape = PieceShape.all[2]
      for value in [Real.nan, .infinity, -.infinity] {
        var e = [Real](repeating: 0, count: shape.count)
        e[0] = value
        let (hats, places) = shape.hats(e, 1, shape.count, kernels)
        shape.withLowered { kernels.pieces($0, 1, &e, shape.count) }
        // The rows of the first number: 0 and 7, 8.
        #expect([0, 7, 8].contains { !e[$0].isFinite })
        #expect((0..<Int(places.last!)).contains { !hats[$0].isFinite && [0, 7, 8].contains(places[$0]) })
      }
    }
    check(Float.kernels(set))
    check(Double.kernels(set))
  }
}
