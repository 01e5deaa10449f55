import Glibc
import PerceptronDatasets
import PerceptronFiles
import PerceptronTestFiles
import Tensor
import Testing

private func table(
  _ text: String, path: String = "t.csv", header: Table.Header = .automatic, delimiter: Table.Delimiter? = nil
) throws(FileError) -> Table {
  try Table(Array(text.utf8), path: path, format: Table.Format(header: header, delimiter: delimiter))
}

@Suite struct DelimiterTests {
  /// A table, and how it is cut.
  struct Sample: Sendable, CustomTestStringConvertible {
    let text: String
    var path = "t.csv"
    let delimiter: Table.Delimiter
    let names: [String]

    var testDescription: String { text.debugDescription }
  }

  @Test(arguments: [
    Sample(text: "a,b\n1,2\n", delimiter: .comma, names: ["a", "b"]),
    Sample(text: "a;b\n1;2\n", delimiter: .semicolon, names: ["a", "b"]),
    Sample(text: "a\tb\n1\t2\n", delimiter: .tab, names: ["a", "b"]),
    Sample(text: "a|b\n1|2\n", delimiter: .bar, names: ["a", "b"]),
    Sample(text: "a,b\n1,2\n", path: "t.tsv", delimiter: .comma, names: ["a", "b"]),
    // Decimal commas between semicolons, with a header and without one: as many commas in each row.
    Sample(text: "a;b;y\n1,5;2,25;0\n0,5;1,75;1\n", delimiter: .semicolon, names: ["a", "b", "y"]),
    Sample(text: "-1,179;-1,148;0\n1,101;0,203;1\n", delimiter: .semicolon, names: ["1", "2", "3"]),
    Sample(text: "1,5\t2,25\n0,5\t1,75\n", delimiter: .tab, names: ["1", "2"]),
    Sample(text: "1.234,5|2\n2.345,5|3\n", delimiter: .bar, names: ["1", "2"]),
    // Delimiters in quotes, and in texts.
    Sample(text: "\"x;y\",\"z;\"\n1,2\n", delimiter: .comma, names: ["x;y", "z;"]),
    Sample(text: "\"a\";\"b, c\"\n7.4;5\n", delimiter: .semicolon, names: ["a", "b, c"]),
    Sample(text: "name|score\nLee, Ann|3\nRay, Bob|4\n", delimiter: .bar, names: ["name", "score"]),
    Sample(text: "5.1,foo|bar\n4.9,baz|qux\n", delimiter: .comma, names: ["5.1", "foo|bar"]),
    // One column has no delimiter.
    Sample(text: "a\n1\n2\n", delimiter: .comma, names: ["a"]),
    Sample(text: "a\n1\n2\n", path: "T.TSV.GZ", delimiter: .tab, names: ["a"]),
  ])
  func `the delimiter is found`(_ sample: Sample) throws {
    let table = try table(sample.text, path: sample.path)
    #expect(table.delimiter == sample.delimiter)
    #expect(table.columnNames == sample.names)
  }

  @Test func `a delimiter that is given is taken`() throws {
    let table = try table("a;b,c\n1;2,3\n", delimiter: .semicolon)
    #expect(table.columnNames == ["a", "b,c"])
    for (text, delimiter) in [(",", Table.Delimiter.comma), ("\\t", .tab), ("\t", .tab), ("tab", .tab), ("|", .bar)] {
      #expect(Table.Delimiter(text) == delimiter)
    }
    #expect(Table.Delimiter("semicolon") == .semicolon && Table.Delimiter("x") == nil && Table.Delimiter("") == nil)
  }

  @Test(arguments: Table.Delimiter.allCases)
  func `a first line names the delimiter`(_ delimiter: Table.Delimiter) throws {
    let mark = String(UnicodeScalar(delimiter.rawValue))
    // Without that line the text would be cut at another mark.
    for start in ["sep=\(mark)\n", "\u{FEFF}SEP=\(mark) \r\n"] {
      let table = try table(start + ["a", "b"].joined(separator: mark) + "\n" + ["x", "2"].joined(separator: mark))
      #expect(table.delimiter == delimiter && table.columnNames == ["a", "b"] && table.rowCount == 1)
      #expect(table.line(ofRow: 0) == 3 && table.warnings == [])
    }
    #expect(try table("sep=\(mark)\na,b;c|d\te\n1,2;3|4\t5\n").delimiter == delimiter)
    #expect(try table("sep=\(mark)\na,b;c\n1,2;3\n", delimiter: .semicolon).columnNames == ["a,b", "c"])
    #expect(try table("sep=\(mark)x,y|z\n1,2|3\n", delimiter: delimiter == .bar ? .comma : .bar).rowCount == 1)
  }

