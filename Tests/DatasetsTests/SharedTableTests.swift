import PerceptronDatasets
import PerceptronFiles
import PerceptronTestFiles
import Tensor
import Testing

// The processes are threads here.

private func shared(_ text: String, by processes: Processes, partSize: Int = 60) throws -> Table {
  try Table(Array(text.utf8), path: "t.csv", sharedBy: processes, partSize: partSize, pieceSize: 3 * partSize)
}

/// Columns of all kinds: numbers with missing fields, dates, strings, numbers that turn out to be strings late, and an
/// empty one at the end.
private func mixed(rows: Int) -> String {
  var text = "size,when,city,code,y,\n"
  for row in 0..<rows {
    let size = row % 7 == 3 ? "NA" : "\(Double(row * row % 101) / 4)"
    let code = row == rows - 2 ? "x9" : "\(row % 4)"
    text += "\(size),2024-0\(1 + row % 9)-1\(row % 10),city \(row % 5),\(code),\(row % 3 == 0 ? "no" : "yes"),\n"
  }
  return text
}

@Suite struct SharedTableTests {
  @Test(arguments: [1, 2, 3, 5])
  func `processes that share the rows prepare them as one that holds all`(count: Int) throws {
    let text = mixed(rows: 60)
    let whole = try Table(Array(text.utf8), path: "t.csv")
    @Sendable func prepared(_ table: Table) throws -> (Preparation, Samples<Float>, [String]) {
      var warnings = table.warnings.map { "\($0)" }
      let preparation = try Preparation(
        fittedOn: table, samples: Array(0..<50), scaling: .smoothClip, team: Team(workers: 2)
      ) { warnings.append("\($0)") }
      let samples: Samples<Float> = try preparation.samples(of: table) { warnings.append("\($0)") }
      return (preparation, samples, warnings)
    }
    let (preparation, samples, warnings) = try prepared(whole)
    #expect(warnings.contains { $0.contains("x9") })
    let indices = (0..<60).map { $0 * 7 % 60 }
    let takers = indices.map { $0 % count }
    let ownCounts = try Processes.simulate(count) { processes in
      let (ownPreparation, own, ownWarnings) = try prepared(shared(text, by: processes))
      #expect(ownPreparation == preparation)
      #expect(ownWarnings == warnings)
      #expect(own.targets == samples.targets)
      #expect(own.gathered(indices) == samples.gathered(indices))
      let kept = own.kept(Array(indices.prefix(30)))
      #expect(kept.gathered(0..<30) == samples.gathered(indices.prefix(30)))
      for others in [1, 30] {
        let added = samples.gathered(indices.prefix(others))
        #expect(own.joined(with: added).gathered(0..<60 + others) == samples.joined(with: added))
      }
      let (copy, places) = own.copied(indices[...], takers: takers)
      for (index, (place, taker)) in zip(indices, zip(places, takers)) where taker == processes.rank || count == 1 {
        #expect(copy.features[columns: place..<place + 1] == samples.features[columns: index..<index + 1])
        #expect(copy.targets[columns: place..<place + 1] == samples.targets[columns: index..<index + 1])
      }
      return own.ownFeatures.columns
    }
    #expect(ownCounts.reduce(0, +) == 60)
    #expect(ownCounts.allSatisfy { $0 > 0 })
  }

  @Test(arguments: 0..<30)
  func `columns of a shared table are those of the whole`(seed: Int) throws {
    var generator = SplitMix(state: UInt64(seed))
    let columns = Int.random(in: 1...4, using: &generator)
    let rows = Int.random(in: 1...40, using: &generator)
    var lines = [(0..<columns).map { "n\($0)" }.joined(separator: ",")]
    for _ in 0..<rows {
      let fields = (0..<columns).map { _ in
        let number = Int.random(in: 0..<60, using: &generator)
        return number == 0 ? "\"a\nword\"" : number == 1 ? "" : "\(number % 9).0"
      }
      lines.append(fields.joined(separator: ","))
    }
    let text = lines.joined(separator: "\n") + "\n"
    let whole = try Table(Array(text.utf8), path: "t.csv")
    let size = Int.random(in: 1...80, using: &generator)
    let checksums = try Processes.simulate(3) { processes in
      let table = try shared(text, by: processes, partSize: size).holding(Array(0..<columns))
      #expect(table.rowCount == whole.rowCount)
      for column in 0..<columns { #expect("\(table.column(at: column))" == "\(whole.column(at: column))") }
      for row in 0..<whole.rowCount { #expect(table.line(ofRow: row) == whole.line(ofRow: row)) }
      return table.checksum
    }
    let alone = try shared(text, by: .alone, partSize: size).checksum
    #expect(alone != nil && checksums.allSatisfy { $0 == alone })
  }

  @Test func `the first wrong field is named on all processes, whoever holds it`() throws {
    let preparation = try Preparation(fittedOn: Table(Array("a,y\n1,2\n2,3\n3,4.5\n".utf8), path: "fit.csv"))
    var text = "a,y\n"
    for row in 0..<40 { text += row == 25 || row == 38 ? "1e300,1\n" : "\(row),1\n" }
    let messages = try Processes.simulate(3) { [text] processes in
      let table = try shared(text, by: processes, partSize: 20)
      let error = #expect(throws: FileError.self) { _ = try preparation.samples(of: table, as: Float.self) }
      return "\(error!)"
    }
    #expect(messages.allSatisfy { $0 == messages[0] && $0.contains("line 27") })
  }

  @Test func `features that other processes hold are not taken for all`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = try Processes.simulate(2) { processes in
        let table = try Table(
          Array("a,y\n1,2\n2,3\n3,4.5\n".utf8), path: "t.csv", sharedBy: processes, partSize: 4, pieceSize: 4)
        return try Preparation(fittedOn: table).samples(of: table, as: Float.self).features.columns
      }
    }
    #expect(standardError(result).contains("other processes hold features of these samples"))
  }
}
