import Tensor

/// The sum of one vector for each shard of a batch, in the order of a ``ShardTree``.
///
/// A vector is computed in the memory of the last sum, and then added to the sums that it completes. In the end, the
/// first sum is the sum of all.
struct ShardSum<Scalar: BLASScalar>: Sendable {
  private var sums: [Matrix<Scalar>]

  /// Allocates the memory for vectors of `length` elements of up to `shards` shards: 1 + ⌊log₂ shards⌋ vectors.
  init(length: Int, shards: Int) {
    sums = (0..<ShardTree(count: shards).depth).map { _ in Matrix(rows: length, columns: 1) }
  }

  /// The sum of all shards.
  var total: Matrix<Scalar> {
    get { sums[0] }
    _modify { yield &sums[0] }
  }

  /// The memory for the vector of a shard.
  subscript(shard: Int, tree: ShardTree) -> Matrix<Scalar> {
    get { sums[tree.sums(before: shard)] }
    _modify { yield &sums[tree.sums(before: shard)] }
  }

  /// Adds the vector of a shard, which was just computed, to the sums that it completes.
  mutating func add(_ shard: Int, of tree: ShardTree, team: Team) {
    var last = tree.sums(before: shard)
    for _ in 0..<tree.additions(after: shard) {
      sums[last].withReadOnlyTile { right in
        sums[last - 1].withTile { left in team.add(right, scaledBy: 1, to: left) }
      }
      last -= 1
    }
  }
}
