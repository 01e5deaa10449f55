import Tensor

/// The division of a batch into shards, and the fixed order in which the results of the shards are added.
///
/// A shard is a part of a batch that is back-propagated separately. Its gradient depends on the parameters, the samples
/// of the whole batch, the number of shards and its own number alone, wherever and whenever it is computed. The sum is
/// a binary tree: a range of more than one shard is cut after the largest power of two below its width, and its sum is
/// the sum of the left part plus the sum of the right part, rounded once. The order of the additions therefore does not
/// depend on which process computes which shards, either.
///
///     5 shards:   ((g₀ + g₁) + (g₂ + g₃)) + g₄
struct ShardTree: Sendable {
  /// The number of shards, at least 1.
  let count: Int
  /// The number of shards of a whole batch.
  let most: Int

  /// The shards that a process computes: its share of those of a whole batch, as far as there are so many. The nodes of
  /// a process are then never more than in a whole batch.
  func share(of rank: Int, in processes: Processes) -> Range<Int> {
    processes.share(of: most, rank: rank).clamped(to: 0..<count)
  }

  /// The samples of a shard: ⌊B s / S⌋ ..< ⌊B (s + 1) / S⌋ of a batch of B in S shards.
  func samples(of shard: Int, batch: Int) -> Range<Int> { batch * shard / count..<batch * (shard + 1) / count }

  /// The start of the left sibling of a node; nil if the node is a left child or the root.
  func leftSibling(of node: Range<Int>) -> Int? {
    let start = node.lowerBound
    guard start > 0, node.upperBound == count || start & node.count != 0 else { return nil }
    return start - lowestBit(start)
  }

  /// The number of largest nodes that together are a range of shards.
  func nodeCount(in range: Range<Int>) -> Int {
    var (found, start) = (0, range.lowerBound)
    while start < range.upperBound {
      start = node(from: start, within: range).upperBound
      found += 1
    }
    return found
  }

  /// The largest node that begins at a shard and does not end after a range.
  func node(from start: Int, within range: Range<Int>) -> Range<Int> {
    let (rest, widest) = (range.upperBound - start, start == 0 ? Int.max : lowestBit(start))
    if range.upperBound == count && rest <= widest { return start..<count }
    return start..<start + min(widest, 1 << (Int.bitWidth - 1 - rest.leadingZeroBitCount))
  }

  /// The largest number of sums that exist at once if the shards of a range are computed from the first to the last.
  /// For all shards, this is 1 + ⌊log₂ S⌋.
  func depth(of range: Range<Int>) -> Int {
    range.reduce(0) { max($0, nodeCount(in: range.lowerBound..<$1) + 1) }
  }

  private func lowestBit(_ number: Int) -> Int { number & -number }
}
