import PerceptronFiles
import PerceptronTestFiles
import Testing

/// CRC-32 by its definition: bit by bit, the polynomial reflected.
private func slowChecksum(_ bytes: [UInt8]) -> UInt32 {
  var register = UInt32.max
  for byte in bytes {
    register ^= UInt32(byte)
    for _ in 0..<8 {
      let isOdd = register & 1 == 1
      register >>= 1
      if isOdd { register ^= 0xEDB8_8320 }
    }
  }
  return ~register
}

@Test("A checksum is CRC-32, of any number of bytes and however they come")
func checksums() {
  var check = Checksum()
  check.add(Array("123456789".utf8)[...])
  #expect(check.value == 0xCBF4_3926)
  var generator = SplitMix(state: 2)
  let bytes = (0..<1000).map { _ in UInt8.random(in: 0...255, using: &generator) }
  for count in Array(0..<200) + [255, 256, 257, 1000] {
    var whole = Checksum()
    whole.add(bytes[..<count])
    #expect(whole.value == slowChecksum(Array(bytes[..<count])), "\(count)")
    var parts = Checksum()
    let (first, second) = (count / 3, count * 5 / 6)
    for part in [0..<first, first..<second, second..<count] { parts.add(bytes[part]) }
    #expect(parts == whole, "\(count)")
  }
}
