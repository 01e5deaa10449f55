import CPerceptronFuzzer
import CPerceptronZlib
import PerceptronDatasets
import PerceptronFiles
import Tensor

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

extension FuzzTarget {
  /// Files as they are on a disk, plain or gzipped; the budget is for what they decompress to.
  static let gzip = FuzzTarget(
    name: "gzip",
    seeds: {
      let text = Array("a,b\n1,2\n3,4\n".utf8)
      return [text, gzipped(text), gzipped(text) + gzipped(text), gzipped([UInt8](repeating: 0, count: 10_000))]
    },
    words: [],
    read: { bytes in
      let file = MemoryFile()
      defer { close(file.descriptor) }
      write(file.descriptor, bytes, bytes.count)
      start_measuring_allocations()
      do throws(FileError) {
        let result = try ByteFile.read(file.path)
        let held = stop_measuring_allocations()
        if held > memoryBudget(result.count) { fail("\(held) bytes were held to read \(result.count)") }
        if !bytes.starts(with: [0x1F, 0x8B]), result != bytes { fail("a plain file is not as it was written") }
      } catch {
        // Damage may come after all of a stream that is a thousand times as long as its file, which is the most that
        // there is.
        let held = stop_measuring_allocations()
        if held > memoryBudget(1100 * bytes.count) {
          fail("\(held) bytes were held to refuse a file of \(bytes.count)")
        }
        check(error)
      }
    })
}

/// A file in memory, with a path.
private struct MemoryFile {
  let descriptor = open_memory_file()
  var path: String { "/proc/self/fd/\(descriptor)" }
}

private func gzipped(_ bytes: [UInt8]) -> [UInt8] {
  let file = MemoryFile()
  defer { close(file.descriptor) }
  let stream = gzopen(file.path, "wb")
  gzwrite(stream, bytes, UInt32(bytes.count))
  gzclose(stream)
  var result = [UInt8](repeating: 0, count: bytes.count + 100)
  return Array(result[..<pread(file.descriptor, &result, result.count, 0)])
}
