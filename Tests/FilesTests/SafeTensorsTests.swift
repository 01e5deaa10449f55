import PerceptronFiles
import Testing

/// Returns a file of this header and this many zero bytes of data; `length` overrides the header's length.
private func file(_ header: String, data: Int = 0, length: UInt64? = nil) -> [UInt8] {
  let length = length ?? UInt64(header.utf8.count)
  let prefix = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
  return prefix + header.utf8 + [UInt8](repeating: 0, count: data)
}

private func read(_ bytes: [UInt8]) throws(FileError) -> SafeTensors {
  try SafeTensors(bytes: bytes, path: "m")
}

/// Returns what the error says of a header that claims to be longer than 100 MB.
private func tooLong(_ length: UInt64) -> String {
  "it begins with a header length of \(length) bytes, expected at most 100000000"
}

/// Returns the header of one F32 tensor `t`.
private func one(shape: String, offsets: String) -> String {
  "{\"t\":{\"dtype\":\"F32\",\"shape\":\(shape),\"data_offsets\":\(offsets)}}"
}

/// Returns the header of two F32 tensors of two numbers each.
private func two(_ first: String, _ second: String, names: (String, String) = ("a", "b")) -> String {
  "{\"\(names.0)\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":\(first)},"
    + "\"\(names.1)\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":\(second)}}"
}

/// One tensor of each precision, a single number, an empty tensor and metadata that needs escapes.
private let sample = try! SafeTensors.encode(
  [
    .init(name: "floats", shape: [3], values: [1, -0.0, Float.infinity]),
    .init(name: "empty", shape: [2, 0], values: [Float]()),
    .init(name: "doubles", shape: [2, 1], values: [Double.pi, .leastNonzeroMagnitude]),
    .init(name: "single", shape: [], values: [Float(0.1)]),
  ], metadata: ["format": "perceptron", "classes": "\"ä\"\\\n\u{1}🙂"])

@Suite struct SafeTensorsTests {
  // MARK: - Whole files

  @Test func `what is written is read back bit for bit`() throws {
    let tensors = try read(sample)
    #expect(tensors.entries.map(\.name) == ["floats", "empty", "doubles", "single"])
    #expect(tensors.entries.map(\.shape) == [[3], [2, 0], [2, 1], []])
    #expect(tensors.entries.map(\.dataType) == [.f32, .f32, .f64, .f32])
    #expect(tensors.metadata == ["format": "perceptron", "classes": "\"ä\"\\\n\u{1}🙂"])
    #expect(try tensors.values(of: "floats").map(\Float.bitPattern) == [0x3F80_0000, 0x8000_0000, 0x7F80_0000])
    #expect(try tensors.values(of: "doubles") == [Double.pi, .leastNonzeroMagnitude])
    #expect(try tensors.values(of: "single") == [Float(0.1)])
    #expect(try tensors.values(of: "empty") == [Float]())
  }

  @Test func `not-a-number keeps its payload`() throws {
    let float = Float(bitPattern: 0x7FC1_2345)
    let double = Double(bitPattern: 0xFFF8_0000_0000_0777)
    let tensors = try read(
      SafeTensors.encode([
        .init(name: "f", shape: [1], values: [float]), .init(name: "d", shape: [1], values: [double]),
      ]))
    #expect(try tensors.values(of: "f", as: Float.self)[0].bitPattern == float.bitPattern)
    #expect(try tensors.values(of: "d", as: Double.self)[0].bitPattern == double.bitPattern)
  }

  @Test func `the other precision is exact when wider and rounded to the nearest when narrower`() throws {
    let tensors = try read(
      SafeTensors.encode([
        .init(name: "f", shape: [2], values: [Float(0.1), -2]),
        .init(name: "d", shape: [3], values: [0.1, 1 + 0x1p-24, 1e300]),
      ]))
    #expect(try tensors.values(of: "f") == [Double(Float(0.1)), -2])
    #expect(try tensors.values(of: "f") == [Float16(0.1), -2])
    #expect(try tensors.values(of: "d") == [Float16(0.1), 1, .infinity])
    // 1 + 2⁻²⁴ lies halfway between 1 and the next Float, and goes to the even one.
    #expect(try tensors.values(of: "d") == [Float(0.1), 1, .infinity])
  }

