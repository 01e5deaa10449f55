import Tensor

/// A number for each tile of a job. The worker that computes a tile stores its number.
struct JobNumbers {
  let tile: Tile<Double>
  let start: Int

  subscript(index: Int) -> Double {
    get { tile[start + index] }
    nonmutating set { tile[start + index] = newValue }
  }

  /// Stores one number for several tiles that were computed as one.
  func set(_ tiles: Range<Int>, to value: Double) {
    for index in tiles { self[index] = value }
  }

  /// The sum of the first `count` numbers, in order.
  func sum(_ count: Int) -> Double {
    var sum = 0.0
    for index in 0..<count { sum += self[index] }
    return sum
  }

  /// The largest of the first `count` numbers; NaN if one is NaN.
  func largest(_ count: Int) -> Double {
    var largest = 0.0
    for index in 0..<count where !(self[index] <= largest) { largest = largest.isNaN ? largest : self[index] }
    return largest
  }
}
