/// The division of a batch into shards, and the fixed order in which what the shards give is added.
///
/// A shard is a part of a batch that is back-propagated separately. Its gradient depends on the parameters, the samples
/// of the whole batch, the number of shards and its own number alone, wherever and whenever it is computed. The sum is
/// a binary tree: a range of more than one shard is cut after the largest power of two below its width, and its sum is
/// the sum of the left part plus the sum of the right part, rounded once. The order of the additions therefore does
/// not depend on who computes which shards either.
///
///     5 shards:   ((g₀ + g₁) + (g₂ + g₃)) + g₄
struct ShardTree: Equatable, Sendable {
  /// The number of shards, at least 1.
  let count: Int

  /// The samples of a shard: ⌊B s / S⌋ ..< ⌊B (s + 1) / S⌋ of a batch of B in S shards.
  func samples(of shard: Int, batch: Int) -> Range<Int> { batch * shard / count..<batch * (shard + 1) / count }

  /// The number of sums that exist at once if the shards are computed from the first to the last: 1 + ⌊log₂ S⌋.
  var depth: Int { Int.bitWidth - count.leadingZeroBitCount }

  /// The number of unfinished sums to the left of a shard when it is computed.
  func sums(before shard: Int) -> Int { shard.nonzeroBitCount }

  /// The number of additions that a shard makes possible. Each adds the last sum to the one before it.
  func additions(after shard: Int) -> Int {
    shard + 1 < count ? (shard + 1).trailingZeroBitCount : shard.nonzeroBitCount
  }
}
