import Glibc
import Perceptron
import Wire

@main
enum ScoringService {
  static func main() {
    let words = Array(CommandLine.arguments.dropFirst())
    if words.contains("-h") || words.contains("--help") {
      print(Options.help)
      return
    }
    do throws(Failure) {
      try run(Options(words))
    } catch {
      error.end(usage: Options.usage)
    }
  }

  private static func run(_ options: Options) throws(Failure) {
    let signals = Signals.watch()
    let live: ReloadablePredictor<Float>
    do throws(FileError) {
      live = try ReloadablePredictor(
        contentsOf: options.model, missing: options.refusesMissing ? .refused : .replaced)
    } catch {
      throw Failure(error)
    }
    let batching = options.batch > 0 ? BatchingPredictor(live, maximumBatchSize: options.batch) : nil
    do throws(SocketError) {
      let server = Server(
        Scorer(live: live, batching: batching), on: try EventLoop(), maximumRequest: options.maximumRequest,
        maximumConnections: options.maximumConnections,
        idleLimit: options.idle > 0 ? .seconds(options.idle) : nil)
      try accept(
        for: server, at: Socket(listeningOn: options.host, port: options.port), options.host, live, signals: signals)
      stop(server, within: options.grace)
      fflush(nil)
      // Exit without cleanup: the libraries must not be torn down while an overdue task still runs.
      _exit(server.isIdle ? 0 : EX_TEMPFAIL)
    } catch {
      throw Failure(error)
    }
  }

  /// Accepts connections on this thread, the main one, until a signal stops it.
  private static func accept(
    for server: Server, at listener: Socket, _ host: String, _ live: ReloadablePredictor<Float>, signals: Int32
  ) {
    print("listening on \(host):\(listener.port)")
    fflush(nil)
    while true {
      listener.waitForInput(or: signals)
      var isEnding = false
      while let signal = Signals.next(from: signals) {
        if signal == SIGHUP { reload(live) } else { isEnding = true }
      }
      // Clients that have connected before the end are served.
      do {
        while let socket = try listener.accept() { server.serve(socket) }
      } catch {
        // Usually no descriptor is free; one will be soon.
        printError("error: \(error)")
        usleep(100_000)
      }
      if isEnding { return }
    }
  }

  private static func reload(_ live: ReloadablePredictor<Float>) {
    do throws(FileError) {
      try live.reload()
      printError("reloaded \(live.path)")
    } catch {
      printError("error: \(error); the previous model stays in use")
    }
  }

  /// Answers the requests that have arrived and ends the connections, unless that takes too long.
  private static func stop(_ server: Server, within seconds: Int) {
    server.endConnections()
    let deadline = ContinuousClock.now + .seconds(seconds)
    while !server.isIdle && .now < deadline { usleep(1000) }
    if !server.isIdle { printError("error: some connections were not answered within \(seconds) seconds") }
  }
}
