import Wire

/// The options on the command line.
struct Options {
  var models: [String] = []
  var host = "127.0.0.1"
  var port = 8080
  var clients = 64
  var requests = 10_000

  static let usage = "usage: LoadTest MODEL… [--port N] [options]"
  static let help = """
    \(usage)

    Sends random records to a ScoringService and compares each answer with that of MODEL. If there are several \
    models, because the service's model is being replaced, an answer may be that of any of them.

      --host ADDRESS              the service's IPv4 address (127.0.0.1)
      --port N                    its port (8080)
      --clients N                 how many connections send requests at once (64)
      --requests N                how many requests they send in all; they are prepared before the first is sent (10000)

    The exit code is 0 if no answer is lost or wrong, 69 if the service does not answer at all.
    """

  init(_ words: [String]) throws(Failure) {
    var words = CommandWords(words)
    while let word = try words.next() {
      switch word {
      case "--host": host = try words.address()
      case "--port": port = try words.number(1...65_535)
      case "--clients": clients = try words.number(1...65_536)
      case "--requests": requests = try words.number(1...1_000_000)
      case _ where word.hasPrefix("-"): throw words.unknown
      default: models.append(word)
      }
    }
    guard !models.isEmpty else { throw .usage("MODEL is missing") }
  }
}
