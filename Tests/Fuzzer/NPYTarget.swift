import Datasets
import Tensor

extension FuzzTarget {
  static let npy = FuzzTarget(
    name: "npy",
    seeds: {
      [
        NPY.encode(.floats([1, -2, .nan, 0, .infinity, 6]), shape: [3, 2]),
        NPY.encode(.doubles([1, 2, 3, 4, 5, 6, 7, 8]), shape: [2, 2, 2]),
        NPY.encode(.integers([0, 1, 1]), shape: [3]),
        [0x93] + Array("NUMPY".utf8) + [2, 0, 56, 0, 0, 0]
          + Array("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 2)}".utf8) + [1, 2, 3, 4],
      ]
    },
    words: [
      "'descr'", "'fortran_order'", "'shape'", "True", "False", "'<f4'", "'<f8'", "'|b1'", "'|u1'", "'<u2'", "'<u4'",
      "'<u8'", "'|i1'", "'<i2'", "'<i4'", "'<i8'", "9223372036854775807", "4294967296", "(1,", ",)", "1,1,1,1,",
    ],
    read: { bytes in
      do throws(DataError) {
        let array = try withinBudget(bytes.count) { () throws(DataError) in try NPY(bytes, path: "npy") }
        guard array.elements.count == array.count * array.sampleSize else { fail("\(array.shape) is not all") }
        use(try Table(features: array, labels: array))
        // Written and read again, it is the same: NaN has one form in Double.
        let copy = try NPY(NPY.encode(.doubles(array.elements), shape: array.shape), path: "npy")
        guard copy.shape == array.shape, copy.elements.map(\.bitPattern) == array.elements.map(\.bitPattern) else {
          fail("the array is not read back as it was written")
        }
      } catch { check(error) }
    })
}
