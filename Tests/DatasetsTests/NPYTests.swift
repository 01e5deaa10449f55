import Foundation
import PerceptronDatasets
import PerceptronFiles
import PerceptronTestFiles
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

  @Test func `every type of numbers is read`() throws {
    func elements(_ type: String, _ body: [UInt8]) throws -> [Double] {
      try NPY(bytes(header(type, "(2,)"), body), path: "a.npy").elements
    }
    #expect(try elements("<f2", raw([0x3C00, 0xC000] as [UInt16])) == [1, -2])
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
      "not a .npy file that can be read: it does not begin like a NumPy array; write it with numpy.save"
    ),
  ])
  func `what is no array is refused`(text: String, line: String) {
    #expect(error(Array(text.utf8)) == "a.npy: " + line)
  }

  @Test func `a header that contradicts the file is refused before memory is taken`() {
    let type = "floats of 2, 4 or 8 bytes, integers, Booleans or strings; convert them with astype('<f4')"
    let cases: [([UInt8], String)] = [
      (bytes(header("<f4", "(2,)"), [1, 2, 3]), "found 3 bytes of elements, expected 8 for the shape [2]"),
      (bytes(header("|u1", "(2,)"), [1, 2, 3]), "found 3 bytes of elements, expected 2 for the shape [2]"),
      (
        bytes(header("<f8", "(4611686018427387904, 2)"), []),
        "found the shape [4611686018427387904, 2], which is too large for a file"
      ),
      (
        bytes(header("|u1", "(" + String(repeating: "1,", count: 300) + ")"), []),
        "found 0 bytes of elements, expected 1 for the shape [1, 1, 1, 1, 1, 1, 1, 1] and 292 more dimensions"
      ),
      (bytes(header("|u1", "()"), [1]), "found the shape [], expected at least one dimension, each at least 1"),
      (
        bytes(header("|u1", "(0, 3)"), []), "found the shape [0, 3], expected at least one dimension, each at least 1"
      ),
      (bytes(header("=f4", "(1,)"), [0, 0, 0, 0]), "found elements of type \"=f4\", expected \(type)"),
      (bytes(header("<c8", "(1,)"), [0, 0, 0, 0]), "found elements of type \"<c8\", expected \(type)"),
      (bytes(header("<U0", "(1,)"), []), "found elements of type \"<U0\", expected \(type)"),
      (bytes(header("|S3", "(1,)"), [0xFF, 0, 0]), "element 1 is not valid UTF-8"),
      (bytes(header("<U1", "(1,)"), [0, 0xD8, 0, 0]), "element 1 is not valid Unicode"),
      (bytes(header("|O", "(1,)"), [0]), "found elements of type \"|O\", expected \(type)"),
      (
        bytes("{'descr': [('a', '<f4'), ('b', '<i8')], 'fortran_order': False, 'shape': (2,), }", []),
        "found a structured array, whose elements have the fields \"a\", \"b\", expected plain numbers; make a table of"
          + " it with pandas.DataFrame(ARRAY).to_csv('table.csv', index=False), or give it one type"
      ),
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
      #expect(throws: FileError.self) { _ = try Table(features: features, labels: three) }?.description
        == "y.npy: found labels of 3 samples, expected 2 as in x.npy; give two files that belong together")
    let labels = try NPY(NPY.encode(.integers([1, 0]), shape: [2]), path: "y.npy")
    #expect(
      #expect(throws: FileError.self) { _ = try Preparation(fittedOn: Table(features: features, labels: labels)) }?
        .description
        == "x.npy, row 2, column \"1\" (field 1): found \"inf\", expected a finite number within range;"
        + " correct the field or remove the row")
  }

  // numpy.save of the arrays in the comments (NumPy 2.4), in base 64.
  @Test func `what NumPy writes of other byte orders, half floats and texts is read`() throws {
    func array(_ text: String) throws -> NPY {
      try NPY(decoded(Self.magic + text), path: "a.npy")
    }
    // array([1.5, -2, 65504, 6e-8, inf], '<f2'); the fourth is the smallest subnormal.
    #expect(
      try array(
        """
        PGYyJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDUsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICA\
        gICAgICAgICAgICAgICAgICAgICAgIAoAPgDA/3sBAAB8
        """
      ).elements == [1.5, -2, 65504, 0x1p-24, .infinity])
    // array([[1.5, -2.25], [3, 4]], '>f4')
    let big = try array(
      """
      PmY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDIpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI\
      CAgICAgICAgICAgICAgICAgICAgIAo/wAAAwBAAAEBAAABAgAAA
      """)
    #expect(big.elements == [1.5, -2.25, 3, 4] && big.shape == [2, 2])
    // array([1, -2, 2**53 + 1], '>i8')
    #expect(
      try array(
        """
        Pmk4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDMsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICA\
        gICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAAAAAf/////////+ACAAAAAAAAE=
        """
      ).elements == [1, -2, 0x1p53])
    // array(['red', 'green', 'grün', 'red', ''])
    let texts = try array(
      """
      PFU1JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDUsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI\
      CAgICAgICAgICAgICAgICAgICAgIApyAAAAZQAAAGQAAAAAAAAAAAAAAGcAAAByAAAAZQAAAGUAAABuAAAAZwAAAHIAAAD8AAAAbgAAAAAAAAByAA\
      AAZQAAAGQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
      """)
    #expect(texts.texts == ["red", "green", "grün", ""] && texts.elements == [0, 1, 2, 0, 3])
    // array(['a𝛼', 'b'], '>U2')
    #expect(
      try array(
        """
        PlUyJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICA\
        gICAgICAgICAgICAgICAgICAgICAgIAoAAABhAAHW/AAAAGIAAAAA
        """
      ).texts == ["a𝛼", "b"])
    // array(['ab', 'c'], 'S3')
    #expect(
      try array(
        """
        fFMzJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICA\
        gICAgICAgICAgICAgICAgICAgICAgIAphYgBjAAA=
        """
      ).texts == ["ab", "c"])
    // asfortranarray(array([['a', 'b', 'c'], ['d', 'e', 'f']]))
    let fortran = try array(
      """
      PFUxJywgJ2ZvcnRyYW5fb3JkZXInOiBUcnVlLCAnc2hhcGUnOiAoMiwgMyksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI\
      CAgICAgICAgICAgICAgICAgICAgIAphAAAAZAAAAGIAAABlAAAAYwAAAGYAAAA=
      """)
    #expect(fortran.elements.map { fortran.texts![Int($0)] } == ["a", "b", "c", "d", "e", "f"])
  }

  /// The start of each of NumPy's files above, up to the element type, in base 64.
  private static let magic = "k05VTVBZAQB2AHsnZGVzY3InOiAn"

  private func decoded(_ text: String) -> [UInt8] { Array(Data(base64Encoded: text)!) }

  @Test func `labels beyond 2^53 stay apart, and features are rounded`() throws {
    let ids = [1 << 53, 1 << 53 + 1, 1_582_218_195_625_938_945, 1 << 53]
    let labels = try NPY(NPY.encode(.integers(ids), shape: [4]), path: "y.npy")
    let preparation = try Preparation(fittedOn: Table(features: labels, labels: labels))
    #expect(preparation.classNames == ["9007199254740992", "9007199254740993", "1582218195625938945"])
    #expect(try Table(features: labels).column(at: 0) == .numbers([0x1p53, 0x1p53, 1_582_218_195_625_938_944, 0x1p53]))
    // uint64: [2^53 + 1, 2^64 − 1]
    let large = try NPY(bytes(header("<u8", "(2,)"), raw([UInt64(1 << 53 + 1), .max])), path: "y.npy")
    #expect(
      try Preparation(fittedOn: Table(features: large, labels: large)).classNames
        == ["9007199254740993", "18446744073709551615"])
  }

  @Test func `integers are classes if they repeat, floats only if they are few`() throws {
    func task(_ values: NPY.Values, _ count: Int) throws -> Preparation.Task {
      let labels = try NPY(NPY.encode(values, shape: [count]), path: "y.npy")
      return try Preparation(fittedOn: Table(features: labels, labels: labels)).task
    }
    let letters = (0..<60).map { $0 % 26 + 1 }
    #expect(try task(.integers(letters), 60) == .classification)
    #expect(try task(.doubles(letters.map(Double.init)), 60) == .regression)
    // 26 of 52 are not fewer than half.
    #expect(try task(.integers(Array(letters[..<52])), 52) == .regression)
    #expect(try task(.integers(Array(letters[..<53])), 53) == .classification)
    // More than 1000.
    #expect(try task(.integers((0..<4000).map { $0 % 1001 }), 4000) == .regression)
    #expect(try task(.integers((0..<4000).map { $0 % 1000 }), 4000) == .classification)
    #expect(try task(.texts(["b", "a", "b"]), 3) == .classification)
  }

  @Test func `an array fits the columns of a table by their places`() throws {
    let table = try Table(Array("height,width,kind\n1,2,a\n3,5,b\n4,4,b\n".utf8), path: "t.csv")
    let preparation = try Preparation(fittedOn: table, scaling: .none)
    let features = try NPY(NPY.encode(.floats([1, 2, 3, 5]), shape: [2, 2]), path: "x.npy")
    let labels = try NPY(NPY.encode(.texts(["b", "a"]), shape: [2]), path: "y.npy")
    let samples: Samples<Double> = try preparation.samples(of: Table(features: features, labels: labels))
    #expect(samples.features == [[1, 3], [2, 5]] && samples.targets == [[0, 1], [1, 0]])
    let three = try NPY(NPY.encode(.floats([1, 2, 3]), shape: [1, 3]), path: "x.npy")
    #expect(
      #expect(throws: FileError.self) { _ = try preparation.features(of: Table(features: three)) as Matrix<Float> }?
        .description
        == "x.npy: found 3 numbers for each sample, expected 2, in the order of the columns \"height\", \"width\" as in"
        + " training; give an array of samples × columns")
    let words = try Preparation(
      fittedOn: Table(Array("colour,width,kind\nred,2,a\nblue,5,b\nred,4,b\n".utf8), path: "t.csv"))
    #expect(
      #expect(throws: FileError.self) { _ = try words.features(of: Table(features: features)) as Matrix<Float> }
        == .numbersForTexts(path: "x.npy", column: "colour"))
  }

  @Test func `an array is images for a model of images, and only unsigned bytes are divided by 255`() throws {
    let names = ["0", "1", "2"]
    let bytes = try NPY(self.bytes(header("|u1", "(2, 2, 1, 2)"), [0, 51, 102, 153, 204, 255, 0, 51]), path: "x.npy")
    let labels = try NPY(NPY.encode(.integers([2, 0]), shape: [2]), path: "y.npy")
    let set = try ImageSet<Double>(images: bytes, shape: [2, 2], labels: labels, classNames: names)
    #expect(
      set.features == [[0, 0.8], [0.2, 1], [0.4, 0], [0.6, 0.2]] && set.labels == [2, 0] && set.shape == [2, 2])
    let floats = try NPY(NPY.encode(.floats([0, 0.5, -1, 300]), shape: [1, 4]), path: "x.npy")
    #expect(
      try ImageSet<Double>(images: floats, shape: [2, 2], classNames: names).features == [[0], [0.5], [-1], [300]])
    #expect(
      #expect(throws: FileError.self) { _ = try ImageSet<Float>(images: floats, shape: [2, 3], classNames: names) }
        == .wrongImageShape(path: "x.npy", found: [4], expected: [2, 3]))
    let three = try NPY(NPY.encode(.integers([2, 3]), shape: [2]), path: "y.npy")
    #expect(
      #expect(throws: FileError.self) {
        _ = try ImageSet<Float>(images: bytes, shape: [2, 2], labels: three, classNames: names)
      } == .unknownClass(path: "y.npy", line: 2, column: "1", label: "3", classes: names))
    #expect(
      #expect(throws: FileError.self) {
        _ = try ImageSet<Float>(images: bytes, shape: [2, 2], labels: labels, classNames: [])
      } == .labelsForValues(path: "y.npy"))
  }

  private func error(_ bytes: [UInt8]) -> String? {
    #expect(throws: FileError.self) { _ = try NPY(bytes, path: "a.npy") }?.description
  }
}