  @Test func `one column of texts with other delimiters in them is one column`() throws {
    #expect(try table("place\nParis, France, Europe\nRome, Italy, Europe\n", path: "t.tsv").columnNames == ["place"])
  }

  @Test func `the error of a ragged row is that of the delimiter that most rows have`() {
    #expect(
      #expect(throws: FileError.self) { _ = try table("a;b;c\n1;2;3\n4;5;6\n7;8\n") }
        == .raggedRow(path: "t.csv", line: 4, found: 2, expected: 3))
  }
}

@Suite struct HeaderTests {
  @Test(
    arguments: [
      "1", "-1", "1,179", "1.234,5", "1,234.50", "1 234", "1\u{A0}234,5", "1\u{2009}234", "1'234", "12,34,567", "$5",
      "5 €", "-$1,000", "$-3", "12.5%", "\u{2212}3", "1e5", "1D-3", "2020-01-31", "31.1.2020", "1/31/2020",
      "2020-01-31T12:30:00Z", "2020-01-31 12:30:00.5+01:00", "12:30", "TRUE", "false", "\u{A0}7 ",
    ])
  func `a first row that holds numbers in a usual notation is data`(field: String) throws {
    #expect(try table("\"\(field)\"\t1\n\"\(field)\"\t3\n", delimiter: .tab).hasHeader == false)
  }

  @Test(
    arguments: [
      "a", "x1", "1a", "1.2.3", "1-800", "192.168.0.1", "1,2,3", "12 3", "e5", "1e", "$", "%", "-", "", "NA", "inf",
      "5 kg", "2020-", "12:", "1:2:3:4", "--1", "yes", "1 or 2",
    ])
  func `a first row that holds none is the header`(field: String) throws {
    #expect(try table("\"\(field)\"\tb\n2\t3\n", delimiter: .tab).hasHeader)
    if !["-", "", "NA", "inf"].contains(field) {
      #expect(try table("\"\(field)\"\t1\n2\t3\n", delimiter: .tab).hasHeader)
    }
  }