  @Test func `a tiny file has the bytes worked out by hand`() throws {
    // The header takes 93 bytes; three spaces make it 96 = 0x60. 1 is 0x3F800000 and -2 is 0xC0000000, lowest byte
    // first. The checksum is Python's: zlib.crc32 of the same with eight zeros in its place.
    let bytes = try SafeTensors.encode([.init(name: "t", shape: [2], values: [Float(1), -2])])
    let header =
      #"{"__metadata__":{"checksum":"6bd46892"},"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}   "#
    #expect(bytes == [0x60, 0, 0, 0, 0, 0, 0, 0] + header.utf8 + [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0])
  }

  @Test func `metadata is written sorted by key and with JSON's escapes`() throws {
    let bytes = try SafeTensors.encode([], metadata: ["b": "\"\\", "a": "\n\u{1F}é"])
    let header = #","a":"\u000a\u001fé","b":"\"\\"}}"#
    #expect(String(decoding: bytes.dropFirst(8), as: UTF8.self).contains(header))
    #expect(bytes.count.isMultiple(of: 8))
  }

  @Test func `a file without tensors is valid`() throws {
    #expect(try read(file("{}")).entries.isEmpty)
    #expect(try read(SafeTensors.encode([])).metadata.isEmpty)
  }

  @Test func `too much metadata is refused`() {
    func line(_ header: String) -> String? {
      do throws(FileError) { _ = try read(file(header)) } catch { return error.description }
      return nil
    }
    func metadata(_ count: Int) -> String {
      "{\"__metadata__\":{" + (0..<count).map { "\"\($0)\":\"\"" }.joined(separator: ",") + "}}"
    }
    #expect(line(metadata(100_000)) == nil)
    #expect(line(metadata(100_001))?.contains("found more than 100000 strings of metadata, which is the limit") == true)
  }

  @Test func `spaces, escapes and any order of keys and tensors are read`() throws {
    let header = """
      { "\\u0062\\ud83d\\ude42\\/" : { "data_offsets" : [ 4 , 8 ] , "shape" : [ 1 , 1 ] , "dtype" : "F32" } ,
      \t"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}, "z":{"dtype":"F64","shape":[0],"data_offsets":[4,4]} }  \n
      """
    let tensors = try read(file(header, data: 8))
    #expect(tensors.entries.map(\.name) == ["b🙂/", "a", "z"])
    #expect(tensors.entry("a")?.range == 0..<4)
    #expect(tensors.entry("c") == nil)
  }

  @Test func `tensors need not be aligned`() throws {
    let header = one(shape: "[1]", offsets: "[0,4]")
    #expect(!(8 + header.utf8.count).isMultiple(of: 4))
    let bytes = Array(file(header) + [0, 0, 0x80, 0x3F])
    #expect(try read(bytes).values(of: "t") == [Float(1)])
  }

  // MARK: - Damaged files

  @Test func `a file that ends early is refused wherever it ends`() {
    for count in 0..<sample.count {
      let error = #expect(throws: FileError.self) { try read(Array(sample.prefix(count))) }
      #expect(error?.code == (count < 8 ? "notSafeTensors" : "cutShort"), "\(count) bytes")
    }
  }

  @Test func `a flipped bit in the header is an error or another valid header`() {
    let headerEnd = 8 + Int(sample[0]) + Int(sample[1]) << 8
    var refused = 0
    for bit in 0..<8 * headerEnd {
      var bytes = sample
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      do {
        let tensors = try read(bytes)
        for entry in tensors.entries {
          #expect(try tensors.values(of: entry.name, as: Double.self).count == entry.shape.reduce(1, *))
        }
      } catch {
        // `error` is a FileError: `read` throws nothing else.
        refused += 1
      }
    }
    // A flip in a name or in the metadata's text stays valid; most of the header is neither.
    #expect(refused > 4 * headerEnd)
  }

  @Test(arguments: [
    (bytes: [UInt8](), found: "it holds 0 bytes, the header's length alone takes 8"),
    (Array("a,b\n1,2".utf8), "it holds 7 bytes, the header's length alone takes 8"),
    (Array("a,b,c,d\n1,2,3,4".utf8), "it begins like a text file"),
    (file("{}", length: 100_000_001), tooLong(100_000_001)),
    (file("{}", length: 1 << 63), tooLong(1 << 63)),
    (file("{}", length: .max), tooLong(.max)),
    (file("{}", length: 0), "there is no { after its first 8 bytes"),
    (file(" {}"), "there is no { after its first 8 bytes"),
    (file("[]"), "there is no { after its first 8 bytes"),
  ])
  func `another kind of file is called that`(bytes: [UInt8], found: String) {
    #expect(throws: FileError.notSafeTensors(path: "m", found: found)) { try read(bytes) }
  }

