import Glibc
import Perceptron
import Wire

/// Asks a service from many connections and compares every answer with the model's own.
@main
enum LoadTest {
  private static let help = """
    usage: LoadTest MODEL… --port N [--host ADDRESS] [--clients N] [--requests N]

    Asks a ScoringService random records and compares each answer with what MODEL answers; of several, for a service whose model is being replaced, with what any of them does.
    The exit code is 0 where no answer is lost or wrong.
    """

  static func main() async {
    do {
      let tally = try await run(Array(CommandLine.arguments.dropFirst()))
      exit(tally.lost + tally.wrong == 0 ? 0 : 1)
    } catch {
      print("error: \(error)")
      exit(64)
    }
  }

  private struct Mistake: Error, CustomStringConvertible {
    let description: String
  }

  private static func run(_ words: [String]) async throws -> Client.Tally {
    var (paths, host, numbers) = ([String](), "127.0.0.1", ["--port": 8080, "--clients": 64, "--requests": 10_000])
    var rest = words[...]
    while let word = rest.popFirst() {
      if word == "-h" || word == "--help" {
        print(help)
        exit(0)
      } else if !word.hasPrefix("-") {
        paths.append(word)
      } else if let value = rest.popFirst(), word == "--host" || numbers[word] != nil {
        if word == "--host" {
          host = value
        } else if let number = Int(value), number > 0 {
          numbers[word] = number
        } else {
          throw Mistake(description: "\(word): expected a whole number from 1 on, found \(value.debugDescription)")
        }
      } else {
        throw Mistake(description: "\(word) is unknown or has no value; --help lists the options")
      }
    }
    guard !paths.isEmpty else { throw Mistake(description: "MODEL is missing; --help lists the options") }
    let models = try paths.map { try Predictor<Float>(contentsOf: $0) }
    return try await run(
      models, host, port: numbers["--port"]!, clients: numbers["--clients"]!, requests: numbers["--requests"]!)
  }

  private static func run(
    _ models: [Predictor<Float>], _ host: String, port: Int, clients: Int, requests: Int
  ) async throws -> Client.Tally {
    var generator = Philox(seed: 0)
    // Made before the clock starts.
    let questions = try (0..<requests).map { _ in try Question(for: models, using: &generator) }
    let client = Client(host: host, port: port, loop: try EventLoop())
    let start = ContinuousClock.now
    let tally = await withTaskGroup(of: Client.Tally.self) { group in
      for index in 0..<clients {
        let share = questions[index * requests / clients..<(index + 1) * requests / clients]
        group.addTask { await client.ask(share) }
      }
      return await group.reduce(into: Client.Tally()) { $0.add($1) }
    }
    report(tally, requests, clients, ContinuousClock.now - start)
    return tally
  }

  private static func report(_ tally: Client.Tally, _ requests: Int, _ clients: Int, _ time: Duration) {
    let times = tally.times.sorted()
    func microseconds(_ share: Double) -> Int {
      times.isEmpty ? 0 : Int(times[min(times.count - 1, Int(share * Double(times.count)))] / .microseconds(1))
    }
    print("\(requests) requests from \(clients) connections: \(tally.lost) lost, \(tally.wrong) wrong")
    print(
      "\(Int(Double(times.count) / (time / .seconds(1)))) answers a second; median \(microseconds(0.5)) µs, 99 % within \(microseconds(0.99)) µs"
    )
    if let problem = tally.problem { print(problem) }
  }
}
