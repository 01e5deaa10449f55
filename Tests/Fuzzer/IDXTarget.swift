import PerceptronDatasets
import PerceptronFiles
import Tensor

extension FuzzTarget {
  static let idx = FuzzTarget(
    name: "idx",
    seeds: {
      [
        [0, 0, 8, 1, 0, 0, 0, 3, 0, 1, 2],
        [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 255, 1, 254],
        [0, 0, 9, 1, 0, 0, 0, 2, 1, 0xFF],
        [0, 0, 0xB, 1, 0, 0, 0, 2, 1, 0, 0xFF, 0xFF],
        [0, 0, 0xC, 1, 0, 0, 0, 1, 0, 0, 0, 3],
        [0, 0, 0xD, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0x3F, 0xC0, 0, 0],
        [0, 0, 0xE, 1, 0, 0, 0, 1, 0x7F, 0xF0, 0, 0, 0, 0, 0, 0],
      ]
    },
    words: [],
    read: { bytes in
      do throws(FileError) {
        let idx = try withinBudget(bytes.count) { () throws(FileError) in
          try IDX(bytes, path: "idx", ranks: 1...4)
        }
        let count = idx.dimensions.reduce(1, *)
        guard idx.numbers.count == count, idx.values.count.isMultiple(of: count),
          4 + 4 * idx.dimensions.count + idx.values.count == bytes.count
        else { fail("\(idx.dimensions) are not \(idx.values.count) values") }
      } catch { check(error) }
    })
}
