/// How samples are divided into parts, one after another: an epoch into batches, or a shard into blocks.
struct Parts {
  /// The number of samples in each part except the last one.
  let size: Int
  /// The fewest samples in a part: if fewer would be left, the last part takes them, too.
  let least: Int

  /// The batches of an epoch. One with fewer samples than an eighth of the batch size, whose gradient would be mostly
  /// noise, or than batch normalisation needs, joins the batch before it.
  static func batches(of size: Int, isNormalized: Bool = false) -> Parts {
    Parts(size: size, least: max(leastNormalized(size, isNormalized), size / 8))
  }

  /// The fewest samples of a batch or shard of this size that may be normalised separately; 1 without batch
  /// normalisation.
  static func leastNormalized(_ size: Int, _ isNormalized: Bool) -> Int { isNormalized ? max(2, min(16, size / 4)) : 1 }

  /// The number of samples in the largest part.
  var most: Int { size + least - 1 }

  /// The samples of the first part.
  func first(_ samples: ArraySlice<Int>) -> ArraySlice<Int> {
    samples.prefix(samples.count - size < least ? samples.count : size)
  }

  /// The number of parts.
  func count(of samples: Int) -> Int {
    let (whole, rest) = samples.quotientAndRemainder(dividingBy: size)
    return max(whole + (rest >= least ? 1 : 0), 1)
  }
}
