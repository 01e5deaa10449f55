import Wire

/// A connection that asks one question after another.
struct Client {
  /// The results of one client, or of all clients.
  struct Tally {
    /// The time of each answer.
    var times: [Duration] = []
    var wrong = 0
    /// Questions that got no answer.
    var lost = 0
    /// The first answer that is wrong, or why questions were lost.
    var problem: String?

    mutating func add(_ other: Tally) {
      times += other.times
      wrong += other.wrong
      lost += other.lost
      problem = problem ?? other.problem
    }
  }

  let host: String
  let port: Int
  let loop: EventLoop

  func ask(_ questions: ArraySlice<Question>) async -> Tally {
    var tally = Tally()
    do {
      var lines = LineConnection(
        try Socket(connectingTo: host, port: port), on: loop, maximumLine: 1 << 20)
      for question in questions {
        let start = ContinuousClock.now
        try await lines.write(question.request)
        guard let line = try await lines.next() else {
          tally.problem = "the service closed a connection"
          break
        }
        tally.times.append(.now - start)
        let answer = String(decoding: line, as: UTF8.self) + "\n"
        if !question.answers.contains(answer) {
          tally.wrong += 1
          tally.problem = tally.problem ?? "asked \(String(decoding: question.request, as: UTF8.self))got \(answer)"
        }
      }
    } catch {
      tally.problem = "\(error)"
    }
    tally.lost = questions.count - tally.times.count
    return tally
  }
}
