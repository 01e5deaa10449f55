import Glibc
import PerceptronFiles
import PerceptronTestFiles
import Tensor
import Testing

@Suite struct ByteFileTests {
  let text = Array(String(repeating: "five words and a number 12345\n", count: 50).utf8)

  @Test func `plain and gzipped files give the same bytes whatever their names`() throws {
    let scratch = Scratch()
    #expect(try ByteFile.read(scratch.file("a.txt.gz", text)) == text)
    #expect(try ByteFile.read(scratch.gzip("b.txt", text)) == text)
    #expect(try ByteFile.read(scratch.file("empty", "")) == [])
    #expect(try ByteFile.read(scratch.gzip("empty.gz", [])) == [])
  }

  @Test func `files larger than any buffer are read whole`() throws {
    let scratch = Scratch()
    var generator = SplitMix(state: 1)
    var bytes = (0..<1_000_003).map { _ in UInt8.random(in: 0...255, using: &generator) }
    #expect(try ByteFile.read(scratch.file("plain", bytes)) == bytes)
    // Long enough to be read in pieces, and then in pieces by several.
    while bytes.count < 9_000_000 { bytes += bytes }
    let path = scratch.file("long", bytes)
    for workers in [1, 3] { #expect(try ByteFile.read(path, team: Team(workers: workers)) == bytes) }
    bytes.removeSubrange(1_000_003...)
    #expect(try ByteFile.read(scratch.gzip("zipped", bytes)) == bytes)
  }

  @Test func `several gzip members are one file`() throws {
    let scratch = Scratch()
    scratch.gzip("a.gz", text)
    let path = scratch.gzip("a.gz", text, append: true)
    #expect(try ByteFile.read(path) == text + text)
  }

  @Test func `a file longer than memory is refused before it is read`() throws {
    let scratch = Scratch()
    let path = scratch.file("sparse", "a,b\n")
    let size = 2 * usableMemory() + 1 << 21
    guard truncate(path, size) == 0 else { try Test.cancel("the file system has no files with such long holes") }
    let error = #expect(throws: FileError.self) { _ = try ByteFile.read(path) }
    #expect(error?.code == "exceedsMemory" && error?.path == path && error?.kind == .badData)
    #expect(
      FileError.exceedsMemory(path: "f", bytes: 8 << 40, usable: 25_200_000_000).description
        == "f: found 8.8 TB or more to read, expected at most the 25 GB of memory that may still be used; give a"
        + " smaller file, or more memory")
  }

  @Test func `gzip data that are not wanted are decompressed no further than to their start`() throws {
    let scratch = Scratch()
    let path = scratch.gzip("zeros", [UInt8](repeating: 0, count: 10_000_000))
    var starts: [[UInt8]] = []
    let bytes = try ByteFile.read(path) { start in
      starts.append(start)
      return false
    }
    #expect(bytes == [UInt8](repeating: 0, count: 1 << 16) && starts == [bytes])
    #expect(try ByteFile.read(path) { $0.first == 0 }.count == 10_000_000)
  }

  @Test func `a missing file is missing input`() {
    let error = #expect(throws: FileError.self) { _ = try ByteFile.read("/nowhere/data.csv") }
    #expect(error?.kind == .missingInput)
    #expect(
      error?.description == "/nowhere/data.csv: cannot be opened: No such file or directory;"
        + " check the path and the permissions")
  }

  @Test func `a directory is missing input`() {
    let error = #expect(throws: FileError.self) { _ = try ByteFile.read("/tmp") }
    #expect(error == .cannotOpen(path: "/tmp", reason: "Is a directory"))
    #expect(error?.kind == .missingInput)
  }

  @Test func `a read that fails names the system's reason`() {
    // The first page of a process is not mapped, so that reading there fails after the file was opened.
    let error = #expect(throws: FileError.self) { _ = try ByteFile.read("/proc/self/mem") }
    #expect(error == .cannotRead(path: "/proc/self/mem", reason: "Input/output error"))
    #expect(error?.kind == .ioFailure)
    #expect(
      error?.description == "/proc/self/mem: cannot be read: Input/output error; expected a readable file")
  }

  @Test func `every truncation of a gzip file is found`() throws {
    let scratch = Scratch()
    scratch.gzip("whole.gz", text)
    let whole = scratch.contents("whole.gz")
    // Of one byte none can tell that it is from a gzip file.
    #expect(try ByteFile.read(scratch.file("cut", Array(whole.prefix(1)))) == [0x1F])
    for length in 2..<whole.count {
      let path = scratch.file("cut", Array(whole.prefix(length)))
      #expect(#expect(throws: FileError.self) { _ = try ByteFile.read(path) } == .truncatedGzip(path: path))
    }
    let error = FileError.truncatedGzip(path: "a.gz")
    #expect(error.kind == .badData)
    #expect(
      error.description == "a.gz: the gzip data end too early, expected their end mark;"
        + " copy or download the file again")
  }

  @Test func `a damaged gzip file is found`() {
    let scratch = Scratch()
    scratch.gzip("whole.gz", text)
    var bytes = scratch.contents("whole.gz")
    bytes[bytes.count - 6] ^= 0xFF  // In the check sum.
    let path = scratch.file("bad.gz", bytes)
    let error = #expect(throws: FileError.self) { _ = try ByteFile.read(path) }
    #expect(error == .corruptGzip(path: path, detail: "incorrect data check"))
    #expect(
      error?.description == "\(path): the gzip data are damaged (incorrect data check);"
        + " copy or download the file again")
  }

  @Test func `no change of one byte of a gzip file goes further than an error or other bytes`() {
    let scratch = Scratch()
    scratch.gzip("whole.gz", text)
    let whole = scratch.contents("whole.gz")
    for index in whole.indices {
      var bytes = whole
      bytes[index] ^= 0x55
      let path = scratch.file("bad.gz", bytes)
      do throws(FileError) { _ = try ByteFile.read(path) } catch { #expect(error.kind == .badData) }
    }
  }
}