  // ▼ stands before the byte that the error names, and is taken out of the header.
  @Test(arguments: [
    (marked: #"{▼"#, problem: #"found the end of the header, expected '"'"#),
    (#"{}▼x"#, "found more after the closing }, expected only spaces"),
    (#"{"a"▼"#, "found the end of the header, expected ':'"),
    (#"{"a":▼1}"#, "found '1', expected '{'"),
    (#"{▼,}"#, #"found ',', expected '"'"#),
    (#"{"__metadata__":{"a":"1"▼"b":"2"}}"#, #"found '"', expected '}' or ','"#),
    (#"{"a▼"#, #"found the end of the header, expected '"'"#),
    (#"{"a\▼q":1}"#, "found 'q' after a backslash"),
    (#"{"a\▼"#, "found the end of the header after a backslash"),
    (#"{"\u00▼g0":1}"#, "found 'g', expected a hexadecimal digit"),
    (#"{"\ud83▼d":1}"#, "found half of a surrogate pair"),
    (#"{"\ud83d\u004▼1":1}"#, "found half of a surrogate pair"),
    (#"{"\ude4▼2":1}"#, "found half of a surrogate pair"),
    (#"{"\ud83▼d"#, "found half of a surrogate pair"),
    ("{\"a▼\n\":1}", "found byte value 10 inside a string"),
    (one(shape: "[▼-1]", offsets: "[0,4]"), "found '-', expected a whole number, at least 0"),
    (one(shape: "[1▼.0]", offsets: "[0,4]"), "found '.', expected ']' or ','"),
    (one(shape: "[1▼e0]", offsets: "[0,4]"), "found 'e', expected ']' or ','"),
    (one(shape: "[▼01]", offsets: "[0,4]"), "found a number with a leading 0"),
    (one(shape: "[1,▼]", offsets: "[0,4]"), "found ']', expected a whole number, at least 0"),
    (#"{"t":{"shape":[1▼"#, "found the end of the header, expected ']' or ','"),
    (one(shape: "▼1", offsets: "[0,4]"), "found '1', expected '['"),
    (one(shape: "[▼9223372036854775808]", offsets: "[0,4]"), "found a number greater than 9223372036854775807"),
    (one(shape: "[1]", offsets: "[0,▼99999999999999999999]"), "found a number greater than 9223372036854775807"),
    (#"{"__metadata__":{},"__metadata__":▼{}}"#, "__metadata__ is given twice"),
    (#"{"__metadata__":{"a":▼1}}"#, #"found '1', expected '"'"#),
    (#"{"t":{"shape":[],"shape":▼[]}}"#, #"found key "shape", expected dtype, shape and data_offsets, once each"#),
    (#"{"t":{"kind":▼1}}"#, #"found key "kind", expected dtype, shape and data_offsets, once each"#),
  ])
  func `a header that is not strict JSON is refused at its byte`(marked: String, problem: String) throws {
    let mark = try #require(marked.firstIndex(of: "▼"))
    let byte = 8 + marked[..<mark].utf8.count
    let header = marked.replacing("▼", with: "")
    #expect(throws: FileError.badHeader(path: "m", byte: byte, problem: problem)) { try read(file(header, data: 4)) }
  }

  @Test func `a name that is not UTF-8 is refused`() {
    let header = Array("{\"".utf8) + [0xC3, 0x28] + Array("\":1}".utf8)
    #expect(throws: FileError.badHeader(path: "m", byte: 12, problem: "found text that is not UTF-8")) {
      try read([UInt8(header.count), 0, 0, 0, 0, 0, 0, 0] + header)
    }
  }

  @Test(arguments: [
    (header: two("[0,8]", "[4,12]"), name: "b", problem: "it begins at byte 4 of the data, expected byte 8"),
    (two("[0,8]", "[0,8]"), "b", "it begins at byte 0 of the data, expected byte 8"),
    (two("[0,8]", "[12,20]"), "b", "it begins at byte 12 of the data, expected byte 8"),
    (two("[4,12]", "[12,20]"), "a", "it begins at byte 4 of the data, expected byte 0"),
    (two("[0,8]", "[8,16]", names: ("a", "a")), "a", "it is given twice"),
    // Swift, and a reader of the message, take the two spellings of é for the same name.
    (two("[0,8]", "[8,16]", names: ("\u{E9}", "e\u{301}")), "e\u{301}", "it is given twice"),
    (one(shape: "[2]", offsets: "[0,4]"), "t", "its shape takes 8 bytes, its data_offsets span 4"),
    (one(shape: "[]", offsets: "[0,0]"), "t", "its shape takes 4 bytes, its data_offsets span 0"),
    (one(shape: "[1]", offsets: "[4,0]"), "t", "expected data_offsets [begin, end], begin not after end"),
    (one(shape: "[1]", offsets: "[0]"), "t", "expected data_offsets [begin, end], begin not after end"),
    (one(shape: "[1]", offsets: "[0,2,4]"), "t", "expected data_offsets [begin, end], begin not after end"),
    (
      one(shape: "[4294967296,4294967296]", offsets: "[0,0]"), "t",
      "its shape takes more bytes than can be counted, its data_offsets span 0"
    ),
    (
      one(shape: "[4611686018427387904]", offsets: "[0,0]"), "t",
      "its shape takes more bytes than can be counted, its data_offsets span 0"
    ),
    (
      one(shape: "[9223372036854775807,2,0]", offsets: "[0,0]"), "t",
      "its shape takes more bytes than can be counted, its data_offsets span 0"
    ),
    (#"{"t":{"dtype":"F32","shape":[]}}"#, "t", "expected dtype, shape and data_offsets"),
  ])
  func `a tensor that contradicts itself or another is refused`(header: String, name: String, problem: String) {
    let error = #expect(throws: FileError.self) { try read(file(header, data: 16)) }
    #expect(error?.description.hasPrefix("m: damaged header: tensor \"\(name)\": \(problem)") == true)
  }

  @Test(arguments: ["F12", "f32", ""])
  func `an unknown number format is refused by name`(dataType: String) {
    let header = "{\"t\":{\"dtype\":\"\(dataType)\",\"shape\":[1],\"data_offsets\":[0,2]}}"
    #expect(throws: FileError.unsupportedDataType(path: "m", name: "t", found: dataType)) {
      try read(file(header, data: 2))
    }
  }

  @Test(arguments: SafeTensors.DataType.allCases)
  func `a tensor of any format has a place, and is refused where its numbers are asked for and cannot be had`(
    dataType: SafeTensors.DataType
  ) throws {
    let header =
      "{\"t\":{\"dtype\":\"\(dataType.rawValue)\",\"shape\":[2,4],\"data_offsets\":[0,\(dataType.bitWidth)]}}"
    let tensors = try read(file(header, data: dataType.bitWidth))
    if [.f16, .bf16, .f32, .f64].contains(dataType) {
      #expect(try tensors.values(of: "t") == [Double](repeating: 0, count: 8))
    } else {
      #expect(throws: FileError.unsupportedDataType(path: "m", name: "t", found: dataType.rawValue)) {
        try tensors.values(of: "t", as: Float.self)
      }
    }
  }

  @Test func `a shape has up to 64 sizes`() throws {
    func header(_ count: Int) -> String {
      one(shape: "[" + Array(repeating: "1", count: count).joined(separator: ",") + "]", offsets: "[0,4]")
    }
    #expect(try read(file(header(64), data: 4)).entries[0].shape.count == 64)
    let error = #expect(throws: FileError.self) { try read(file(header(65), data: 4)) }
    #expect(error?.description.contains("found more than 64 numbers, expected ]") == true)
  }

  @Test func `numbers of 16 bits are exact`() throws {
    // 1, the smallest subnormal, the largest, infinity, −0: F16 at 0x3C00, 0x0001, 0x7BFF, 0x7C00, 0x8000, BF16 at
    // 0x3F80, ….
    for (type, bits, values) in [
      ("F16", [0x3C00, 0x0001, 0x7BFF, 0x7C00, 0x8000], [1, 0x1p-24, 65504, .infinity, -0.0]),
      ("BF16", [0x3F80, 0x0001, 0x7F7F, 0x7F80, 0x8000], [1, 0x1p-133, 0x1.FEp127, .infinity, -0.0]),
    ] as [(String, [Int], [Float])] {
      let header = "{\"t\":{\"dtype\":\"\(type)\",\"shape\":[5],\"data_offsets\":[0,10]}}"
      let tensors = try read(
        file(header) + bits.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] })
      #expect(try tensors.values(of: "t", as: Float.self).map(\.bitPattern) == values.map(\.bitPattern))
      #expect(try tensors.values(of: "t") == values.map(Double.init))
    }
  }

  @Test func `numbers of fewer than 8 bits fill whole bytes`() {
    func read(_ shape: Int, _ bytes: Int) -> FileError? {
      let header = "{\"t\":{\"dtype\":\"F4\",\"shape\":[\(shape)],\"data_offsets\":[0,\(bytes)]}}"
      do throws(FileError) {
        _ = try SafeTensors(bytes: file(header, data: bytes), path: "m")
      } catch {
        return error
      }
      return nil
    }
    #expect(read(6, 3) == nil)
    #expect(
      read(5, 2) == .badTensor(path: "m", name: "t", problem: "its shape takes 20 bits, its data_offsets span 2 bytes"))
  }

  // MARK: - Checksum

  @Test func `a changed byte anywhere changes the checksum, but where it makes the file another kind`() throws {
    try read(sample).verifyChecksum()
    #expect(try read(sample).hasChecksum)
    var (unread, wrong) = (0, 0)
    for index in sample.indices {
      var bytes = sample
      bytes[index] ^= 1
      guard let tensors = try? read(bytes) else {
        unread += 1
        continue
      }
      if !tensors.hasChecksum { continue }
      #expect(throws: FileError.wrongChecksum(path: "m"), "byte \(index)") { try tensors.verifyChecksum() }
      wrong += 1
    }
    // Only a change in the key "checksum" itself hides it.
    #expect(unread + wrong == sample.count - 8)
  }

  @Test func `a file without a checksum passes, and one with other text in its place does not`() throws {
    let unchecked = try read(file(#"{"__metadata__":{"format":"pt"}}"#))
    #expect(!unchecked.hasChecksum)
    try unchecked.verifyChecksum()
    for text in ["", "0", "00000000", #"\u0030"#, "x"] {
      let tensors = try read(file("{\"__metadata__\":{\"checksum\":\"\(text)\"}}"))
      #expect(throws: FileError.wrongChecksum(path: "m")) { try tensors.verifyChecksum() }
    }
    #expect(throws: FileError.badMetadata(path: "m", key: "checksum", problem: "it is given twice")) {
      try read(file(#"{"__metadata__":{"checksum":"","checksum":""}}"#))
    }
  }

  @Test func `data that do not end with the file are refused`() {
    let header = one(shape: "[2]", offsets: "[0,8]")
    #expect(throws: FileError.cutShort(path: "m", section: .tensors, promised: 8, found: 7)) {
      try read(file(header, data: 7))
    }
    #expect(throws: FileError.tooLong(path: "m", promised: 8, found: 9)) { try read(file(header, data: 9)) }
    #expect(throws: FileError.tooLong(path: "m", promised: 0, found: 1)) { try read(file("{}", data: 1)) }
    // The largest tensor whose bits can be counted: 2⁵⁸ - 1 numbers.
    let huge = one(shape: "[288230376151711743]", offsets: "[0,1152921504606846972]")
    #expect(throws: FileError.cutShort(path: "m", section: .tensors, promised: (1 << 60) - 4, found: 8)) {
      try read(file(huge, data: 8))
    }
  }

  @Test func `metadata given twice is refused`() {
    #expect(throws: FileError.badMetadata(path: "m", key: "a", problem: "it is given twice")) {
      try read(file(#"{"__metadata__":{"a":"1","a":"1"}}"#))
    }
  }

  @Test func `a tensor that is not there is an error`() throws {
    let tensors = try read(sample)
    #expect(throws: FileError.missingTensor(path: "m", name: "weights")) {
      try tensors.values(of: "weights", as: Float.self)
    }
  }

  // MARK: - Messages

  @Test(arguments: [
    (
      error: FileError.cutShort(path: "m", section: .tensors, promised: 1234, found: 1200),
      line: "m: cut short: the file promises 1234 bytes of tensors and holds 1200; copy the file again"
    )
  ])
  func `an error reads as one line that says what to do`(error: FileError, line: String) {
    #expect(error.description == line)
  }

  @Test func `a name from a file can neither break the line nor fill the screen`() {
    let line = FileError.missingTensor(path: "m", name: "a\n\u{1B}" + String(repeating: "x", count: 1000)).description
    #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 })
    #expect(line.count < 200)
  }
}