  @Test func `numbers that count are the header if the rows are others`() throws {
    let pandas = try table("0,1,2\n0.5,1.25,7\n-0.5,2.75,8\n")
    #expect(pandas.columnNames == ["0", "1", "2"] && pandas.rowCount == 2)
    #expect(
      pandas.warnings.map(\.description) == [
        "t.csv, line 1: taken for the header, because its numbers count up from 0 and the other rows are different;"
          + " say so if it is data"
      ])
    let indexed = try table(",0,1\n0,0.5,1.25\n1,2.5,2.75\n")
    #expect(indexed.columnNames == ["column 1", "0", "1"] && indexed.rowCount == 2)
    let years = try table("2019,2020,2021\n5,6,7\n8,9,10\n11,12,13\n")
    #expect(years.columnNames == ["2019", "2020", "2021"] && years.warnings.count == 1)
    let dates = try table("2020-01-31,2020-02-29\n1,2\n3,4\n")
    #expect(dates.columnNames == ["2020-01-31", "2020-02-29"] && dates.warnings == [])
    // They may be pixels.
    let pixels = try table("0,1,2,3\n0,0,3,1\n2,1,0,3\n")
    #expect(pixels.rowCount == 3 && pixels.columnNames == ["1", "2", "3", "4"])
    #expect(
      pixels.warnings.map(\.description) == [
        "t.csv, line 1: taken for data although its numbers count up from 0; say so if it is the header"
      ])
    #expect(try table("0,1,2\n0.5,1,2\n", header: .absent).warnings == [])
    #expect(try table("1,2\n3,4\n").warnings == [])
    #expect(try table("1,2,4\n0.5,1.5,2.5\n").rowCount == 2)
  }

  @Test func `a header that is mostly like the rows is warned of`() throws {
    let like = [DataWarning.headerLikeData(path: "t.csv", line: 1)]
    let dump = "100\t\\N\ta\t2023-05-08 10:00:00\t10.697\n101\t-\ta\t0000-00-00 00:00:00\t4.2\n"
    #expect(try table(dump + "102\t1.65\tb\t2023-05-04 10:00:00\t4.9\n103\t.\tb\t2023-05-04\t5\n").warnings == like)
    // Words that are in other rows, too; and one that is not.
    #expect(try table("red,no\nblue,no\nred,yes\n").warnings == like)
    #expect(try table("red,no\nblue,no\ngreen,yes\n").warnings == [])
  }

  @Test(arguments: [".", "-", "\\N"])
  func `a mark for no value does not make the first row a header`(mark: String) throws {
    #expect(try table("\(mark),1\n2,3\n").hasHeader == false)
    #expect(try table("\(mark),b\n2,3\n").hasHeader)
  }

  @Test func `a first row that holds the expected names is the header`() throws {
    func read(_ text: String, _ expected: [String]) throws -> Table {
      try Table(Array(text.utf8), path: "t.csv", format: Table.Format(expectedColumns: expected))
    }
    let years = ["2019", "2020", "2021"]
    for text in ["2019,2020,2021\n956,1052,1158\n947,1043,1148\n2018,2019,2021\n", "2019,2021\n1,2\n", "2020\n7\n"] {
      let table = try read(text, years)
      #expect(table.hasHeader && table.warnings == [])
    }
    let region = "region,2019,2020\nN,1,2\nS,3,4\n"
    #expect(try read(region, []).warnings == [.headerLikeData(path: "t.csv", line: 1)])
    #expect(try read(region, ["region"] + years).warnings == [])
    #expect(try read("0,1,2,3\n0,0,3,1\n2,1,0,3\n", ["0", "1", "2", "3"]).warnings == [])
    // Others are decided as before: those in another order, twice, or not expected at all.
    for text in ["2021,2019,2020\n1,2,3\n", "2019,2019,2020\n1,2,3\n", "5,6,7\n1,2,3\n"] {
      #expect(try read(text, years).hasHeader == false)
    }
    #expect(try read("5.1,3.5,setosa\n4.9,3.0,setosa\n", ["x", "y", "kind"]).warnings.count == 1)
  }

  @Test func `a model's names are expected unless they are places`() throws {
    func expected(_ text: String) throws -> [String] {
      try Preparation(fittedOn: table(text)).tableFormat.expectedColumns
    }
    #expect(try expected("x,g,y\n1,a,2.5\n2,b,3.5\n3,a,0.5\n") == ["x", "g", "y"])
    #expect(try expected("2019,2020,2021\n5,6,7.5\n8,9,10.5\n11,15,13.5\n") == ["2019", "2020", "2021"])
    #expect(try expected("1.5,2,0.5\n2.5,3,1.5\n1.5,7,8.5\n") == [])
  }

  @Test func `a header that is like the rows is warned of`() throws {
    #expect(
      try table("5.1,3.5,setosa\n4.9,3.0,setosa\n").warnings.map(\.description) == [
        "t.csv, line 1: taken for the header although it looks like a row of data; say so if it is data"
      ])
    #expect(try table("id,2001\n1,4.9\n").warnings == [])
    #expect(try table("5.1,3.5,setosa\n4.9,3.0,setosa\n", header: .present).warnings == [])
  }
}

