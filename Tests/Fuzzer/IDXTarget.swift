import Datasets
import Tensor

extension FuzzTarget {
  static let idx = FuzzTarget(
    name: "idx",
    seeds: {
      [
        [0, 0, 8, 1, 0, 0, 0, 3, 0, 1, 2],
        [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 255, 1, 254],
      ]
    },
    words: [],
    read: { bytes in
      do throws(DataError) {
        let idx = try withinBudget(bytes.count) { () throws(DataError) in
          try IDX(bytes, path: "idx", ranks: 1...4)
        }
        guard idx.values.count == idx.dimensions.reduce(1, *),
          4 + 4 * idx.dimensions.count + idx.values.count == bytes.count
        else { fail("\(idx.dimensions) are not \(idx.values.count) values") }
      } catch { check(error) }
    })
}
