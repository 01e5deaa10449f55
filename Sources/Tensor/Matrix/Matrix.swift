/// A matrix of `Float` or `Double`, contiguous and column-major, with value semantics.
///
/// In this package a batch is features × samples: one sample is one column. A vector is a matrix of one column. Storage
/// starts at a 64-byte boundary. Copies share it until one of them is changed. A range of columns and a reshaped matrix
/// share it too, so neither copies.
///
/// A size of 0 is allowed everywhere. The sums of an empty matrix are 0, and a product over an empty inner size is β
/// times the destination.
public struct Matrix<Scalar: BLASScalar>: Sendable {
  /// The number of rows: of features or outputs, if the matrix is a batch.
  public let rows: Int
  /// The number of columns: of samples, if the matrix is a batch.
  public let columns: Int
  @usableFromInline var buffer: Buffer<Scalar>
  /// Where this matrix starts in the buffer, in elements.
  @usableFromInline let offset: Int

  @usableFromInline
  init(buffer: Buffer<Scalar>, offset: Int, rows: Int, columns: Int) {
    self.buffer = buffer
    self.offset = offset
    self.rows = rows
    self.columns = columns
  }

  /// Makes a matrix with every element equal to `value`.
  ///
  /// - Precondition: Traps on a negative size and if the number of elements overflows.
  /// - Complexity: O(count); memory filled with zeros is not touched before its first use.
  public init(rows: Int, columns: Int, repeating value: Scalar = 0) {
    let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
    guard rows >= 0, columns >= 0, !overflow else { fail("cannot make a \(rows)×\(columns) matrix") }
    self.init(buffer: Buffer(count: count), offset: 0, rows: rows, columns: columns)
    if value != 0 { buffer.base.update(repeating: value, count: count) }
  }

  /// Makes a matrix from its elements, column after column.
  ///
  /// - Precondition: Traps unless there are `rows` × `columns` elements.
  public init(rows: Int, columns: Int, columnMajor elements: some Collection<Scalar>) {
    self.init(rows: rows, columns: columns)
    guard elements.count == count else {
      fail("cannot make a \(rows)×\(columns) matrix of \(elements.count) elements: it has \(count)")
    }
    _ = UnsafeMutableBufferPointer(start: buffer.base, count: count).update(fromContentsOf: elements)
  }

  /// Makes a matrix from its elements, row after row, the default order of NumPy and PyTorch.
  ///
  /// - Precondition: Traps unless there are `rows` × `columns` elements.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public init(rows: Int, columns: Int, rowMajor elements: [Scalar]) {
    self.init(rows: rows, columns: columns)
    guard elements.count == count else {
      fail("cannot make a \(rows)×\(columns) matrix of \(elements.count) elements: it has \(count)")
    }
    tile.fill(rowMajor: elements)
  }

  /// Makes a column vector.
  public init(_ elements: some Collection<Scalar>) {
    self.init(rows: elements.count, columns: 1, columnMajor: elements)
  }

  /// Makes a matrix whose columns are the samples: `Matrix(samples: [[5.1, 3.5], [4.9, 3.0]])` is 2 × 2, and its first
  /// column is 5.1, 3.5.
  ///
  /// - Precondition: Traps unless all samples have the same length.
  public init(samples: [[Scalar]]) {
    self.init(rows: samples.first?.count ?? 0, columns: samples.count)
    for (column, sample) in samples.enumerated() {
      guard sample.count == rows else {
        fail(
          "cannot make a matrix of samples of different lengths: sample 0 has \(rows) numbers, sample \(column) has"
            + " \(sample.count)")
      }
      _ = UnsafeMutableBufferPointer(start: buffer.base + column * rows, count: rows).update(fromContentsOf: sample)
    }
  }

  /// The identity matrix.
  public static func identity(_ size: Int) -> Matrix {
    var result = Matrix(rows: size, columns: size)
    for i in 0..<size { result[i, i] = 1 }
    return result
  }

  /// The number of elements.
  @inlinable
  public var count: Int { rows * columns }

  /// Whether there is no element.
  public var isEmpty: Bool { count == 0 }

  /// Whether both are views of the same elements in memory.
  @inlinable
  package func isIdentical(to other: Matrix) -> Bool {
    buffer === other.buffer && offset == other.offset && rows == other.rows && columns == other.columns
  }

  /// Whether the elements are in a file: see ``MatrixFiles``.
  package var isInFile: Bool { buffer.directory != nil }

  /// The shape in the form that messages print.
  @usableFromInline
  package var shape: String { "\(rows)×\(columns)" }
}

extension Matrix: ExpressibleByArrayLiteral {
  /// Makes a matrix from its rows: `[[1, 2], [3, 4]]`.
  ///
  /// - Precondition: Traps unless all rows have the same length.
  public init(arrayLiteral rows: [Scalar]...) {
    self.init(rows: rows.count, columns: rows.first?.count ?? 0)
    for (i, row) in rows.enumerated() {
      guard row.count == columns else {
        fail(
          "cannot make a matrix of rows of different lengths: row 0 has \(columns) elements, row \(i) has \(row.count)")
      }
      for (j, element) in row.enumerated() { buffer.base[i + j * self.rows] = element }
    }
  }
}

// MARK: - Elements

