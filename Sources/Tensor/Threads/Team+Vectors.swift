// Operations of an optimizer on whole vectors. Vectors are cut into pieces at the same places for any number of
// workers, so that sums have the same bits.

extension Team {
  /// The number of pieces of a vector.
  package static func pieceCount(_ length: Int) -> Int { (length + pieceLength - 1) / pieceLength }

  /// The number of elements in a piece: half of a first-level cache, and a multiple of every vector width.
  fileprivate static var pieceLength: Int { 1 << 14 }

  /// Σ x y of two vectors of the same length.
  ///
  /// - Parameter sums: Memory for one number per piece; see ``pieceCount(_:)``.
  @inlinable
  package func dot<Scalar>(_ x: Tile<Scalar>, _ y: Tile<Scalar>, sums: Tile<Double>) -> Double {
    run(VectorProgram(.dot(y, sums), x), work: x.rows)
    return Self.total(sums)
  }

  /// Σ |x| of a vector; `sums` as for the dot product.
  @inlinable
  package func magnitudeSum<Scalar>(_ x: Tile<Scalar>, sums: Tile<Double>) -> Double {
    run(VectorProgram(.magnitudeSum(sums), x), work: x.rows)
    return Self.total(sums)
  }

  /// y ← start + factor · x, or y ← y + factor · x if `start` is nil.
  @inlinable
  package func add<Scalar>(
    _ x: Tile<Scalar>, scaledBy factor: Scalar, to y: Tile<Scalar>, from start: Tile<Scalar>? = nil
  ) {
    run(VectorProgram(.add(x, factor, start), y), work: y.rows)
  }

  /// y ← kept · y + (1 − kept) · x.
  @inlinable
  package func mix<Scalar>(_ x: Tile<Scalar>, into y: Tile<Scalar>, keeping kept: Scalar) {
    run(VectorProgram(.mix(x, kept), y), work: y.rows)
  }

  /// x ← factor · x.
  @inlinable
  package func scale<Scalar>(_ x: Tile<Scalar>, by factor: Scalar) {
    run(VectorProgram(.scale(factor), x), work: x.rows)
  }

  /// Scales an existing gradient by `factor`, in place, and updates the parameters with it according to a rule.
  @inlinable
  package func update<Scalar>(
    _ parameters: Tile<Scalar>, by rule: TileUpdate<Scalar>.Rule, gradient: Tile<Scalar>, scaledBy factor: Scalar
  ) {
    run(VectorProgram(.update(rule, gradient, factor), parameters), work: parameters.rows)
  }

  /// The sum of the sums over pieces.
  @usableFromInline
  package static func total(_ sums: Tile<Double>) -> Double {
    var total = 0.0
    for piece in 0..<sums.rows { total += sums[piece] }
    return total
  }
}

extension Processes {
  /// Each process's slice of a vector: its share of the vector's pieces.
  package func slices(of length: Int) -> [Range<Int>] {
    (0..<count).map { rank in
      let pieces = share(of: Team.pieceCount(length), rank: rank)
      return min(pieces.lowerBound * Team.pieceLength, length)..<min(pieces.upperBound * Team.pieceLength, length)
    }
  }
}

/// An operation on a vector and on other vectors of the same length.
@usableFromInline
struct VectorProgram<Scalar: BLASScalar>: TeamProgram {
  @usableFromInline
  enum Operation {
    case dot(Tile<Scalar>, Tile<Double>)
    case magnitudeSum(Tile<Double>)
    case add(Tile<Scalar>, Scalar, Tile<Scalar>?)
    case mix(Tile<Scalar>, Scalar)
    case scale(Scalar)
    case update(TileUpdate<Scalar>.Rule, Tile<Scalar>, Scalar)
  }

  let operation: Operation
  let vector: Tile<Scalar>

  @usableFromInline
  init(_ operation: Operation, _ vector: Tile<Scalar>) {
    self.operation = operation
    self.vector = vector
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  @usableFromInline
  func run(_ worker: Worker) {
    flushingDenormals {
      for piece in worker.share(of: Team.pieceCount(vector.rows)) {
        let start = piece * Team.pieceLength
        run(piece, start..<min(start + Team.pieceLength, vector.rows))
      }
    }
  }

  private func run(_ piece: Int, _ range: Range<Int>) {
    let own = vector.rows(range)
    switch operation {
    case .dot(let y, let sums): sums[piece] = Scalar._Routines.wideDot(range.count, own.base, y.rows(range).base)
    case .magnitudeSum(let sums):
      sums[piece] = own.penalty(l1: 1, l2: 0)
    case .add(let x, let factor, let start):
      if let start { own.copy(start.rows(range)) }
      own.add(x.rows(range), scaledBy: factor)
    case .mix(let x, let kept):
      own.scale(by: kept)
      own.add(x.rows(range), scaledBy: 1 - kept)
    case .scale(let factor): own.scale(by: factor)
    case .update(let rule, let gradient, let factor):
      let gradient = gradient.rows(range)
      gradient.scale(by: factor)
      switch rule {
      case .keep: break
      case .descend(let rate, let shrinkage):
        own.scale(by: shrinkage)
        own.add(gradient, scaledBy: -rate)
      case .moments(let moments):
        Scalar._Routines.update(moments.advanced(by: range.lowerBound), range.count, gradient.base, own.base)
      }
    }
  }
}
