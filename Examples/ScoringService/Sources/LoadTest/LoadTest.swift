import Glibc
import Perceptron
import Wire

/// Sends requests to a service over many connections and compares every answer with the model's own answer.
@main
enum LoadTest {
  static func main() async {
    let words = Array(CommandLine.arguments.dropFirst())
    if words.contains("-h") || words.contains("--help") {
      print(Options.help)
      return
    }
    do throws(Failure) {
      let tally = try await run(Options(words))
      exit(tally.lost + tally.wrong == 0 ? 0 : 1)
    } catch {
      error.end(usage: Options.usage)
    }
  }

  private static func run(_ options: Options) async throws(Failure) -> Client.Tally {
    // The questions are made before the clock starts.
    let questions = try questions(options)
    let client: Client
    do throws(SocketError) {
      client = Client(host: options.host, port: options.port, loop: try EventLoop())
    } catch {
      throw Failure(error)
    }
    let start = ContinuousClock.now
    let tally = await withTaskGroup(of: Client.Tally.self) { group in
      for index in 0..<options.clients {
        let share = questions[
          index * questions.count / options.clients..<(index + 1) * questions.count / options.clients]
        group.addTask { await client.ask(share) }
      }
      return await group.reduce(into: Client.Tally()) { $0.add($1) }
    }
    if tally.times.isEmpty, let problem = tally.problem {
      throw Failure(
        message:
          "\(options.host):\(options.port) does not answer: \(problem);"
          + " start the service, or give its address with --host and --port",
        exitCode: EX_UNAVAILABLE)
    }
    report(tally, options, ContinuousClock.now - start)
    return tally
  }

  private static func questions(_ options: Options) throws(Failure) -> [Question] {
    do {
      let models = try options.models.map { try Predictor<Float>(contentsOf: $0) }
      var generator = Philox(seed: 0)
      return try (0..<options.requests).map { _ in try Question(for: models, using: &generator) }
    } catch {
      throw (error as? FileError).map { Failure($0) } ?? Failure(message: "\(error)", exitCode: EX_DATAERR)
    }
  }

  private static func report(_ tally: Client.Tally, _ options: Options, _ time: Duration) {
    let times = tally.times.sorted()
    func microseconds(_ share: Double) -> Int {
      times.isEmpty ? 0 : Int(times[min(times.count - 1, Int(share * Double(times.count)))] / .microseconds(1))
    }
    print(
      "\(options.requests) requests from \(options.clients) connections: \(tally.lost) lost, \(tally.wrong) wrong")
    print(
      "\(Int(Double(times.count) / (time / .seconds(1)))) answers a second;"
        + " median \(microseconds(0.5)) µs, 99 % within \(microseconds(0.99)) µs")
    if let problem = tally.problem { printError("error: \(problem)") }
  }
}
