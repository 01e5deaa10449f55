import Foundation
import PerceptronDatasets
import PerceptronFiles
import Testing

@Suite struct NPZTests {
  // numpy.savez("a.npz", X=numpy.array([[1, 2], [3, 4.5]]), y=numpy.array([1, 0])) of NumPy 2.4, in base 64.
  private let stored = decoded(
    """
    UEsDBC0AAAAAAAAAIQCjV71b//////////8FABQAWC5ucHkBABAAoAAAAAAAAACgAAAAAAAAAJNOVU1QWQEAdgB7J2Rlc2NyJzogJzxmOCcsICdmb3J\
    0cmFuX29yZGVyJzogRmFsc2UsICdzaGFwZSc6ICgyLCAyKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC\
    AgICAgICAgICAKAAAAAAAA8D8AAAAAAAAAQAAAAAAAAAhAAAAAAAAAEkBQSwMELQAAAAAAAAAhAHH7Oav//////////wUAFAB5Lm5weQEAEACQAAAAA\
    AAAAJAAAAAAAAAAk05VTVBZAQB2AHsnZGVzY3InOiAnPGk4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsKSwgfSAgICAgICAg\
    ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoBAAAAAAAAAAAAAAAAAAAAUEsBAi0DLQAAAAAAAAAhAKN\
    XvVugAAAAoAAAAAUAAAAAAAAAAAAAAIABAAAAAFgubnB5UEsBAi0DLQAAAAAAAAAhAHH7OauQAAAAkAAAAAUAAAAAAAAAAAAAAIAB1wAAAHkubnB5UE\
    sFBgAAAAACAAIAZgAAAJ4BAAAAAA==
    """)
  // numpy.savez_compressed("a.npz", x_train=numpy.arange(6, dtype='u1').reshape(3, 2))
  private let deflated = decoded(
    """
    UEsDBC0AAAAIAAAAIQAb+n1h//////////8LABQAeF90cmFpbi5ucHkBABAAhgAAAAAAAABMAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loF5Taqi\
    uo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GsY6CkaaOgq1CmQDLgZGJmYWVgBQSwECLQMtAAAACAAAACEAG/p9YUwAAACGAAAACwAAAAAAAA\
    AAAAAAgAEAAAAAeF90cmFpbi5ucHlQSwUGAAAAAAEAAQA5AAAAiQAAAAAA
    """)

  private static func decoded(_ text: String) -> [UInt8] { Array(Data(base64Encoded: text)!) }

  private func error(_ bytes: [UInt8], _ name: String = "X") -> String? {
    #expect(throws: FileError.self) { _ = try NPZ(bytes, path: "a.npz").array(named: name) }?.description
  }

  @Test func `stored arrays are found by their names`() throws {
    let archive = try NPZ(stored, path: "a.npz")
    #expect(archive.names == ["X", "y"])
    let features = try archive.array(named: "X")
    #expect(features.elements == [1, 2, 3, 4.5] && features.shape == [2, 2] && features.path == "a.npz, array X")
    #expect(try archive.array(named: "y").elements == [1, 0])
    #expect(
      error(stored, "z")
        == "a.npz: found the arrays \"X\", \"y\", expected one called \"z\"; write it with numpy.savez(FILE, X=…, y=…)")
  }

  @Test func `deflated arrays are inflated`() throws {
    let archive = try NPZ(deflated, path: "a.npz")
    #expect(archive.names == ["x_train"])
    let array = try archive.array(named: "x_train")
    #expect(array.elements == [0, 1, 2, 3, 4, 5] && array.shape == [3, 2])
  }

  @Test func `sizes, positions and counts of 64 bits are read`() throws {
    // numpy.savez of y=numpy.array([7, 9], dtype='u1'), with a directory that Python's struct made of ZIP64's fields
    // alone; numpy.load reads it.
    let archive = try NPZ(
      Self.decoded(
        """
        UEsDBC0AAAAAAAAAIQBsfO2e//////////8FABQAeS5ucHkBABAAggAAAAAAAACCAAAAAAAAAJNOVU1QWQEAdgB7J2Rlc2NyJzogJ3x1MScsICd\
        mb3J0cmFuX29yZGVyJzogRmFsc2UsICdzaGFwZSc6ICgyLCksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC\
        AgICAgICAgICAgICAgICAKBwlQSwECLQAtAAAAAAAAACEAbHztnv//////////BQAcAAAAAAAAAAAAAAD/////eS5ucHkBABgAggAAAAAAAACCA\
        AAAAAAAAAAAAAAAAAAAUEsGBiwAAAAAAAAALQAtAAAAAAAAAAAAAQAAAAAAAAABAAAAAAAAAE8AAAAAAAAAuQAAAAAAAABQSwYHAAAAAAgBAAAA\
        AAAAAQAAAFBLBQYAAAAA////////////////AAA=
        """
      ), path: "a.npz")
    #expect(try archive.array(named: "y").elements == [7, 9])
  }

  @Test func `no prefix or changed byte goes further than an error, and no changed number is taken for another`() throws
  {
    for (whole, name) in [(stored, "X"), (deflated, "x_train")] {
      let elements = try NPZ(whole, path: "a.npz").array(named: name).elements
      for length in 0..<whole.count { #expect(error(Array(whole.prefix(length)), name) != nil) }
      for index in whole.indices {
        for change: UInt8 in [1, 0x10, 0x80, 0xFF] {
          var bytes = whole
          bytes[index] ^= change
          if let array = try? NPZ(bytes, path: "a.npz").array(named: name) { #expect(array.elements == elements) }
        }
      }
    }
  }

  @Test func `sizes that the file cannot have are refused before memory is taken`() {
    var bytes = deflated
    // The size in the directory, at 24 of its entry, which begins at 137.
    bytes.replaceSubrange(137 + 24..<137 + 28, with: [0xFE, 0xFF, 0xFF, 0xFF])
    #expect(
      error(bytes, "x_train")
        == "a.npz: not a .npz archive that can be read: \"x_train\" cannot have the 4294967294 bytes that the directory"
        + " gives; write it with numpy.savez")
    let expected =
      "a.npz: not a .npz archive that can be read: it does not begin like a zip archive; write it with numpy.savez"
    #expect(error(Array("a,b\n".utf8)) == expected)
    #expect(error([])?.hasPrefix("a.npz: the file is empty") == true)
  }
}