extension Matrix {
  /// The element in `row` and `column`, counted from 0.
  ///
  /// The access is checked and takes about 30 ns from another module. A loop over many elements is faster through
  /// ``withSpan(_:)`` or ``map(_:)``.
  /// - Precondition: Traps if either index is out of range.
  public subscript(row: Int, column: Int) -> Scalar {
    get {
      check(row, column)
      return buffer.base[offset + row + column * rows]
    }
    set {
      check(row, column)
      makeUnique()
      buffer.base[offset + row + column * rows] = newValue
    }
  }

  /// A range of columns, as a matrix that shares this one's storage; setting it copies the new values into these
  /// columns.
  ///
  /// - Precondition: Traps if the range is out of range, or if the new columns have another shape.
  public subscript(columns range: Range<Int>) -> Matrix {
    get {
      check(range)
      return Matrix(buffer: buffer, offset: offset + range.lowerBound * rows, rows: rows, columns: range.count)
    }
    set {
      check(range)
      guard newValue.rows == rows, newValue.columns == range.count else {
        fail("cannot replace columns \(range) of \(shape) by \(newValue.shape)")
      }
      withTile { tile in newValue.withReadOnlyTile { tile[columns: range].copy($0) } }
    }
  }

  /// The chosen columns, in the order of the indices, as a new matrix. It is in a file if this matrix is: see
  /// `MatrixFiles`.
  ///
  /// - Precondition: Traps if an index is out of range.
  public func gathered(_ indices: [Int]) -> Matrix {
    for index in indices where index < 0 || index >= columns { fail("no column \(index) in a \(shape) matrix") }
    var result = MatrixFiles.keep(in: buffer.directory ?? MatrixFiles.directory) {
      Matrix(rows: rows, columns: indices.count)
    }
    indices.withUnsafeBufferPointer { indices in
      result.withTile { tile in withReadOnlyTile { tile.gather(indices, of: $0) } }
    }
    return result
  }

  /// The columns of this matrix and then those of another one, as a new matrix. It is in a file if this matrix is.
  ///
  /// - Precondition: Traps if the matrices have different numbers of rows.
  package func joined(with other: Matrix) -> Matrix {
    guard rows == other.rows else { fail("cannot join \(shape) and \(other.shape): they differ in their rows") }
    var result = MatrixFiles.keep(in: buffer.directory ?? MatrixFiles.directory) {
      Matrix(rows: rows, columns: columns + other.columns)
    }
    result[columns: 0..<columns] = self
    result[columns: columns..<result.columns] = other
    return result
  }

  /// The same elements in the same order as a matrix of another shape; the result shares storage with this matrix.
  ///
  /// - Precondition: Traps if the numbers of elements differ.
  public func reshaped(rows: Int, columns: Int) -> Matrix {
    guard rows >= 0, columns >= 0, rows.multipliedReportingOverflow(by: columns) == (count, false) else {
      fail("cannot reshape \(shape) to \(rows)×\(columns)")
    }
    return Matrix(buffer: buffer, offset: offset, rows: rows, columns: columns)
  }

  /// The elements, column after column.
  public var elements: [Scalar] { withReadOnlyTile { Array(UnsafeBufferPointer(start: $0.base, count: count)) } }

  /// Calls `body` with the elements, column after column.
  public func withSpan<R, E: Error>(_ body: (Span<Scalar>) throws(E) -> R) throws(E) -> R {
    let elements = UnsafeBufferPointer(start: UnsafePointer(buffer.base + offset), count: count)
    defer { withExtendedLifetime(buffer) {} }
    return try body(elements.span)
  }

  /// Calls `body` with the elements, column after column, which `body` may change.
  public mutating func withMutableSpan<R, E: Error>(
    _ body: (inout MutableSpan<Scalar>) throws(E) -> R
  ) throws(E) -> R {
    makeUnique()
    let elements = UnsafeMutableBufferPointer(start: buffer.base + offset, count: count)
    defer { withExtendedLifetime(buffer) {} }
    var span = elements.mutableSpan
    return try body(&span)
  }

  @inline(__always)
  private func check(_ row: Int, _ column: Int) {
    if row < 0 || row >= rows || column < 0 || column >= columns {
      fail("no element (\(row), \(column)) in a \(shape) matrix")
    }
  }

  @inline(__always)
  private func check(_ range: Range<Int>) {
    if range.lowerBound < 0 || range.upperBound > columns { fail("no columns \(range) in a \(shape) matrix") }
  }
}

// MARK: - Storage

extension Matrix {
  /// Calls `body` with a tile of the whole matrix, which `body` may change.
  @inlinable
  package mutating func withTile<R, E: Error>(_ body: (Tile<Scalar>) throws(E) -> R) throws(E) -> R {
    makeUnique()
    defer { withExtendedLifetime(buffer) {} }
    return try body(tile)
  }

  /// Calls `body` with a tile of the whole matrix, which `body` must not change.
  @inlinable
  package func withReadOnlyTile<R, E: Error>(_ body: (Tile<Scalar>) throws(E) -> R) throws(E) -> R {
    defer { withExtendedLifetime(buffer) {} }
    return try body(tile)
  }

  @inlinable
  var tile: Tile<Scalar> {
    Tile(base: buffer.base + offset, rows: rows, columns: columns, stride: max(rows, 1))
  }

  /// Copies the elements if anything else shares their storage.
  @inlinable
  mutating func makeUnique() {
    if !isKnownUniquelyReferenced(&buffer) { self = copy() }
  }

  @usableFromInline
  func copy() -> Matrix {
    let copy = Matrix(rows: rows, columns: columns)
    copy.buffer.base.update(from: buffer.base + offset, count: count)
    return copy
  }
}
