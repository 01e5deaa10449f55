import Perceptron
import PerceptronCharts

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Shows the progress of training. On a terminal, it redraws a bar. Otherwise it prints a line for each epoch, or for
/// some of them if there are many. It prints nothing when quiet.
struct Progress {
  private let epochs: Int
  /// The number of epochs that were complete before a resumption.
  private let epochsBefore: Int
  private let samplesPerEpoch: Int
  private let isQuiet: Bool
  private let isTerminal = isatty(STDERR_FILENO) == 1 && getenv("TERM").map { String(cString: $0) } != "dumb"
  private let start = ContinuousClock.now
  private var lastDrawn: ContinuousClock.Instant?
  /// The width of the bar's line, in terminal columns.
  private var drawnWidth = 0
  private var loss: Double?
  private var validation: String?
  private var epochsDone: Int

  init(epochs: Int, epochsBefore: Int, samplesPerEpoch: Int, isQuiet: Bool) {
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
    let width = terminalWidth(STDERR_FILENO)
    let line = bar(share, epoch: epoch + 1, width: width - 1)
    drawError(erasure(width) + line)
    drawnWidth = line.count
  }

  /// Ends an epoch, counted from 1, with its loss and its validation metric, if there is one.
  mutating func endEpoch(_ epoch: Int, loss: Double, validation: String?) {
    (self.loss, self.validation, epochsDone) = (loss, validation, epoch)
    // Up to 199 epochs print a line each; longer trainings print 101 to 151 lines.
    let isShown = epoch == epochsBefore + 1 || epoch == epochs || epoch.isMultiple(of: max(epochs / 100, 1))
    if !isQuiet && !isTerminal && isShown {
      let share = Double(epoch) / Double(epochs)
      printLine(["epoch \(epoch)/\(epochs)", lossText, validationText, rateText(share), timeLeft(share)])
    }
  }

  /// Ends the training, which may have stopped early.
  func finish() {
    guard !isQuiet, isTerminal else { return }
    interrupt()
    let time = "\(epochsDone) epoch\(epochsDone == 1 ? "" : "s") in \(duration(seconds(since: start)))"
    printLine([time, lossText, validationText, rateText(Double(epochsDone) / Double(epochs))])
  }

  /// Erases the bar.
  func interrupt() {
    if isTerminal && !isQuiet { drawError(erasure(terminalWidth(STDERR_FILENO))) }
  }

  /// Moves to the start of the bar's line and erases it. If the terminal has become narrower, the line has been wrapped
  /// onto several lines.
  private func erasure(_ width: Int) -> String {
    let linesAbove = max(0, (drawnWidth - 1) / width)
    return (linesAbove > 0 ? "\u{1B}[\(linesAbove)A" : "") + "\r\u{1B}[J"
  }

  private func printLine(_ parts: [String?]) {
    printError(parts.compactMap(\.self).joined(separator: "  ") + "\n")
  }

  /// The bar and the text that fits beside it. The least important text is left out first.
  private func bar(_ share: Double, epoch: Int, width: Int) -> String {
    let leastBar = 5
    var parts: [String?] = ["\(epoch)/\(epochs)", lossText, validationText, rateText(share), timeLeft(share)]
    var room: Int { width - parts.compactMap(\.self).reduce(0) { $0 + $1.count + 2 } }
    for part in [3, 2, 1, 4] where room < leastBar { parts[part] = nil }
    let length = min(room, 30)
    guard length >= leastBar else { return String(parts[0]!.prefix(max(width, 0))) }
    let filled = min(Int(share * Double(length)), length)
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: length - filled)
    return ([bar] + parts.compactMap(\.self)).joined(separator: "  ")
  }

  private var lossText: String? { loss.map { "loss \($0.shown)" } }
  private var validationText: String? { validation.map { "validation \($0)" } }

  /// Nil if no time has passed.
  private func rateText(_ share: Double) -> String? {
    let epochsHere = share * Double(epochs) - Double(epochsBefore)
    let rate = epochsHere * Double(samplesPerEpoch) / seconds(since: start)
    return rate.ifFinite.map { "\($0.fixed(0)) samples/s" }
  }

  private func timeLeft(_ share: Double) -> String {
    "\(duration(seconds(since: start) * (1 - share) / (share - Double(epochsBefore) / Double(epochs)))) left"
  }
}

/// A time in human-readable form: `12 ms`, `4.1 s`, `35 s`, `2 min 05 s`, `3 h 20 min`.
func duration(_ seconds: Double) -> String {
  if seconds < 0.0995 { return "\((1000 * seconds).fixed(0)) ms" }
  if seconds < 9.95 { return "\(seconds.fixed(1)) s" }
  // A first estimate of the time left may be very large or NaN.
  let whole = seconds < 1e9 ? Int(seconds.rounded()) : 1_000_000_000
  func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
  if whole < 60 { return "\(whole) s" }
  return whole < 3600 ? "\(whole / 60) min \(two(whole % 60)) s" : "\(whole / 3600) h \(two(whole % 3600 / 60)) min"
}
