import PerceptronDatasets
import PerceptronFiles
import Tensor

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Feeds the readers of files with bytes, each target a reader.
///
///     Fuzzer                             lists the targets
///     Fuzzer TARGET --prepare DIRECTORY  writes small good files to begin with, and the dictionary beside them
///     Fuzzer TARGET FILE…                reads the files once, as in a fuzzing that found something
///
/// With -DFUZZING and the sanitizers `Fuzzer TARGET …` is libFuzzer with its options; `make fuzz` builds it so.
struct Fuzzer {
  /// The target that the arguments name; if they do not ask for its files to be read, does what they ask for, and ends
  /// the process.
  static func target(_ arguments: [String]) -> FuzzTarget {
    guard let name = arguments.first else {
      for target in FuzzTarget.all { print(target.name) }
      exit(0)
    }
    guard let target = FuzzTarget.all.first(where: { $0.name == name }) else { fail("no target is called \(name)") }
    guard arguments.count == 3, arguments[1] == "--prepare" else { return target }
    do throws(FileError) { try target.prepare(in: arguments[2]) } catch { fail("\(error)") }
    exit(0)
  }
}

#if FUZZING
  nonisolated(unsafe) private var target: FuzzTarget?

  /// Takes the target from the arguments, of which libFuzzer gets the others.
  @_cdecl("LLVMFuzzerInitialize")
  public func initialize(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>
  ) -> Int32 {
    target = Fuzzer.target((1..<Int(count.pointee)).map { String(cString: arguments.pointee[$0]!) })
    arguments.pointee[1] = arguments.pointee[0]
    arguments.pointee += 1
    count.pointee -= 1
    return 0
  }

  @_cdecl("LLVMFuzzerTestOneInput")
  public func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    target!.read(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
  }
#else
  @main
  extension Fuzzer {
    static func main() {
      let arguments = Array(CommandLine.arguments.dropFirst())
      let target = target(arguments)
      for path in arguments.dropFirst() {
        // Not by a reader of the package: a gzip file is to be read as it is.
        guard let file = fopen(path, "rb") else { fail("\(path): cannot be opened") }
        var bytes: [UInt8] = []
        while case let byte = getc(file), byte != EOF { bytes.append(UInt8(byte)) }
        fclose(file)
        target.read(bytes)
        print("\(path): \(bytes.count) bytes, no trap")
      }
    }
  }
#endif
