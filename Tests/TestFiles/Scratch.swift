import CPerceptronZlib
import Glibc

/// A directory of its own for a test's files, removed with all that is in it.
package struct Scratch: ~Copyable {
  package let directory: String

  package init() {
    var template = Array("/tmp/perceptron-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { fatalError("mkdtemp: error \(errno)") }
    directory = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  }

  deinit {
    for name in names { remove("\(directory)/\(name)") }
    rmdir(directory)
  }

  /// What is in the directory, in order.
  package var names: [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  package func path(_ name: String) -> String { "\(directory)/\(name)" }

  /// Writes a file and returns its path.
  @discardableResult
  package func file(_ name: String, _ bytes: [UInt8]) -> String {
    let path = path(name)
    guard let file = fopen(path, "wb") else { fatalError("fopen: error \(errno)") }
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
    return path
  }

  @discardableResult
  package func file(_ name: String, _ text: String) -> String { file(name, Array(text.utf8)) }

  /// Writes a file by zlib's gzwrite, after what is there if it is to be appended, and returns its path.
  @discardableResult
  package func gzip(_ name: String, _ bytes: [UInt8], append: Bool = false) -> String {
    let path = path(name)
    guard let file = gzopen(path, append ? "ab" : "wb") else { fatalError("gzopen: error \(errno)") }
    gzwrite(file, bytes, UInt32(bytes.count))
    gzclose(file)
    return path
  }

  /// What a file holds, undecompressed.
  package func contents(_ name: String) -> [UInt8] {
    guard let file = fopen(path(name), "rb") else { return [] }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = fread(&bytes, 1, bytes.count, file)
    return Array(bytes.prefix(count))
  }
}

/// A generator of the same numbers for the same seed (Steele, Lea and Flood, SplitMix, 2014).
package struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  package init(state: UInt64) { self.state = state }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
