import Perceptron

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Shows the progress of one or more networks' training. On a terminal, it redraws a bar. Otherwise it prints a line
/// for each epoch, or for some of them if there are many. It prints nothing when quiet.
struct Progress {
  /// The number of epochs of each network.
  private var epochs: [Int]
  /// The number of samples that each network learns from.
  private let samplesPerEpoch: [Int]
  private let isQuiet: Bool
  private let isTerminal = isatty(STDERR_FILENO) == 1 && getenv("TERM").map { String(cString: $0) } != "dumb"
  private let start = ContinuousClock.now
  /// The time that a search has; nil if its trials are counted, or if this is no search.
  private let limit: Double?
  private let isSearch: Bool
  /// For each network the number of epochs that were complete before a resumption, and of those that are done.
  private var before: [Int]
  private var done: [Double]
  private var lastDrawn: ContinuousClock.Instant?
  /// The width of the bar's line, in terminal columns.
  private var drawnWidth = 0
  private var loss: Double?
  private var validation: String?

  /// - Parameters:
  ///   - epochs: The number of epochs of each network; 0 if another process trains it.
  ///   - samplesPerEpoch: The number of samples that each network learns from.
  ///   - isSearch: Whether there are lines for trials, and not for epochs.
  ///   - limit: The seconds that a search has; nil if its trials are counted.
  init(epochs: [Int], samplesPerEpoch: [Int], isQuiet: Bool, isSearch: Bool = false, limit: Double? = nil) {
    self.epochs = epochs
    (self.isSearch, self.limit) = (isSearch, limit)
    self.samplesPerEpoch = samplesPerEpoch
    self.isQuiet = isQuiet
    before = samplesPerEpoch.map { _ in 0 }
    done = samplesPerEpoch.map { _ in 0 }
  }

  /// The number of complete epochs of all networks.
  var epochsDone: Int { Int(done.reduce(0) { $0 + $1.rounded(.down) }) }

  private var allEpochs: Int { epochs.reduce(0, +) }

  /// Begins a network with its number of epochs, of which some may already be complete.
  mutating func begin(network: Int, epochs: Int, epochsBefore: Int) {
    (self.epochs[network], before[network], done[network]) = (epochs, epochsBefore, Double(epochsBefore))
  }

  /// Ends a trial of a search, counted from 1.
  mutating func endTrial(_ number: Int, validation: String, seconds: Double) {
    self.validation = "\(validation) in trial \(number)"
    guard !isQuiet, !isTerminal else { return }
    printLine(["trial \(number)", "validation \(validation)", duration(seconds)])
  }

  /// Redraws the bar, at most ten times a second.
  mutating func update(network: Int, epoch: Int, samplesDone: Int) {
    done[network] = Double(epoch) + Double(samplesDone) / Double(samplesPerEpoch[network])
    guard isTerminal, !isQuiet else { return }
    let now = ContinuousClock.now
    if let lastDrawn, now - lastDrawn < .milliseconds(100) { return }
    lastDrawn = now
    let width = terminalWidth(STDERR_FILENO)
    let line = bar(width: width - 1)
    drawError(erasure(width) + line)
    drawnWidth = line.count
  }

  /// Ends an epoch, counted from 1, with its loss and its validation metric, if there is one.
  mutating func endEpoch(network: Int, _ epoch: Int, loss: Double, validation: String?) {
    done[network] = Double(epoch)
    if !isSearch { (self.loss, self.validation) = (loss, validation) }
    // Up to 199 epochs print a line each; longer trainings print 101 to 151 lines.
    let epochs = epochs[network]
    let isShown = epoch == before[network] + 1 || epoch == epochs || epoch.isMultiple(of: max(epochs / 100, 1))
    if !isQuiet && !isTerminal && isShown && !isSearch {
      let name = done.count > 1 ? "network \(network + 1)" : nil
      printLine([name, "epoch \(epoch)/\(epochs)", lossText, validationText, rateText, timeLeft])
    }
  }

  /// Ends a network's training, which may have stopped early.
  mutating func end(network: Int) { done[network] = Double(epochs[network]) }

  /// Ends the training, after this number of epochs of all networks.
  func finish(after epochs: Int) {
    guard !isQuiet, isTerminal else { return }
    interrupt()
    let time = "\(epochs) epoch\(epochs == 1 ? "" : "s") in \(duration(seconds(since: start)))"
    printLine([time, lossText, validationText, rateText])
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
  private func bar(width: Int) -> String {
    let leastBar = 5
    let running = min(epochsDone + 1, allEpochs)
    let count = limit == nil ? "\(running)/\(allEpochs)" : "\(running) epochs"
    var parts: [String?] = [count, lossText, validationText, rateText, timeLeft]
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

  private var share: Double {
    limit.map { min(seconds(since: start) / $0, 1) } ?? done.reduce(0, +) / Double(allEpochs)
  }

  /// Nil if no time has passed.
  private var rateText: String? {
    let samplesHere = samplesPerEpoch.indices.reduce(0) {
      $0 + (done[$1] - Double(before[$1])) * Double(samplesPerEpoch[$1])
    }
    let rate = samplesHere / seconds(since: start)
    return rate.ifFinite.map { "\($0.fixed(0)) samples/s" }
  }

  private var timeLeft: String {
    let shareBefore = limit == nil ? Double(before.reduce(0, +)) / Double(allEpochs) : 0
    return "\(duration(seconds(since: start) * (1 - share) / (share - shareBefore))) left"
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
