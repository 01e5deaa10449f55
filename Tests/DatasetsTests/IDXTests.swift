import PerceptronDatasets
import PerceptronFiles
import PerceptronTestFiles
import Tensor
import Testing

@Suite struct IDXTests {
  /// An IDX file's bytes: magic, dimensions, values.
  static func bytes(_ dimensions: [Int], _ values: [UInt8], type: UInt8 = 8) -> [UInt8] {
    var bytes: [UInt8] = [0, 0, type, UInt8(dimensions.count)]
    for dimension in dimensions {
      for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: dimension >> shift)) }
    }
    return bytes + values
  }

  /// Two images of 2 × 3 pixels.
  static let images = bytes([2, 2, 3], [0, 51, 102, 153, 204, 255, 5, 4, 3, 2, 1, 0])
  static let labels = bytes([2], [7, 3])

  private func error(_ bytes: [UInt8], ranks: ClosedRange<Int> = 2...4) -> FileError? {
    #expect(throws: FileError.self) { _ = try IDX(bytes, path: "f", ranks: ranks) }
  }

  @Test func `images become columns of pixels from 0 to 1, labels numbers`() throws {
    let scratch = Scratch()
    let images = scratch.gzip("images.gz", Self.images)
    let labels = scratch.file("labels", Self.labels)
    let set = try ImageSet<Double>(images: images, labels: labels, classes: 8)
    #expect(set.count == 2 && set.shape == [2, 3])
    #expect(set.labels == [7, 3])
    #expect(set.features.rows == 6 && set.features.columns == 2)
    #expect((0..<6).map { set.features[$0, 0] } == [0, 0.2, 0.4, 0.6, 0.8, 1])
    #expect((0..<6).map { set.features[$0, 1] } == [5, 4, 3, 2, 1, 0].map { $0 / 255 })
    #expect(try ImageSet<Float>(images: images).labels == nil)
  }

  @Test func `files of two and of four dimensions are images too`() throws {
    let scratch = Scratch()
    let flat = try ImageSet<Float>(images: scratch.file("flat", Self.bytes([3, 2], [1, 2, 3, 4, 5, 6])))
    #expect(flat.features.rows == 2 && flat.count == 3 && flat.shape == [2])
    let deep = try ImageSet<Float>(images: scratch.file("deep", Self.bytes([1, 3, 1, 2], [1, 2, 3, 4, 5, 6])))
    #expect(deep.features.rows == 6 && deep.count == 1 && deep.shape == [3, 1, 2])
  }

  @Test func `every truncation of images is found`() {
    for length in 0..<Self.images.count {
      let expected: FileError =
        switch length {
        case 0: .emptyFile(path: "f")
        case 1..<4: .truncatedIDX(path: "f", expected: 4, found: length)
        case 4..<16: .truncatedIDX(path: "f", expected: 16, found: length)
        default: .truncatedIDX(path: "f", expected: 28, found: length)
        }
      #expect(error(Array(Self.images.prefix(length))) == expected)
    }
    #expect(
      error(Array(Self.images.prefix(20)))?.description
        == "f: the IDX file is truncated: found 20 bytes, expected 28; copy or download it again")
  }

  @Test func `every truncation of labels is found`() {
    for length in 0..<Self.labels.count {
      #expect(error(Array(Self.labels.prefix(length)), ranks: 1...1) != nil)
    }
  }

  @Test func `surplus bytes are found`() {
    #expect(
      error(Self.images + [0])?.description
        == "f: the IDX file is too long: found 29 bytes, expected 28; its dimensions or its values are wrong,"
        + " write it again")
  }

  @Test func `what is no IDX file of the wanted sort is found by its first bytes`() {
    #expect(
      error(Self.labels)?.description
        == "f: not the kind of IDX file expected here: it begins with 0x00000801, expected 0x00000802 to 0x00000804"
        + " (images in unsigned bytes; 09, 0b to 0e in the place of 08 for other numbers);"
        + " check that each file is in the right place")
    #expect(
      error(Self.images, ranks: 1...1)?.description
        == "f: not the kind of IDX file expected here: it begins with 0x00000803, expected 0x00000801"
        + " (labels in unsigned bytes; 09, 0b to 0e in the place of 08 for other numbers);"
        + " check that each file is in the right place")
    let unknown = Self.bytes([1, 1], [0, 0, 0, 0], type: 0x0A)
    #expect(error(unknown) == .wrongMagic(path: "f", found: 0x0A02, expected: magicOfImages))
    #expect(error(Array("a,b\n".utf8)) == .wrongMagic(path: "f", found: 0x612C_620A, expected: magicOfImages))
  }

  private let magicOfImages =
    "0x00000802 to 0x00000804 (images in unsigned bytes; 09, 0b to 0e in the place of 08 for other numbers)"

  @Test func `dimensions beyond all memory are an error, not an allocation`() {
    let largest = 0xFFFF_FFFF
    #expect(
      error(Self.bytes([largest, largest, largest], []))?.description
        == "f: the IDX header is wrong: found the dimensions 4294967295 × 4294967295 × 4294967295,"
        + " expected a product that fits the file; copy or download it again")
    #expect(
      error(Self.bytes([largest, 0x7FFF_FFFF], []))
        == .truncatedIDX(path: "f", expected: largest * 0x7FFF_FFFF + 12, found: 12))
  }

  @Test func `a dimension of zero is an error`() {
    #expect(
      error(Self.bytes([0, 28, 28], []))?.description
        == "f: the IDX file holds no values: found the dimensions 0 × 28 × 28, expected each to be at least 1;"
        + " write it again")
    #expect(error(Self.bytes([5, 0, 28], [])) == .emptyIDX(path: "f", dimensions: [5, 0, 28]))
  }

  @Test func `images and labels have to be equally many`() {
    let scratch = Scratch()
    let images = scratch.file("images", Self.images)
    let labels = scratch.file("labels", Self.bytes([3], [0, 1, 2]))
    let error = #expect(throws: FileError.self) { _ = try ImageSet<Float>(images: images, labels: labels) }
    #expect(
      error?.description == "\(labels): found 3 labels, expected 2, one for each image in \(images);"
        + " give two files that belong together")
  }

  @Test func `labels have to be below the number of classes`() {
    let scratch = Scratch()
    let images = scratch.file("images", Self.images)
    let labels = scratch.file("labels", Self.bytes([2], [3, 7]))
    let error = #expect(throws: FileError.self) {
      _ = try ImageSet<Float>(images: images, labels: labels, classes: 7)
    }
    #expect(
      error?.description == "\(labels), label 2: found 7, expected 0 to 6 (7 classes);"
        + " correct the label or the number of classes")
  }

  @Test func `signed bytes, integers and floats are read as they are, big-endian`() throws {
    // Python: struct.pack(">2h", -2, 300), (">2i", -70000, 1), (">2f", 1.5, -0.25), (">2d", 0.1, -1e300)
    let cases: [(UInt8, [UInt8], [Double])] = [
      (0x09, [0xFF, 0x7F], [-1, 127]),
      (0x0B, [0xFF, 0xFE, 0x01, 0x2C], [-2, 300]),
      (0x0C, [0xFF, 0xFE, 0xEE, 0x90, 0, 0, 0, 1], [-70000, 1]),
      (0x0D, [0x3F, 0xC0, 0, 0, 0xBE, 0x80, 0, 0], [1.5, -0.25]),
      (
        0x0E, [0x3F, 0xB9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9A, 0xFE, 0x37, 0xE4, 0x3C, 0x88, 0x00, 0x75, 0x9C],
        [0.1, -1e300]
      ),
    ]
    let scratch = Scratch()
    for (type, values, expected) in cases {
      let bytes = Self.bytes([1, 2], values, type: type)
      #expect(try IDX(bytes, path: "f", ranks: 2...2).numbers == expected)
      #expect(try ImageSet<Double>(images: scratch.file("images", bytes)).features == [[expected[0]], [expected[1]]])
      #expect(error(Array(bytes.dropLast())) == .truncatedIDX(path: "f", expected: bytes.count, found: bytes.count - 1))
    }
    let images = scratch.file("images", Self.bytes([2, 1], [7, 8]))
    let labels = scratch.file("labels", Self.bytes([2], [0x01, 0x2C, 0, 3], type: 0x0B))
    #expect(try ImageSet<Float>(images: images, labels: labels).labels == [300, 3])
  }

  @Test func `numbers that are no labels or no finite pixels are named`() {
    let scratch = Scratch()
    let images = scratch.file("images", Self.bytes([2, 1], [7, 8]))
    for (type, values, found) in [
      (0x09, [3, 0xFE], "-2"), (0x0D, [0, 0, 0, 0, 0x3F, 0xC0, 0, 0], "1.5"),
      (0x0C, [0, 0, 0, 0, 0, 1, 0, 0], "65536"),
      (0x0D, [0, 0, 0, 0, 0x7F, 0xC0, 0, 0], "nan"),
    ] as [(UInt8, [UInt8], String)] {
      let labels = scratch.file("labels", Self.bytes([2], values, type: type))
      let expected =
        "\(labels), value 2: found \(found), expected a label, a whole number from 0 to 9999; correct the file"
      #expect(
        #expect(throws: FileError.self) { _ = try ImageSet<Float>(images: images, labels: labels) }?.description
          == expected)
    }
    // A Double that Float cannot hold.
    let large = scratch.file(
      "large", Self.bytes([1, 1], [0x7E, 0x37, 0xE4, 0x3C, 0x88, 0x00, 0x75, 0x9C], type: 0x0E))
    #expect(
      #expect(throws: FileError.self) { _ = try ImageSet<Float>(images: large) }?.description
        == "\(large), value 1: found 1e+300, expected a finite number within range; correct the file")
  }

  @Test func `a file that is not there is missing input`() {
    let error = #expect(throws: FileError.self) { _ = try ImageSet<Float>(images: "/nowhere/images") }
    #expect(error?.kind == .missingInput)
  }
}
