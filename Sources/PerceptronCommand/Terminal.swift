import Perceptron
import PerceptronFiles
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Whether this process prints nothing but why it ends.
private let isSilent = Atomic<Bool>(false)

/// From now on this process prints nothing except the reason why it ends. If several share a training, only the first
/// prints.
func keepSilent() { isSilent.store(true, ordering: .relaxed) }

/// Writes lines to standard output immediately, with control characters escaped.
func printLine(_ line: String) throws(CommandError) {
  try printOutput(Array((printable(line, keepingLines: true) + "\n").utf8))
}

/// Writes data to standard output unchanged. If it is a terminal, control characters are escaped.
func printData(_ bytes: [UInt8]) throws(CommandError) {
  guard isatty(STDOUT_FILENO) == 1 else { return try printOutput(bytes) }
  try printOutput(Array(printable(String(decoding: bytes, as: UTF8.self), keepingLines: true).utf8))
}

private func printOutput(_ bytes: [UInt8]) throws(CommandError) {
  if isSilent.load(ordering: .relaxed) { return }
  let code = AtomicFile.writeAll(bytes, to: STDOUT_FILENO)
  // EBADF means that standard output was closed at the start: see openStandardDescriptors().
  let reason = code == EBADF ? "it is closed" : String(cString: strerror(code))
  guard code == 0 else { throw CommandError(message: "standard output cannot be written: \(reason)", exitCode: 74) }
}

/// Replaces all characters that control a terminal with JSON escapes: control characters, and characters that change
/// the direction of writing.
///
/// - Parameter keepingLines: Whether line ends and tabs are kept.
func printable(_ text: String, keepingLines: Bool = false) -> String {
  func steers(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09, 0x0A: !keepingLines
    case 0..<0x20, 0x7F..<0xA0, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }
  guard text.unicodeScalars.contains(where: steers) else { return text }
  var result = String.UnicodeScalarView()
  for scalar in text.unicodeScalars {
    guard steers(scalar) else {
      result.append(scalar)
      continue
    }
    let digits = String(scalar.value, radix: 16, uppercase: true)
    let names: [Unicode.Scalar: String] = ["\n": "\\n", "\r": "\\r", "\t": "\\t"]
    result.append(contentsOf: (names[scalar] ?? "\\u" + "0000".dropLast(digits.count) + digits).unicodeScalars)
  }
  return String(result)
}

/// Opens /dev/null in place of closed standard input, output and error, so that no other file gets their descriptors.
///
/// It is opened in the opposite direction, so that reading from such an input or writing to such an output is an error.
func openStandardDescriptors() {
  for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) < 0 {
    _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
  }
}

/// Whether two paths lead to the same existing file.
func isSameFile(_ one: String, _ other: String) -> Bool {
  var (first, second) = (stat(), stat())
  return stat(one, &first) == 0 && stat(other, &second) == 0 && first.st_dev == second.st_dev
    && first.st_ino == second.st_ino
}

/// Whether two paths lead to the same file, whether it exists or not.
func isSameDestination(_ one: String, _ other: String) -> Bool {
  func parts(_ path: String) -> (directory: String, name: Substring) {
    let slash = path.lastIndex(of: "/")
    return (slash.map { String(path[...$0]) } ?? ".", path[(slash.map(path.index(after:)) ?? path.startIndex)...])
  }
  let (first, second) = (
    parts(AtomicFile.followingLinks(one) ?? one), parts(AtomicFile.followingLinks(other) ?? other)
  )
  return isSameFile(one, other) || first.name == second.name && isSameFile(first.directory, second.directory)
}

/// Writes text to standard error immediately, with control characters escaped.
func printError(_ text: String) { drawError(printable(text, keepingLines: true)) }

/// Writes text to standard error immediately and unchanged, for drawing on a terminal.
func drawError(_ text: String) {
  if !isSilent.load(ordering: .relaxed) { _ = AtomicFile.writeAll(Array(text.utf8), to: STDERR_FILENO) }
}

/// Writes the reason why this process ends to standard error, with control characters escaped.
func printFailure(_ text: String) {
  _ = AtomicFile.writeAll(Array(printable(text, keepingLines: true).utf8), to: STDERR_FILENO)
}

/// Prints a warning or note about the data.
func printWarning(_ warning: DataWarning) {
  printError("\(warning.isNote ? "note" : "warning"): \(printable(withOption(warning.description, warning.setting)))\n")
}

func isReadable(_ path: String) -> Bool { access(path, R_OK) == 0 }

func seconds(since start: ContinuousClock.Instant) -> Double { (ContinuousClock.now - start) / .seconds(1) }

/// The width of the terminal behind a file descriptor; 80 if it is unknown.
func terminalWidth(_ descriptor: Int32 = STDOUT_FILENO) -> Int {
  var size = winsize()
  guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1 else { return 80 }
  return Int(size.ws_col)
}
