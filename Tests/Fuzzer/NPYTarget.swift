import PerceptronDatasets
import PerceptronFiles
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
        NPY.encode(.texts(["a", "𝛼", "", "a"]), shape: [2, 2]),
        NPY.encode(.integers([1 << 53 + 1, -3, 1 << 53]), shape: [3]),
        [0x93] + Array("NUMPY".utf8) + [2, 0, 56, 0, 0, 0]
          + Array("{'descr': '|S2', 'fortran_order': True, 'shape': (3, 1)}".utf8) + [97, 98, 99, 0, 97, 98],
        [0x93] + Array("NUMPY".utf8) + [2, 0, 55, 0, 0, 0]
          + Array("{'descr': '>f2', 'fortran_order': False, 'shape': (2,)}".utf8) + [0x3E, 0, 0xFC, 0],
      ]
    },
    words: [
      "'descr'", "'fortran_order'", "'shape'", "True", "False", "'<f4'", "'<f8'", "'|b1'", "'|u1'", "'<u2'", "'<u4'",
      "'<u8'", "'|i1'", "'<i2'", "'<i4'", "'<i8'", "'<f2'", "'>f2'", "'>f4'", "'>f8'", "'>i8'", "'>u2'", "'<U1'",
      "'>U2'", "'|S1'", "9223372036854775807", "4294967296", "(1,", ",)", "1,1,1,1,",
    ],
    read: { bytes in
      do throws(FileError) {
        let array = try withinBudget(bytes.count) { () throws(FileError) in try NPY(bytes, path: "npy") }
        guard array.elements.count == array.count * array.sampleSize else { fail("\(array.shape) is not all") }
        use(try Table(features: array, labels: array))
        // Written and read again, it is the same: NaN has one form in Double.
        let copy = try NPY(NPY.encode(.doubles(array.elements), shape: array.shape), path: "npy")
        guard copy.shape == array.shape, copy.elements.map(\.bitPattern) == array.elements.map(\.bitPattern) else {
          fail("the array is not read back as it was written")
        }
        guard let texts = array.texts else { return }
        let words = array.elements.map { texts[Int($0)] }
        let written = try NPY(NPY.encode(.texts(words), shape: array.shape), path: "npy")
        guard written.elements.map({ written.texts![Int($0)] }) == words else {
          fail("the texts are not read back as they were written")
        }
      } catch { check(error) }
    })
}
