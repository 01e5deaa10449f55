import Glibc
import Perceptron
import Synchronization
import Wire

private let areTasksStarted = Atomic<Bool>(false)

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
        Scorer(live: live, batching: batching, review: options.review), on: try EventLoop(),
        maximumRequest: options.maximumRequest,
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
    let reloader = Reloader(live)
    startTasks()
    print("listening on \(host):\(listener.port)")
    fflush(nil)
    while true {
      listener.waitForInput(or: signals)
      let received = Signals.take(from: signals)
      if received.contains(SIGHUP) { reloader.reload() }
      let isEnding = received.contains(SIGTERM) || received.contains(SIGINT)
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

  /// Lets Swift's run-time library open what it needs for tasks and clocks, before connections can take the last
  /// descriptors.
  private static func startTasks() {
    Task.detached {
      try? await Task.sleep(for: .milliseconds(1))
      areTasksStarted.store(true, ordering: .releasing)
    }
    while !areTasksStarted.load(ordering: .acquiring) { usleep(100) }
  }

  /// Answers the requests that have arrived and ends the connections, unless that takes too long.
  private static func stop(_ server: Server, within seconds: Int) {
    server.endConnections()
    let deadline = ContinuousClock.now + .seconds(seconds)
    while !server.isIdle && .now < deadline { usleep(1000) }
    if !server.isIdle { printError("error: some connections were not answered within \(seconds) seconds") }
  }
}
