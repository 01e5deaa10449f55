import Datasets
import Tensor

extension FuzzTarget {
  /// The first byte says how the others are read.
  static let table = FuzzTarget(
    name: "table",
    seeds: {
      let numbers = "a,b,c\n1,2.5,-3e2\n4,NA,6\n7,8,9\n"
      let texts = "\u{FEFF}\"na\"\"me\",ü,\r\n\"x, y\",1,no\r\n z ,,yes\r\n\"two\r\nlines\",?,no\r\n\r\n"
      let tabs = "1\t2\t3\r4\t5\t6\r7\t\t-1e-320\r"
      return zip([0, 0, 1, 2, 4, 0x30], [numbers, texts, tabs, numbers, texts, texts]).map { [$0] + Array($1.utf8) }
    },
    words: [
      "\"", "\"\"", "\r\n", "\n\n", "NA", "NaN", "null", "?", "inf", "-inf", "1e308", "1e-320", "1e999", "-0",
      "9007199254740993", "0.1000000000000000055511151231257827", "\u{FEFF}", "1e9223372036854775808", ",,", "\t",
    ],
    read: { bytes in
      guard let mode = bytes.first else { return }
      let file = Array(bytes.dropFirst())
      let header: Table.Header = [.automatic, .present, .absent, .automatic][Int(mode >> 1 & 3)]
      do throws(DataError) {
        // Parts of few bytes, so that what begins in one and ends in another is met as well.
        func table(partSize: Int) throws(DataError) -> Table {
          try Table(
            file, path: "table", format: Table.Format(header: header, delimiter: mode & 1 == 0 ? .comma : .tab),
            partSize: partSize)
        }
        let whole = try withinBudget(file.count) { () throws(DataError) in try table(partSize: 1 << 22) }
        use(whole)
        if mode & 0xF0 != 0 {
          let parts = try table(partSize: Int(mode >> 4))
          guard parts.rowCount == whole.rowCount, parts.columnNames == whole.columnNames,
            whole.columnNames.indices.allSatisfy({ areSame(parts.column(at: $0), whole.column(at: $0)) })
          else { fail("a table read in parts is another") }
        }
      } catch { check(error) }
    })
}

private func areSame(_ left: Table.Column, _ right: Table.Column) -> Bool {
  switch (left, right) {
  case (.numbers(let left), .numbers(let right)): left.map(\.bitPattern) == right.map(\.bitPattern)
  case (.text(let left), .text(let right)): left == right
  default: false
  }
}

/// Fits a preparation, of another kind for another number of rows, and prepares the table.
func use(_ table: Table) {
  for row in [0, table.rowCount - 1] { _ = table.line(ofRow: row) }
  // So many categories of so many rows would take the memory that is meant for the reading.
  guard table.rowCount * table.columnNames.count <= 512 else { return }
  let methods = Scaling.Method.allCases
  do throws(DataError) {
    let preparation = try Preparation(fittedOn: table, scaling: methods[table.rowCount % methods.count])
    let samples: Samples<Float> = try preparation.samples(of: table)
    guard samples.count == table.rowCount, samples.features.rows == preparation.inputCount,
      samples.targets.rows == preparation.outputCount
    else { fail("\(samples.features.shape) features of \(table.rowCount) rows") }
  } catch { check(error) }
}
