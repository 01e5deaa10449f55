import Wire

/// The options on the command line.
struct Options {
  var model = ""
  var host = "127.0.0.1"
  var port = 8080
  var maximumRequest = 1 << 20
  var maximumConnections = 512
  /// The largest batch; 0 if each request is answered by itself.
  var batch = 0
  /// The seconds within which a connection must send a whole request; 0 for no limit.
  var idle = 60
  var refusesMissing = false
  /// The least probability of an answer that needs no review, as a share.
  var review = 0.0
  /// The seconds that the requests in flight may take after the service is told to stop.
  var grace = 5

  static let usage = "usage: ScoringService MODEL [--port N] [options]"
  static let help = """
    \(usage)

    Answers records, one JSON object per line, with the model of a file.

      --host ADDRESS              the IPv4 address to listen on (127.0.0.1)
      --port N                    the port; 0 for any free port (8080)
      --batch SIZE                gathers requests of all connections into batches of at most SIZE (0: no batches)
      --refuse-missing            null is an error (it is treated like missing values in training)
      --review PERCENT            a class of a lower probability is marked "review":true, for a person to decide (off)
      --maximum-request BYTES     the longest request that is accepted (1048576)
      --maximum-connections N     the most connections (512)
      --idle SECONDS              closes a connection after so many seconds without a request (60; 0: never)
      --grace SECONDS             how long the requests in flight may take after SIGTERM (5)

    SIGHUP reads the model file again. SIGTERM and SIGINT end the service after it has answered the requests in flight.
    """

  init(_ words: [String]) throws(Failure) {
    var words = CommandWords(words)
    while let word = try words.next() {
      switch word {
      case "--host": host = try words.address()
      case "--port": port = try words.number(0...65_535)
      case "--batch": batch = try words.number(0...65_536)
      case "--refuse-missing": refusesMissing = true
      case "--review": review = Double(try words.number(1...100)) / 100
      case "--maximum-request": maximumRequest = try words.number(1...1 << 30)
      case "--maximum-connections": maximumConnections = try words.number(1...65_536)
      case "--idle": idle = try words.number(0...86_400)
      case "--grace": grace = try words.number(0...3600)
      case _ where word.hasPrefix("-"): throw words.unknown
      case _ where !model.isEmpty: throw .usage("unexpected argument \(word)")
      default: model = word
      }
    }
    guard !model.isEmpty else { throw .usage("MODEL is missing") }
  }
}
