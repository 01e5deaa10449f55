import Tensor

/// Which process holds the features of each sample, if no process holds all.
package struct SampleHolders: Sendable {
  package let processes: Processes
  /// The number of samples of all processes together.
  let count: Int
  /// The number of samples of this process.
  let ownCount: Int
  /// Runs of samples that one process holds.
  private let runs: [Run]

  private struct Run: Equatable {
    let start: Int
    let owner: Int
    /// The number of the owner's samples before these.
    let firstPlace: Int
  }

  /// - Parameter lengths: The runs in the order of the samples, each with the process that holds it.
  package init(runs lengths: some Sequence<(count: Int, owner: Int)>, _ processes: Processes) {
    var counts = Array(repeating: 0, count: processes.count)
    var runs: [Run] = []
    var start = 0
    for (count, owner) in lengths {
      if runs.last?.owner != owner { runs.append(Run(start: start, owner: owner, firstPlace: counts[owner])) }
      start += count
      counts[owner] += count
    }
    (self.processes, self.runs, count, ownCount) = (processes, runs, start, counts[processes.rank])
  }

  /// The process that holds a sample, and the sample's place among all that it holds.
  subscript(sample: Int) -> (owner: Int, place: Int) {
    // Finds the last run that begins at the sample or before it.
    var (low, high) = (0, runs.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if runs[middle].start <= sample { low = middle } else { high = middle }
    }
    return (runs[low].owner, runs[low].firstPlace + sample - runs[low].start)
  }

  /// The holders of these samples, if each stays where it is.
  func keeping(_ samples: [Int]) -> SampleHolders {
    SampleHolders(runs: samples.lazy.map { (1, self[$0].owner) }, processes)
  }

  /// The holders of these samples and then of others, of which each process holds its share.
  func adding(_ others: Int) -> SampleHolders {
    let ends = runs.dropFirst().map(\.start) + [count]
    let shares = (0..<processes.count).map { (processes.share(of: others, rank: $0).count, $0) }
    return SampleHolders(
      runs: zip(runs, ends).map { ($1 - $0.start, $0.owner) } + shares.filter { $0.0 > 0 }, processes)
  }
}

extension SampleHolders: Equatable {
  package static func == (one: SampleHolders, other: SampleHolders) -> Bool {
    one.processes === other.processes && one.runs == other.runs && one.count == other.count
  }
}

extension SampleHolders {
  /// Moves columns of features to the processes that take them. All processes call this together.
  ///
  /// - Parameters:
  ///   - samples: The samples to be moved.
  ///   - takers: For each of them, the process that takes it; nil if all take all.
  ///   - own: The features of this process's samples.
  /// - Returns: The features of the samples that this process takes, in their order.
  func move<Scalar>(_ samples: ArraySlice<Int>, to takers: [Int]?, of own: Matrix<Scalar>) -> Matrix<Scalar> {
    let (rank, everyone) = (processes.rank, 0..<processes.count)
    // For each process, the places of the samples that it gets from here, and the columns that it fills here.
    var outgoing = everyone.map { _ in [Int]() }
    var incoming = outgoing
    var taken = 0
    for (offset, sample) in samples.enumerated() {
      let (owner, place) = self[sample]
      let taker = takers?[offset]
      if owner == rank { outgoing[taker ?? rank].append(place) }
      if taker == nil || taker == rank {
        incoming[owner].append(taken)
        taken += 1
      }
    }
    // If all take all, each gets the same.
    let sent = takers == nil ? everyone.map { _ in 0..<outgoing[rank].count } : ranges(outgoing)
    let received = ranges(incoming)
    var (result, arrived) = (
      Matrix<Scalar>(rows: own.rows, columns: taken),
      MatrixFiles.keep(in: nil) { Matrix<Scalar>(rows: own.rows, columns: taken) }
    )
    let leaving = takers == nil ? outgoing[rank] : outgoing.flatMap(\.self)
    own.copied(leaving, inOrder: leaving.ascendingPlaces).withReadOnlyTile { packed in
      arrived.withTile { arrived in
        for other in everyone where other != rank {
          processes.send(packed[columns: sent[other]].vector, to: other)
          processes.receive(arrived[columns: received[other]].vector, from: other)
        }
        processes.finish()
        arrived[columns: received[rank]].copy(packed[columns: sent[rank]])
      }
    }
    result.withTile { result in
      arrived.withReadOnlyTile { arrived in
        for (arrival, column) in incoming.joined().enumerated() {
          result[columns: column..<column + 1].copy(arrived[columns: arrival..<arrival + 1])
        }
      }
    }
    return result
  }

  /// The ranges of the elements of each list, if the lists are joined.
  private func ranges(_ lists: [[Int]]) -> [Range<Int>] {
    var end = 0
    return lists.map { list in
      defer { end += list.count }
      return end..<end + list.count
    }
  }
}