@Suite struct ForgivenessTests {
  @Test func `blank lines are left out with one warning`() throws {
    let table = try table("\n \na,b\n1,2\n\n\r\n3,4\n\n\n")
    #expect(try table.column(named: "a") == .numbers([1, 3]))
    #expect([0, 1].map(table.line(ofRow:)) == [4, 7])
    #expect(
      table.warnings.map(\.description) == ["t.csv, line 1: found the first of 4 blank lines, which are left out"])
    #expect(
      try Table(Array("a\n1\n\n2\n".utf8), path: "t.csv").warnings
        == [.blankLines(path: "t.csv", line: 3, count: 1)])
  }

  @Test func `rows of delimiters only count as blank lines, at the end too`() throws {
    for (text, line, count) in [
      ("a,b\n1,2\n,\n3,4\n", 3, 1), ("a,b\n1,2\n\n, \n , ,,\n3,4\n\n,,\n\n", 3, 5),
      ("; ;\na,b\n1,2\n3,4\n", 1, 1), ("a\tb\n1\t2\n3\t4\n\t", 4, 1), ("a,b\r\n1,2\r\n3,4\r\n,\r\n,", 4, 2),
    ] {
      let table = try table(text)
      #expect(try table.column(named: "a") == .numbers([1, 3]) && table.columnNames == ["a", "b"])
      #expect(table.warnings == [.blankLines(path: "t.csv", line: line, count: count)])
    }
    // Empty texts in quotes, and one value, are a row.
    #expect(try table("a,b\n\"\",\"\"\n,1\n1,\n").rowCount == 3)
  }

  @Test func `columns at the end without names and values are left out with one warning`() throws {
    for (text, count) in [("x,g,y,,,\n1,a,2,,,\n3,b,4, ,,\n,,,,,\n", 3), ("x,g,y,\n1,a,2,,\n3,b,4,,\n", 2)] {
      let table = try table(text)
      #expect(table.columnNames == ["x", "g", "y"])
      #expect(try table.column(named: "y") == .numbers([2, 4]))
      #expect(table.warnings.filter { $0 == .emptyColumns(path: "t.csv", count: count) }.count == 1)
    }
    #expect(
      DataWarning.emptyColumns(path: "t.csv", count: 3).description
        == "t.csv: found 3 columns at the end without names and values; they are left out")
    // One value keeps its column, and those before it.
    let late = (0..<200).map { "\($0),,\($0 == 150 ? "7" : ""),\n" }.joined()
    #expect(try table("a,,,\n" + late).columnNames == ["a", "column 2", "column 3"])
    #expect(try table("1,2,,\n3,4,,\n").columnNames == ["1", "2"])
  }

  @Test func `a header that lacks a name for the names of rows gets one`() throws {
    let table = try table("\"x\",\"y\"\n\"1\",0.3,0.5\n\"2\",0.4,NA\n")
    #expect(table.columnNames == ["row names", "x", "y"] && table.rowCount == 2)
    #expect(try table.column(named: "x") == .numbers([0.3, 0.4]))
    #expect(
      table.warnings.map(\.description) == [
        "t.csv, line 1: found one field fewer in the header than in every row, so the rows begin with names;"
          + " that column is called \"row names\""
      ])
    #expect(try names("mpg;cyl\nMazda;21,5;6\nFiat;32,5;4\n") == ["row names", "mpg", "cyl"])
    #expect(try names("row names\nMazda,21.5\nFiat,32.5\n") == ["row names'", "row names"])
    // Not all rows, or an empty field at the end of one, or names that repeat.
    for text in ["a,b\n1,2,3\n4,5\n", "a,b\n1,2,3\n4,5,\n", "a,b\n1,2,3\n1,5,6\n"] {
      #expect(
        #expect(throws: FileError.self) { _ = try Table(Array(text.utf8), path: "t.csv") }
          == .raggedRow(path: "t.csv", line: 2, found: 3, expected: 2))
    }
  }

  @Test func `comments are left out with one warning, above the header too`() throws {
    let table = try table("# made by hand, or \"so\", on Monday\na,b\n1,2\n# don't\n#\n3,4\n# \"\n")
    #expect(table.columnNames == ["a", "b"])
    #expect(try table.column(named: "b") == .numbers([2, 4]))
    #expect((0..<2).map(table.line(ofRow:)) == [3, 6])
    #expect(
      table.warnings.map(\.description) == [
        "t.csv, line 1: found the first of 4 lines with a # at the start and a different number of fields from the"
          + " rows; they are left out as comments"
      ])
    // As many fields as the rows, but the next line is the header.
    #expect(try self.names("# made by, me\na,b\n1,2\n") == ["a", "b"])
  }

  private func names(_ text: String) throws -> [String] { try table(text).columnNames }

  @Test func `a header may stand behind a #`() throws {
    let table = try table("# saved by NumPy\n# a,b\n1,2\n3,4\n")
    #expect(table.columnNames == ["a", "b"] && table.rowCount == 2 && table.hasHeader)
    #expect(table.warnings == [.comments(path: "t.csv", line: 1, count: 1)])
    #expect(try names("# name,colour\nBob,red\nAnn,blue\n") == ["name", "colour"])
  }

  @Test func `rows may begin with a #`() throws {
    let colours = try table("colour,n\n#FF0000,1\n#00FF00,2\n")
    #expect(try colours.column(named: "colour") == .text(["#FF0000", "#00FF00"]))
    #expect(colours.warnings == [])
    let all = try table("#FF0000,1\n#00FF00,2\n", header: .absent)
    #expect(try all.column(named: "1") == .text(["#FF0000", "#00FF00"]))
    #expect(try table("c,n\n#F00,\"two\nlines\"\n").column(named: "n") == .text(["two\nlines"]))
  }

  @Test(arguments: ["a,b,\n1,2,\n3,4,\n", "a,b\n1,2,\n3,4,\n", "a,b\n1,2,\n3,4\n"])
  func `a delimiter at the end of each row is left out with a warning`(text: String) throws {
    let table = try table(text)
    #expect(table.columnNames == ["a", "b"])
    #expect(try table.column(named: "b") == .numbers([2, 4]))
    #expect(
      table.warnings.map(\.description) == [
        "t.csv: found a delimiter at the end of each row and nothing after it; it is left out"
      ])
  }

  @Test func `a last column that holds something is there`() throws {
    let headerless = try table("1,2,\n3,4,\n")
    #expect(headerless.columnNames == ["1", "2"] && headerless.warnings.count == 1)
    let late = (0..<200).map { "\($0),2,\($0 == 150 ? "7" : "")\n" }.joined()
    #expect(try table("a,b,\n" + late).columnNames == ["a", "b", "column 3"])
    #expect(
      #expect(throws: FileError.self) { _ = try table("a,b\n" + late) }
        == .raggedRow(path: "t.csv", line: 152, found: 3, expected: 2))
    #expect(try table("a,b,c\n1,2,\n").columnNames == ["a", "b", "c"])
  }
}

