import Datasets
import Tensor
import Testing

@Suite struct NPYTests {
  /// A file's bytes.
  private func bytes(_ header: String, _ body: [UInt8], version: UInt8 = 1) -> [UInt8] {
    let count = header.utf8.count
    let length = (0..<(version == 1 ? 2 : 4)).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
    return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + Array(header.utf8) + body
  }

  private func header(_ type: String, _ shape: String, fortran: String = "False") -> String {
    "{'descr': '\(type)', 'fortran_order': \(fortran), 'shape': \(shape), }\n"
  }

  private func raw<Value: BitwiseCopyable>(_ values: [Value]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }

  @Test func `every type is read`() throws {
    func elements(_ type: String, _ body: [UInt8]) throws -> [Double] {
      try NPY(bytes(header(type, "(2,)"), body), path: "a.npy").elements
    }
    #expect(try elements("<f4", raw([Float(0.1), -.infinity])) == [Double(Float(0.1)), -.infinity])
    #expect(try elements("<f8", raw([0.1, 1e300])) == [0.1, 1e300])
    #expect(try elements("|b1", [0, 1]) == [0, 1])
    #expect(try elements("|u1", [0, 255]) == [0, 255])
    #expect(try elements("|i1", [127, 255]) == [127, -1])
    #expect(try elements("<u2", raw([UInt16.max, 1])) == [65535, 1])
    #expect(try elements("<i2", raw([Int16.min, 1])) == [-32768, 1])
    #expect(try elements("<u4", raw([UInt32.max, 1])) == [4_294_967_295, 1])
    #expect(try elements("<i4", raw([Int32.min, 1])) == [-2_147_483_648, 1])
    #expect(try elements("<u8", raw([UInt64.max, 1])) == [0x1p64, 1])
    #expect(try elements("<i8", raw([Int.min, -1])) == [-0x1p63, -1])
  }

