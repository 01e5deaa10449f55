import PerceptronDatasets
import PerceptronFiles
import PerceptronTestFiles
import Tensor
import Testing

@Suite struct TableTests {
  private func table(_ text: String, header: Table.Header = .automatic, tabs: Bool = false) throws(FileError) -> Table {
    try Table(Array(text.utf8), path: "t.csv", format: Table.Format(header: header, delimiter: tabs ? .tab : .comma))
  }

  @Test(arguments: ["\n", "\r\n", "\r"], ["", "\u{FEFF}"])
  func `a table is read whatever ends its lines and whether it begins with a byte order mark`(
    end: String, mark: String
  ) throws {
    let lines = ["a,b,kind", "1,2.5,x", "-3,4e2,y"]
    for tail in ["", end, end + end, end + "  " + end] {
      let table = try table(mark + lines.joined(separator: end) + tail)
      #expect(table.columnNames == ["a", "b", "kind"])
      #expect(table.rowCount == 2)
      #expect(try table.column(named: "a") == .numbers([1, -3]))
      #expect(try table.column(named: "b") == .numbers([2.5, 400]))
      #expect(try table.column(named: "kind") == .text(["x", "y"]))
    }
  }

  @Test func `tabs and commas are found, whatever the file is called, and files may be gzipped`() throws {
    let scratch = Scratch()
    let tabbed = Array("a\tb\n1,5\t 2 \n".utf8)
    for path in [scratch.file("t.tsv", tabbed), scratch.gzip("u.tsv.gz", tabbed)] {
      let table = try Table(contentsOf: path)
      #expect(table.columnNames == ["a", "b"])
      #expect(try table.column(named: "a") == .text(["1,5"]))
      #expect(try table.column(named: "b") == .numbers([2]))
    }
    let commas = Array("a,b\n1\t,2\n".utf8)
    for path in [scratch.file("t.csv", commas), scratch.gzip("u.csv.gz", commas), scratch.file("v.tsv", commas)] {
      #expect(try Table(contentsOf: path).column(named: "a") == .numbers([1]))
    }
  }

  @Test func `the first row is the header unless every field of it is a number`() throws {
    #expect(try table("a,b\n1,2").columnNames == ["a", "b"])
    #expect(try table("1,2\n3,4").columnNames == ["1", "2"])
    #expect(try table("1,2\n3,4").rowCount == 2)
    #expect(try table("id,2001\n1,4.9").columnNames == ["id", "2001"])
    #expect(try table("5.1,Iris-setosa\n4.9,Iris-setosa").rowCount == 1)
    #expect(try table("nan,inf\n1,2").columnNames == ["nan", "inf"])
  }

  @Test func `a header can be demanded and denied`() throws {
    let years = try table("2001,2002\n3,4", header: .present)
    #expect(years.columnNames == ["2001", "2002"] && years.rowCount == 1)
    let letters = try table("a,b\nc,d", header: .absent)
    #expect(letters.columnNames == ["1", "2"] && letters.rowCount == 2)
  }

  @Test func `a column without a name is called by its place, but never as another`() throws {
    #expect(try table(",a,\"\"\n1,2,3").columnNames == ["column 1", "a", "column 3"])
    #expect(try table(",column 1,1\n1,2,3").columnNames == ["column 1'", "column 1", "1"])
  }

  @Test func `quoted fields hold delimiters, quotes, line ends and spaces`() throws {
    let table = try table(
      "name,\"the, second\"\n\"a \"\"b\"\"\",1\n\"c\r\nd,\n\"  , 2 \n"
        + "  plain text  ,\" 3 \"\n\" \"\"\",4\n")
    #expect(table.columnNames == ["name", "the, second"])
    #expect(try table.column(named: "name") == .text(["a \"b\"", "c\r\nd,\n", "plain text", " \""]))
    #expect(try table.column(named: "the, second") == .numbers([1, 2, 3, 4]))
    #expect((0..<4).map(table.line(ofRow:)) == [2, 3, 6, 7])
  }

