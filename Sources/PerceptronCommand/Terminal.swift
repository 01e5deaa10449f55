import Perceptron

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Writes a line to standard output at once.
func printLine(_ line: String) throws(CommandError) { try printBytes(Array((line + "\n").utf8)) }

/// Writes bytes to standard output at once.
func printBytes(_ bytes: [UInt8]) throws(CommandError) {
  var rest = bytes[...]
  while !rest.isEmpty {
    let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress!, $0.count) }
    if count < 0 && errno == EINTR { continue }
    guard count > 0 else {
      throw CommandError(
        message: "standard output cannot be written: \(String(cString: strerror(errno)))", exitCode: 74)
    }
    rest = rest.dropFirst(count)
  }
}

/// The bytes of memory that the machine has.
func physicalMemory() -> Double { Double(sysconf(Int32(_SC_PHYS_PAGES))) * Double(sysconf(Int32(_SC_PAGESIZE))) }

/// Whether two paths lead to the same file that is there.
func isSameFile(_ one: String, _ other: String) -> Bool {
  var (first, second) = (stat(), stat())
  return stat(one, &first) == 0 && stat(other, &second) == 0 && first.st_dev == second.st_dev
    && first.st_ino == second.st_ino
}

/// Whether two paths lead to the same file, be it there or not yet.
func isSameDestination(_ one: String, _ other: String) -> Bool {
  func parts(_ path: String) -> (directory: String, name: Substring) {
    let slash = path.lastIndex(of: "/")
    return (slash.map { String(path[...$0]) } ?? ".", path[(slash.map(path.index(after:)) ?? path.startIndex)...])
  }
  let (first, second) = (parts(one), parts(other))
  return isSameFile(one, other) || first.name == second.name && isSameFile(first.directory, second.directory)
}

/// Writes text to standard error at once.
func printError(_ text: String) {
  var text = text
  text.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

/// Says what is odd about the data.
func printWarning(_ warning: DataWarning) { printError("warning: \(warning)\n") }

func isReadable(_ path: String) -> Bool { access(path, R_OK) == 0 }

func seconds(since start: ContinuousClock.Instant) -> Double { (ContinuousClock.now - start) / .seconds(1) }

/// The columns of the terminal behind a file descriptor; 80 where it does not say.
func terminalWidth(_ descriptor: Int32 = STDOUT_FILENO) -> Int {
  var size = winsize()
  guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1 else { return 80 }
  return Int(size.ws_col)
}
