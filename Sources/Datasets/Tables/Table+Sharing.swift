import PerceptronFiles
import Tensor

extension Table {
  /// How processes share the rows of a table.
  struct Sharing: Sendable {
    let processes: Processes
    /// A checksum of the rows' bytes, the delimiter and the columns' names.
    let checksum: Checksum
  }

  /// A checksum of the rows, the delimiter and the columns' names if processes share the rows, otherwise nil. It does
  /// not depend on the number of processes, nor on what each holds.
  package var checksum: String? { sharing?.checksum.digits }

  /// The processes that each hold some rows; nil if this process holds all.
  var sharers: Processes? { sharing.flatMap { $0.processes.count > 1 ? $0.processes : nil } }

  /// The table with all fields of some columns. All processes ask for the same columns together.
  ///
  /// - Complexity: The processes exchange 8 bytes for each field of a column, and each needs memory for them.
  package func holding(_ columns: [Int]) -> Table {
    guard let processes = sharers else { return self }
    var table = self
    // The parts of each process, one process after the other.
    let order = parts.indices.sorted { (parts[$0].owner, $0) < (parts[$1].owner, $1) }
    var ends = [0]
    for index in order { ends.append(ends.last! + parts[index].rowCount) }
    let places = Dictionary(uniqueKeysWithValues: zip(order, zip(ends, ends.dropFirst()).map { $0..<$1 }))
    func share(of rank: Int) -> Range<Int> {
      let own = order.filter { parts[$0].owner == rank }
      return own.isEmpty ? 0..<0 : places[own[0]]!.lowerBound..<places[own[own.count - 1]]!.upperBound
    }
    let shares = (0..<processes.count).map(share)
    for column in columns {
      var fields = Matrix<Double>(rows: rowCount, columns: 1)
      fields.withTile { fields in
        for index in order where parts[index].isHere {
          parts[index].withColumn(column) { own in
            for row in own.indices { fields.base[places[index]!.lowerBound + row] = own[row] }
          }
        }
        processes.gather(fields) { shares[$0] }
      }
      let row = fields.reshaped(rows: 1, columns: rowCount)
      for index in order where !parts[index].isHere {
        table.parts[index].receive(row[columns: places[index]!], ofColumn: column)
      }
    }
    return table
  }

  /// The results of `body` for some columns, with a table that has all fields of the column. The team shares the work,
  /// one column each. If rows are held by other processes, the columns that are here at the same time take no more
  /// memory than this process's share of the table, except that one is always here.
  func map<Result>(columns: [Int], _ team: Team, _ body: (Table, _ place: Int) -> Result) -> [Result] {
    guard sharers != nil else { return team.map(columns.count) { body(self, $0) } }
    let atOnce = max(min(team.workerCount, ownRowCount * columnNames.count / rowCount), 1)
    return stride(from: 0, to: columns.count, by: atOnce).flatMap { start in
      let chosen = start..<min(start + atOnce, columns.count)
      let table = holding(Array(columns[chosen]))
      return team.map(chosen.count) { body(table, start + $0) }
    }
  }

  /// The largest of one number from each process that shares the rows; all ask together.
  func largest(_ number: Int) -> Int {
    guard let processes = sharers else { return number }
    return Int(processes.largest(Double(number)))
  }

  /// The number of rows that this process holds.
  var ownRowCount: Int { parts.reduce(0) { $0 + ($1.isHere ? $1.rowCount : 0) } }

  /// Which process holds each row; nil if this process holds all.
  var holders: SampleHolders? {
    guard let processes = sharers else { return nil }
    return SampleHolders(runs: parts.map { ($0.rowCount, $0.owner) }, processes)
  }
}