  @Test func `a quote within a field that does not begin with one stands for itself`() throws {
    #expect(try table("size\n5\" pipe\n").column(named: "size") == .text(["5\" pipe"]))
  }

  @Test func `a column that turns out to be text in a late row keeps the texts of the earlier rows`() throws {
    let table = try table("a,b,c\n007,1,1\n\"1\n2\",2.50,2\n3,x,3\ny,4,4\n")
    #expect(try table.column(named: "a") == .text(["007", "1\n2", "3", "y"]))
    #expect(try table.column(named: "b") == .text(["1", "2.50", "x", "4"]))
    #expect(try table.column(named: "c") == .numbers([1, 2, 3, 4]))
  }

  @Test func `fields may be empty, the last one too`() throws {
    let table = try table("a,b\n\"\",\n1,\n")
    #expect(try numbers(table, "a").map(\.isNaN) == [true, false])
    #expect(try numbers(table, "b").map(\.isNaN) == [true, true])
    #expect(try numbers(self.table("a,b\n1,"), "b").map(\.isNaN) == [true])
  }

  private func numbers(_ table: Table, _ column: String) throws -> [Double] {
    guard case .numbers(let numbers) = try table.column(named: column) else { return [] }
    return numbers
  }

  @Test func `missing fields do not make a column text, nor do numbers beyond the range`() throws {
    let table = try table("a,b\n,x\nNA,NA\n\"?\",\nnull,1\nNaN,inf\n-1e400,?\n2,2\n")
    let found = try numbers(table, "a")
    #expect(found.prefix(5).allSatisfy(\.isNaN) && found[5...] == [-.infinity, 2])
    #expect(try table.column(named: "b") == .text(["x", "NA", "", "1", "inf", "?", "2"]))
  }

  @Test func `many rows, short and long, are all there`() throws {
    var text = "a,b\n"
    for row in 0..<2000 { text += row < 500 ? "1,2\n" : "\(row).000000000000,\(row)\n" }
    let table = try table(text)
    #expect(table.rowCount == 2000 && table.line(ofRow: 1999) == 2001)
    #expect(try table.column(named: "b") == .numbers((0..<2000).map { $0 < 500 ? 2 : Double($0) }))
  }

  @Test func `the target is the last column, or given by name or number`() throws {
    let table = try table("a,3,c\n1,2,3")
    let named = try self.table("a,3,c\n1,2,3", header: .present)
    #expect(try table.targetIndices() == [2] && table.rowCount == 1)
    #expect(try named.targetIndices("a") == [0])
    #expect(try named.targetIndices("2") == [1])
    #expect(try named.targetIndices("3") == [1])  // The name comes first.
    #expect(try named.targetIndices("c,1") == [2, 0])
    #expect(try self.table("\"a,b\",b\n1,2", header: .present).targetIndices("a,b") == [0])  // And the whole name.
    #expect(try named.featureIndices(besides: [1]) == [0, 2])
    #expect(try named.columnIndices(named: ["c", "a"]) == [2, 0])
  }

  @Test func `chosen columns become a matrix of columns x rows`() throws {
    let table = try table("a,b,c\n1,x,3\n4,y,6\n")
    let matrix: Matrix<Float> = try table.matrix(ofColumns: [2, 0])
    #expect(matrix.rows == 2 && matrix.columns == 2)
    #expect([matrix[0, 0], matrix[1, 0], matrix[0, 1], matrix[1, 1]] == [3, 1, 6, 4])
  }

  @Test func `classes of numbers are ordered by value`() throws {
    let table = try table("y\n10\n9\n1.0\n-2.5\n1\n-0.0\n0\n")
    let names = try table.classNames(inColumn: 0)
    #expect(names == ["-2.5", "0", "1", "9", "10"])
    #expect(try table.classLabels(inColumn: 0, among: names) == [4, 3, 2, 0, 2, 1, 1])
  }

  @Test func `classes of text are ordered by Unicode scalars`() throws {
    let table = try table("y\nb\nZ\né\n10\n9\na\n")
    let names = try table.classNames(inColumn: 0)
    #expect(names == ["10", "9", "Z", "a", "b", "é"])
    #expect(try table.classLabels(inColumn: 0, among: names) == [4, 2, 5, 0, 1, 3])
  }

