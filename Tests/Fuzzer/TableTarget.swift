import PerceptronDatasets
import PerceptronFiles
import Tensor

extension FuzzTarget {
  /// The first byte says how the others are read.
  static let table = FuzzTarget(
    name: "table",
    seeds: {
      let numbers = "a,b,c\n1,2.5,-3e2\n4,NA,6\n7,8,9\n"
      let texts = "\u{FEFF}\"na\"\"me\",ü,\r\n\"x, y\",1,no\r\n z ,,yes\r\n\"two\r\nlines\",?,no\r\n\r\n"
      let tabs = "1\t2\t3\r4\t5\t6\r7\t\t-1e-320\r"
      let semicolons = "1,5;2,25;0\n0,5;1.234,75;1\n"
      let remarks = "# by hand\n# a|b|\n\n1|9007199254740993|\n# \"\n#F00|x|\n"
      let files = "a,b\n1,x\n\u{1E}a,b\n\n\u{1E}\u{1E}a,b,\nword,y,\n"
      let all = [numbers, texts, tabs, semicolons, remarks, files]
      let modes: [UInt8] = [0, 1, 2, 4, 0x30, 0x51, 0xA3, 0xF5, 0x10]
      return all.enumerated().flatMap { index, text in
        [modes[index], modes[index + 3]].map { [$0] + Array(text.utf8) }
      }
    },
    words: [
      "\"", "\"\"", "\r\n", "\n\n", "NA", "NaN", "null", "?", "inf", "-inf", "1e308", "1e-320", "1e999", "-0",
      "9007199254740993", "0.1000000000000000055511151231257827", "\u{FEFF}", "1e9223372036854775808", ",,", "\t", ";",
      "|",
      "\u{1E}", "\u{1E}a,b\n", "#", "\n#", ",\n", "0,1,2\n", "2020-01-31", "1\u{A0}234,5 €", "true", "\u{212A}",
    ],
    read: { bytes in
      guard let mode = bytes.first else { return }
      let file = Array(bytes.dropFirst())
      let header: Table.Header = [.automatic, .present, .absent, .automatic][Int(mode >> 1 & 3)]
      let delimiters: [Table.Delimiter?] = [nil, .comma]
      let format = Table.Format(header: header, delimiter: delimiters[Int(mode & 1)]) { [mode] name in
        mode & 8 != 0 && name.utf8.count % 2 == 1
      }
      // Parts and pieces of few bytes, so that what begins in one and ends in another is met as well.
      func outcome(partSize: Int, pieceSize: Int) -> Result<Table, FileError> {
        Result { () throws(FileError) in
          try Table(file, path: "table", format: format, partSize: partSize, pieceSize: pieceSize)
        }
      }
      let whole = withinBudget(file.count) { outcome(partSize: 1 << 20, pieceSize: 1 << 24) }
      switch whole {
      case .success(let table): use(table)
      case .failure(let error): check(error)
      }
      let size = Int(mode >> 4)
      guard size > 0 else { return }
      for other in [outcome(partSize: size, pieceSize: 1 << 24), outcome(partSize: 1 + size / 2, pieceSize: size)] {
        guard areSame(whole, other) else { fail("a table read in parts is another") }
      }
      // The same bytes as several files, which end at record separators.
      let files = file.split(separator: 0x1E, omittingEmptySubsequences: false).enumerated().map {
        ("\($0)", Array($1))
      }
      guard files.count > 1 else { return }
      do throws(FileError) {
        use(try Table(files: files, format: format, partSize: size, pieceSize: 1 + size / 2))
      } catch {
        check(error)
      }
    })
}

private func areSame(_ left: Result<Table, FileError>, _ right: Result<Table, FileError>) -> Bool {
  switch (left, right) {
  case (.failure(let left), .failure(let right)): left == right
  case (.success(let left), .success(let right)):
    left.rowCount == right.rowCount && left.columnNames == right.columnNames && left.warnings == right.warnings
      && (0..<left.rowCount).allSatisfy { left.line(ofRow: $0) == right.line(ofRow: $0) }
      && left.columnNames.indices.allSatisfy { areSame(left.column(at: $0), right.column(at: $0)) }
  default: false
  }
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
  do throws(FileError) {
    let preparation = try Preparation(fittedOn: table, scaling: methods[table.rowCount % methods.count])
    let samples: Samples<Float> = try preparation.samples(of: table)
    guard samples.count == table.rowCount, samples.features.rows == preparation.inputCount,
      samples.targets.rows == preparation.outputCount
    else { fail("\(samples.features.shape) features of \(table.rowCount) rows") }
  } catch { check(error) }
}
