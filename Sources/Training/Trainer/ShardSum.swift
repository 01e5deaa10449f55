import Tensor

/// The sum of one vector for each shard of a batch, in the order of a ``ShardTree``.
///
/// A process computes the vectors of its shards one after the other. Each is computed in the memory of the last sum,
/// and then added to the sums that it completes. In the end, there is a sum for each of the largest nodes of the tree
/// that the process's shards make up. ``finish(_:team:)`` adds these.
struct ShardSum<Scalar: BLASScalar>: Sendable {
  private let processes: Processes
  /// The part of the sum that each process needs.
  private let parts: [Range<Int>]
  private var sums: [Matrix<Scalar>]
  /// The memory for this process's parts of the other processes' sums.
  private var arrived: [Matrix<Scalar>]
  /// The places in `sums` and `arrived`, counted through, of the nodes that are not yet added to another one.
  private var nodes: [Int] = []

  /// Allocates the memory for vectors of `length` elements: 1 + ⌊log₂ own shards⌋ vectors for the sums, and this
  /// process's part of one vector for each sum of another process.
  ///
  /// - Parameters:
  ///   - shards: The largest number of shards of a batch.
  ///   - parts: The part of the sum that each process needs.
  init(length: Int, shards: Int, _ processes: Processes, parts: [Range<Int>]) {
    (self.processes, self.parts) = (processes, parts)
    let tree = ShardTree(count: shards, most: shards)
    let own = tree.share(of: processes.rank, in: processes)
    sums = (0..<tree.depth(of: own)).map { _ in Matrix(rows: length, columns: 1) }
    let all = (0..<processes.count).reduce(0) { $0 + tree.nodeCount(in: tree.share(of: $1, in: processes)) }
    arrived = (0..<all - tree.nodeCount(in: own)).map { _ in
      Matrix(rows: parts[processes.rank].count, columns: 1)
    }
    nodes.reserveCapacity(all)
  }

  /// The sum of all shards. With several processes, only this process's part of it is valid after the end.
  var total: Matrix<Scalar> {
    get { sums[0] }
    _modify { yield &sums[0] }
  }

  /// The memory for the vector of a shard.
  subscript(shard: Int, tree: ShardTree) -> Matrix<Scalar> {
    get { sums[place(of: shard, tree)] }
    _modify { yield &sums[place(of: shard, tree)] }
  }

  private func place(of shard: Int, _ tree: ShardTree) -> Int {
    tree.nodeCount(in: tree.share(of: processes.rank, in: processes).lowerBound..<shard)
  }

  /// Adds the vector of a shard, which was just computed, to the sums that it completes.
  mutating func add(_ shard: Int, of tree: ShardTree, team: Team) {
    let first = tree.share(of: processes.rank, in: processes).lowerBound
    var (node, last) = (shard..<shard + 1, place(of: shard, tree))
    while let left = tree.leftSibling(of: node), left >= first {
      sums[last].withReadOnlyTile { right in
        sums[last - 1].withTile { left in team.add(right, scaledBy: 1, to: left) }
      }
      (node, last) = (left..<node.upperBound, last - 1)
    }
  }

  /// Exchanges the sums of the processes, and adds them: afterwards, each process has its part of ``total``.
  mutating func finish(_ tree: ShardTree, team: Team) {
    guard processes.count > 1 else { return }
    let own = processes.rank
    var place = 0
    for other in 0..<processes.count where other != own {
      for node in 0..<tree.nodeCount(in: tree.share(of: own, in: processes)) {
        sums[node].withReadOnlyTile { processes.send($0.rows(parts[other]), to: other) }
      }
      for _ in 0..<tree.nodeCount(in: tree.share(of: other, in: processes)) {
        arrived[place].withTile { processes.receive($0, from: other) }
        place += 1
      }
    }
    processes.finish()
    place = 0
    for rank in 0..<processes.count {
      let range = tree.share(of: rank, in: processes)
      var (start, number) = (range.lowerBound, 0)
      while start < range.upperBound {
        var node = tree.node(from: start, within: range)
        start = node.upperBound
        nodes.append(rank == own ? number : sums.count + place)
        if rank == own { number += 1 } else { place += 1 }
        while let left = tree.leftSibling(of: node) {
          // Two numbers have the same sum in either order. If one of the vectors is at place 0, where the total
          // belongs, the sum goes there.
          let pair = (nodes.removeLast(), nodes.removeLast())
          let (from, to) = pair.0 == 0 ? (pair.1, pair.0) : pair
          team.add(part(from), scaledBy: 1, to: part(to))
          nodes.append(to)
          node = left..<node.upperBound
        }
      }
    }
    // A process without a shard of this batch has no sum of its own.
    let root = nodes.removeLast()
    if root > 0 { part(0).copy(part(root)) }
  }

  /// This process's part of the sum at a place. The tile points into this value's memory.
  private mutating func part(_ place: Int) -> Tile<Scalar> {
    place < sums.count
      ? sums[place].withTile { $0.rows(parts[processes.rank]) } : arrived[place - sums.count].withTile { $0 }
  }
}