@Suite struct TableStreamTests {
  /// More than one piece of a file; the second column turns out to be text at the end.
  private func contents() -> [UInt8] {
    var text = "a,b\n"
    for row in 0..<1_500_000 { text += "\(row),0.\(row % 100)0\n" }
    return Array((text + "x y,z\n").utf8)
  }

  @Test func `a file is read in pieces to the same table, plain, gzipped or from a pipe`() throws {
    let scratch = Scratch()
    let bytes = contents()
    let path = "/dev/fd/"
    var descriptors: [Int32] = [0, 0]
    #expect(pipe(&descriptors) == 0)
    let writer = descriptors[1]
    let thread = Thread {
      var start = 0
      while start < bytes.count {
        let count = bytes.withUnsafeBytes { write(writer, $0.baseAddress! + start, $0.count - start) }
        guard count > 0 else { break }
        start += count
      }
      close(writer)
    }
    for path in [scratch.file("t.csv", bytes), scratch.gzip("t.csv.gz", bytes), path + "\(descriptors[0])"] {
      let table = try Table(contentsOf: path, team: Team(workers: 2))
      #expect(table.rowCount == 1_500_001 && table.line(ofRow: 1_500_000) == 1_500_002)
      guard case .text(let a) = table.column(at: 0), case .text(let b) = table.column(at: 1) else {
        Issue.record("the columns are not text")
        continue
      }
      #expect(a.enumerated().allSatisfy { $1 == ($0 < 1_500_000 ? String($0) : "x y") })
      #expect(b.enumerated().allSatisfy { $1 == ($0 < 1_500_000 ? "0.\($0 % 100)0" : "z") })
    }
    thread.join()
    close(descriptors[0])
  }
}

/// A thread that runs a closure.
private final class Thread {
  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  private var thread = pthread_t()

  init(_ run: @escaping @Sendable () -> Void) {
    let start = Unmanaged.passRetained(Body(run)).toOpaque()
    let code = pthread_create(
      &thread, nil,
      {
        Unmanaged<Body>.fromOpaque($0!).takeRetainedValue().run()
        return nil
      }, start)
    if code != 0 { fatalError("pthread_create: error \(code)") }
  }

  func join() { pthread_join(thread, nil) }
}