  @Test func `labels that are equal numbers are of one class`() throws {
    #expect(try table("y\n7\n1.0\n").classLabels(inColumn: 0, among: ["x", "07", "1"]) == [1, 2])
    #expect(try table("y\nx\n1.0\n").classLabels(inColumn: 0, among: ["1", "x"]) == [1, 0])
  }

  @Test func `misuse ends the program`() async {
    let column = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = try Table(Array("a\n1".utf8), path: "t").column(at: 1)
    }
    #expect(standardError(column).contains("column 1: the table has 1 columns, counted from 0"))
    let row = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = try Table(Array("a\n1".utf8), path: "t").line(ofRow: 1)
    }
    #expect(standardError(row).contains("row 1: the table has 1 rows"))
    let columns = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let matrix: Matrix<Float> = try Table(Array("a\n1".utf8), path: "t").matrix(ofColumns: [])
      _ = matrix
    }
    #expect(standardError(columns).contains("matrix(ofColumns: []): the table has the columns 0..<1"))
  }
}

@Suite struct LongIntegerTests {
  private func table(_ text: String, isText: Bool = false) throws(FileError) -> Table {
    try Table(Array(text.utf8), path: "t.csv", format: Table.Format(isText: { _ in isText }))
  }

  @Test func `whole numbers that no Double holds stay apart as labels, in ascending order`() throws {
    // 2^53 is exact, its neighbour above is not; the last is beyond 64 bits.
    let table = try table(
      "y\n9007199254740993\n9007199254740992\n-9007199254740993\n5\n18446744073709551616\n-9007199254740995\n"
        + "1582218195625938945\n9007199254740993.0\n9007199254740993\n")
    let names = try table.classNames(inColumn: 0)
    #expect(
      names == [
        "-9007199254740995", "-9007199254740993", "5", "9007199254740992", "9007199254740993", "1582218195625938945",
        "18446744073709551616",
      ])
    // With a point it is no whole number as people write them, and is rounded.
    #expect(try table.classLabels(inColumn: 0, among: names) == [4, 3, 1, 2, 6, 0, 5, 3, 4])
    #expect(
      #expect(throws: FileError.self) { _ = try table.classLabels(inColumn: 0, among: ["9007199254740992", "5"]) }
        == .unknownClass(
          path: "t.csv", line: 2, column: "y", label: "9007199254740993", classes: ["9007199254740992", "5"]))
  }

  @Test func `whole numbers that no Double holds are rounded as numbers`() throws {
    let table = try table("a,b\n9007199254740993,x\n+36893488147419103233,9007199254740993\n0000000000000000012,\n")
    #expect(try table.column(named: "a") == .numbers([0x1p53, 0x1p65, 12]))
    #expect(try table.column(named: "b") == .text(["x", "9007199254740993", ""]))
    let matrix: Matrix<Double> = try table.matrix(ofColumns: [0])
    #expect(matrix == [[0x1p53, 0x1p65, 12]])
    let preparation = try Preparation(fittedOn: self.table("a,y\n9007199254740993,1\n9007199254740995,2\n"))
    // The second rounds to ...996, as its tie goes to the even neighbour.
    #expect(preparation.inputs == .columns([.number(name: "a", mean: 9_007_199_254_740_994)]))
  }

  @Test func `a column that is to be read as text keeps its fields as they are written`() throws {
    let table = try table("a,b\n007,\n1.50,NA\n\" 2\",\n", isText: true)
    #expect(try table.column(named: "a") == .text(["007", "1.50", " 2"]))
    #expect(try table.column(named: "b") == .text(["", "NA", ""]))
  }

  @Test func `canonically equivalent texts are one`() throws {
    let table = try table("y\n\u{E9}\ne\u{301}\nK\n\u{212A}\n;\n\u{37E}\n")
    #expect(try table.classNames(inColumn: 0) == [";", "K", "\u{E9}"])
  }
}
