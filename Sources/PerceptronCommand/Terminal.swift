import Perceptron

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Writes a line to standard output at once.
func printLine(_ line: String) throws(CommandError) {
  var rest = Array((line + "\n").utf8)[...]
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

/// Writes text to standard error at once.
func printError(_ text: String) {
  var text = text
  text.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

/// Says what is odd about the data.
func printWarning(_ warning: DataWarning) { printError("warning: \(warning)\n") }

func isReadable(_ path: String) -> Bool { access(path, R_OK) == 0 }

func seconds(since start: ContinuousClock.Instant) -> Double { (ContinuousClock.now - start) / .seconds(1) }

extension Double {
  /// The number with so many digits after the point.
  func fixed(_ digits: Int) -> String { formatted("%.\(digits)f") }

  /// The number with at most five significant digits.
  var short: String { formatted("%.5g") }

  private func formatted(_ format: String) -> String {
    var buffer = [CChar](repeating: 0, count: 400)
    let count = withVaList([self]) { vsnprintf(&buffer, buffer.count, format, $0) }
    return String(decoding: buffer[..<Int(count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

/// How far training is: a bar that is redrawn on a terminal, a line for each epoch elsewhere, nothing when quiet.
struct Progress {
  private let epochs: Int
  /// The epochs that were complete before.
  private let epochsBefore: Int
  private let samplesPerEpoch: Int
  private let isQuiet: Bool
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private let start = ContinuousClock.now
  private var lastDrawn: ContinuousClock.Instant?
  private var loss: Double?
  private var validation: String?
  private var epochsDone: Int

  init(epochs: Int, epochsBefore: Int = 0, samplesPerEpoch: Int, isQuiet: Bool) {
    self.epochs = epochs
    self.epochsBefore = epochsBefore
    epochsDone = epochsBefore
    self.samplesPerEpoch = samplesPerEpoch
    self.isQuiet = isQuiet
  }

  /// Redraws the bar, at most ten times a second.
  mutating func update(epoch: Int, samplesDone: Int) {
    guard isTerminal, !isQuiet else { return }
    let now = ContinuousClock.now
    if let lastDrawn, now - lastDrawn < .milliseconds(100) { return }
    lastDrawn = now
    let share = (Double(epoch) + Double(samplesDone) / Double(samplesPerEpoch)) / Double(epochs)
    let filled = Int(share * 20)
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 20 - filled)
    let line = "\(bar) epoch \(epoch + 1)/\(epochs)" + lossText + "  " + rateAndTimeLeft(share)
    printError("\r\(line.prefix(terminalWidth(STDERR_FILENO) - 1))\u{1B}[K")
  }

  /// Ends an epoch, counted from 1, with its loss and, where there is one, its validation figure.
  mutating func endEpoch(_ epoch: Int, loss: Double, validation: String?) {
    (self.loss, self.validation, epochsDone) = (loss, validation, epoch)
    if !isQuiet && !isTerminal {
      printError("epoch \(epoch)/\(epochs)\(lossText)  \(rateAndTimeLeft(Double(epoch) / Double(epochs)))\n")
    }
  }

  /// Ends the training, which may have stopped early.
  func finish() {
    guard !isQuiet, isTerminal else { return }
    printError(
      "\r\(epochsDone) epochs in \(seconds(since: start).fixed(1)) s\(lossText)  \(rate(Double(epochsDone) / Double(epochs))) samples/s\u{1B}[K\n"
    )
  }

  /// Leaves the bar's line.
  func interrupt() {
    if isTerminal && !isQuiet { printError("\n") }
  }

  private var lossText: String {
    (loss.map { "  loss \($0.short)" } ?? "") + (validation.map { "  validation \($0)" } ?? "")
  }

  private func rate(_ share: Double) -> String {
    ((share * Double(epochs) - Double(epochsBefore)) * Double(samplesPerEpoch) / seconds(since: start)).fixed(0)
  }

  private func rateAndTimeLeft(_ share: Double) -> String {
    let left = seconds(since: start) * (1 - share) / (share - Double(epochsBefore) / Double(epochs))
    return "\(rate(share)) samples/s  \(left < 9.5 ? left.fixed(1) : left.fixed(0)) s left"
  }
}

/// The columns of the terminal behind a file descriptor; 80 where it does not say.
func terminalWidth(_ descriptor: Int32 = STDOUT_FILENO) -> Int {
  var size = winsize()
  guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1 else { return 80 }
  return Int(size.ws_col)
}