  @Test func `C and Fortran order give the same elements, in two dimensions and in three`() throws {
    let (c, fortran) = ([0, 1, 2, 3, 4, 5], [0, 3, 1, 4, 2, 5])
    for (order, values) in [("False", c), ("True", fortran)] {
      let array = try NPY(bytes(header("<i8", "(2, 3)", fortran: order), raw(values)), path: "a.npy")
      #expect(
        array.elements == c.map(Double.init) && array.shape == [2, 3] && array.count == 2 && array.sampleSize == 3)
    }
    // numpy.arange(24).reshape(2, 3, 4).flatten("F")
    let deep = [0, 12, 4, 16, 8, 20, 1, 13, 5, 17, 9, 21, 2, 14, 6, 18, 10, 22, 3, 15, 7, 19, 11, 23]
    let array = try NPY(bytes(header("<i8", "(2, 3, 4)", fortran: "True"), raw(deep)), path: "a.npy")
    #expect(array.elements == (0..<24).map(Double.init))
  }

  @Test(.timeLimit(.minutes(1)))
  func `dimensions of 1 cost nothing, however many there are`() throws {
    let shape = "(2, 3, " + String(repeating: "1, ", count: 300_000) + ")"
    let array = try NPY(
      bytes(header("|u1", shape, fortran: "True"), [0, 3, 1, 4, 2, 5], version: 2), path: "a.npy")
    #expect(array.elements == (0..<6).map(Double.init) && array.shape.count == 300_002)
    let long = "(200000, " + String(repeating: "1, ", count: 300_000) + ")"
    let column = [UInt8](repeating: 7, count: 200_000)
    #expect(try NPY(bytes(header("|u1", long, fortran: "True"), column, version: 2), path: "a.npy").elements.last == 7)
  }

  @Test func `headers of all versions are read, with their keys in any order`() throws {
    for version in UInt8(1)...3 {
      let text = "{\"shape\":(1,) , 'fortran_order': True,\n'descr':'|u1'}   \n"
      #expect(try NPY(bytes(text, [7], version: version), path: "a.npy").elements == [7])
    }
  }

  @Test(arguments: [
    ("", "the file is empty, expected data; check how it was made"),
    (
      "\u{1}NUMPY",
      "not a .npy file that can be read: it does not begin as a NumPy array does; write it with numpy.save"
    ),
  ])
  func `what is no array is refused`(text: String, line: String) {
    #expect(error(Array(text.utf8)) == "a.npy: " + line)
  }

  @Test func `a header that contradicts the file is refused before memory is taken`() {
    let type = "little-endian floats of 4 or 8 bytes, integers or Booleans; convert them with astype('<f4')"
    let cases: [([UInt8], String)] = [
      (bytes(header("<f4", "(2,)"), [1, 2, 3]), "found 3 bytes of elements, expected 8 for the shape [2]"),
      (bytes(header("|u1", "(2,)"), [1, 2, 3]), "found 3 bytes of elements, expected 2 for the shape [2]"),
      (
        bytes(header("<f8", "(4611686018427387904, 2)"), []),
        "found the shape [4611686018427387904, 2], which no file holds"
      ),
      (
        bytes(header("|u1", "(" + String(repeating: "1,", count: 300) + ")"), []),
        "found 0 bytes of elements, expected 1 for the shape [1, 1, 1, 1, 1, 1, 1, 1] and 292 dimensions more"
      ),
      (bytes(header("|u1", "()"), [1]), "found the shape [], expected one dimension or more and each at least 1"),
      (
        bytes(header("|u1", "(0, 3)"), []), "found the shape [0, 3], expected one dimension or more and each at least 1"
      ),
      (bytes(header(">f4", "(1,)"), [0, 0, 0, 0]), "found elements of type \">f4\", expected \(type)"),
      (bytes(header("|O", "(1,)"), [0]), "found elements of type \"|O\", expected \(type)"),
      (bytes("{'descr': '<f4'}", []), "its header is not a dictionary of 'descr', 'fortran_order' and 'shape'"),
      (bytes(header("<f4", "(-1,)"), []), "its header is not a dictionary of 'descr', 'fortran_order' and 'shape'"),
      (bytes(header("|u1", "(1,)"), [1], version: 4), "found format version 4, expected 1, 2 or 3"),
      (
        [0x93] + Array("NUMPY".utf8) + [2, 0, 255, 255, 255, 255, 1], "the file ends within its header"
      ),
    ]
    for (bytes, problem) in cases {
      #expect(error(bytes) == "a.npy: not a .npy file that can be read: \(problem); write it with numpy.save")
    }
  }

  @Test func `no prefix or changed byte of a file goes further than an error or another array`() {
    let whole = bytes(header("<f4", "(2, 2)"), [UInt8](repeating: 1, count: 16))
    for length in 0..<whole.count { #expect(error(Array(whole.prefix(length))) != nil) }
    for index in whole.indices {
      for change: UInt8 in [1, 0x10, 0x80, 0xFF] {
        var bytes = whole
        bytes[index] ^= change
        _ = try? NPY(bytes, path: "a.npy")
      }
    }
  }

  @Test func `what is written is read back, and its elements begin at a multiple of 64 bytes`() throws {
    let floats = NPY.encode(.floats([1.5, -2, 0.1, 4, 5, 6]), shape: [3, 2])
    #expect((floats.count - 24) % 64 == 0)
    let array = try NPY(floats, path: "a.npy")
    #expect(array.shape == [3, 2] && array.elements == [1.5, -2, Double(Float(0.1)), 4, 5, 6])
    #expect(try NPY(NPY.encode(.doubles([0.1]), shape: [1]), path: "a.npy").elements == [0.1])
    #expect(try NPY(NPY.encode(.integers([-3, 7]), shape: [2]), path: "a.npy").elements == [-3, 7])
    let scratch = Scratch()
    let path = "\(scratch.directory)/a.npy"
    try NPY.write(.floats([1, 2, 3, 4, 5, 6]), shape: [3, 2], to: path)
    let read = try NPY(contentsOf: path)
    #expect(read.shape == [3, 2] && read.elements == [1, 2, 3, 4, 5, 6])
    // Texts of one and of two code points, the second beyond 16 bits.
    let texts = NPY.encode(.texts(["é", "a𝛼"]), shape: [2])
    #expect(String(decoding: texts, as: UTF8.self).contains("'descr': '<U2', 'fortran_order': False, 'shape': (2,), }"))
    #expect(Array(texts.suffix(16)) == raw([0xE9, 0, 0x61, 0x1D6FC] as [UInt32]))
  }

  @Test func `arrays become a table whose last columns are the labels`() throws {
    let features = try NPY(NPY.encode(.doubles([1, 2, .nan, 4]), shape: [2, 1, 2]), path: "x.npy")
    let labels = try NPY(NPY.encode(.integers([1, 0]), shape: [2]), path: "y.npy")
    let table = try Table(features: features, labels: labels)
    #expect(table.columnNames == ["1", "2", "label"])
    let preparation = try Preparation(fittedOn: table, scaling: .none)
    #expect(preparation.classNames == ["0", "1"])
    let samples: Samples<Double> = try preparation.samples(of: table)
    // The mean of what there is stands in for NaN, with which the first column is constant and says nothing.
    #expect(samples.features == [[0, 0], [2, 4]] && samples.targets == [[0, 1], [1, 0]])
    let values = try NPY(NPY.encode(.doubles([1, 2, 3, 4.5]), shape: [2, 2]), path: "z.npy")
    let outputs = try Preparation(fittedOn: Table(features: features, labels: values)).outputs
    guard case .values(["label 1", "label 2"], _) = outputs else {
      Issue.record("\(outputs)")
      return
    }
  }

  @Test func `arrays that do not fit each other, or hold infinities, are named with the row`() throws {
    let features = try NPY(NPY.encode(.floats([1, .infinity]), shape: [2]), path: "x.npy")
    let three = try NPY(NPY.encode(.integers([1, 0, 1]), shape: [3]), path: "y.npy")
    #expect(
      dataError { () throws(DataError) in _ = try Table(features: features, labels: three) }?.description
        == "y.npy: found labels of 3 samples, expected 2 as in x.npy; give the two files of one set")
    let labels = try NPY(NPY.encode(.integers([1, 0]), shape: [2]), path: "y.npy")
    #expect(
      dataError { () throws(DataError) in _ = try Preparation(fittedOn: Table(features: features, labels: labels)) }?
        .description
        == "x.npy, row 2, column \"1\" (field 1): found \"inf\", expected a finite number within range;"
        + " correct the field or remove the row")
  }

  private func error(_ bytes: [UInt8]) -> String? {
    dataError { () throws(DataError) in _ = try NPY(bytes, path: "a.npy") }?.description
  }
}
