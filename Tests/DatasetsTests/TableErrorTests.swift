import PerceptronDatasets
import PerceptronFiles
import Tensor
import Testing

@Suite struct TableErrorTests {
  private func error(_ text: String, header: Table.Header = .automatic) -> String? {
    error(Array(text.utf8), header: header)
  }

  private func error(_ bytes: [UInt8], header: Table.Header = .automatic) -> String? {
    let error = #expect(throws: FileError.self) {
      _ = try Table(bytes, path: "t.csv", format: Table.Format(header: header))
    }
    #expect(error?.kind == .badData)
    return error?.description
  }

  /// The error of making a matrix of all columns.
  private func numericError(
    _ text: String, _ scalar: (some BLASScalar).Type = Double.self, header: Table.Header = .automatic
  ) -> String? {
    matrixError(text, scalar, header: header)?.description
  }

  private func matrixError<Scalar: BLASScalar>(
    _ text: String, _: Scalar.Type, header: Table.Header = .automatic
  ) -> FileError? {
    #expect(throws: FileError.self) {
      let table = try Table(Array(text.utf8), path: "t.csv", format: Table.Format(header: header))
      let _: Matrix<Scalar> = try table.matrix(ofColumns: Array(table.columnNames.indices))
    }
  }

  @Test func `a row with another number of fields`() {
    #expect(
      error("a,b\n1,2\n3\n") == "t.csv, line 3: found 1 field, expected 2 as in the first row;"
        + " add or remove fields, or put fields that hold the delimiter in quotes")
    #expect(error("a,b\n\"1\n\",2\n3,4,5")?.hasPrefix("t.csv, line 4: found 3 fields, expected 2 ") == true)
  }

  @Test func `a title above the header`() {
    for text in [
      "Report\n\nx,g,y\n1,a,2\n3,b,4\n", "Report\nx;g;y\n0,5;a;2,5\n1,5;b;2\n", "Report\nx,g,y\n1,a,2\nTotal,,2\n",
    ] {
      #expect(
        error(text) == "t.csv, line 1: found 1 field, expected 3 as in the following lines;"
          + " remove line 1 if it is a title, or put fields that hold the delimiter in quotes")
    }
    #expect(error("Report\nx,y\n1,2\n3,4\n")?.hasPrefix("t.csv, line 1: found 1 field, expected 2 as") == true)
    #expect(
      error("\nReport, 2023\na,b,c,d\n1,2,3,4\n")?.hasPrefix("t.csv, line 2: found 2 fields, expected 4 ") == true)
    // Rows of different lengths do not have a title.
    #expect(error("a\n1,2,3\n4\n")?.hasPrefix("t.csv, line 2: found 3 fields, expected 1 ") == true)
  }

  @Test func `more columns than any table has`() {
    let row = String(repeating: "a,", count: 100_000) + "\n"
    #expect(
      error(row) == "t.csv: found more than 100000 columns, which is the limit;"
        + " a line end may be missing, or write the data as a .npy file")
  }

  @Test func `a row that does not end`() {
    #expect(
      error("a,b\n1,2\n" + String(repeating: "1,", count: 200_000)) == "t.csv, line 3: found 100001 fields, expected 2"
        + " as in the first row; add or remove fields, or put fields that hold the delimiter in quotes")
    for field in ["x", "1", "\"x"] {
      let long = "a,b\n1,2\n3," + field + String(repeating: String(field.suffix(1)), count: 3_000_000)
      #expect(
        error(long) == "t.csv, line 3, field 2: found a field of more than 1048576 bytes, which is the limit;"
          + " a closing \" or a line end may be missing")
    }
  }

  @Test func `an empty file`() {
    for text in ["", "\n", " \r\n\n", "\u{FEFF}"] {
      #expect(error(text) == "t.csv: the file is empty, expected data; check how it was made")
    }
  }

  @Test func `a header without rows`() {
    for (text, header) in [("a,b\n", Table.Header.automatic), ("a,b", .automatic), ("1,2\n\n", .present)] {
      #expect(
        error(text, header: header) == "t.csv: found a header but no row of data, expected at least one;"
          + " add rows, or say that the file has no header")
    }
  }

  @Test func `a quote that is never closed`() {
    #expect(
      error("a,b\n1,2\n3,\"x\n4,5\n") == "t.csv, line 3: a quoted field opens here and the file ends inside it,"
        + " expected a closing \"; add it, and double each \" within a quoted field")
  }

  @Test func `text after a closing quote`() {
    #expect(
      error("a,b\n1,\"x\" y\n") == "t.csv, line 2, field 2: found text after the closing \","
        + " expected the field's end; double each \" within a quoted field")
  }

  @Test(arguments: ["a\n1\n\u{0}\n", "a\n1\n2\u{0}\n", "a\n1\n\"\u{0}\"\n", "a\n1\nx\u{0}"])
  func `a NUL byte`(text: String) {
    #expect(
      error(text) == "t.csv, line 3: found a NUL byte, expected text in UTF-8;"
        + " the file is binary or UTF-16, save it as UTF-8 text")
  }

  @Test func `text that is not UTF-8`() {
    let expected =
      "t.csv, line 2, field 2: found bytes that are not UTF-8, expected text in UTF-8;"
      + " convert the file, for example with iconv -f cp1252 -t utf-8"
    #expect(error(Array("a,b\n1,caf".utf8) + [0xE9]) == expected)
    #expect(error(Array("a,b\n1,\"\"\"caf".utf8) + [0xE9, 0x22]) == expected)
    #expect(error(Array("a,b\n1,".utf8) + [0xFF, 0x0A]) == expected)
    // A euro sign, as Windows writes it.
    #expect(error(Array("a,b\n1,5 ".utf8) + [0x80, 0x0A]) == expected)
  }

  @Test func `a column name twice`() {
    #expect(
      error("a,b,a\n1,2,3") == "t.csv, line 1: found the column name \"a\" twice, in fields 1 and 3,"
        + " expected distinct names; rename one, or say that the file has no header")
  }

  @Test func `a column that is not there`() throws {
    let table = try Table(Array("a,b\n1,2".utf8), path: "t.csv")
    for name in ["c", "0", "3", "-1"] {
      #expect(
        #expect(throws: FileError.self) { _ = try table.targetIndices(name) }?.description
          == "t.csv: found no column \"\(name)\", expected one of \"a\", \"b\" or a number from 1 to 2;"
          + " correct the name")
    }
    #expect(
      #expect(throws: FileError.self) { _ = try table.column(named: "c") }
        == .unknownColumn(path: "t.csv", name: "c", columns: ["a", "b"]))
    #expect(
      #expect(throws: FileError.self) { _ = try table.columnIndices(named: ["a", "c"]) }
        == .unknownColumn(path: "t.csv", name: "c", columns: ["a", "b"]))
  }

  @Test func `a target without features`() throws {
    let table = try Table(Array("a b\n1 2".utf8), path: "t.csv")
    #expect(
      #expect(throws: FileError.self) { _ = try table.featureIndices(besides: [0]) }?.description
        == "t.csv: found no column besides the target \"a b\", expected at least one feature;"
        + " check the delimiter: a comma, semicolon, tab or | is recognised if it splits all rows into equally"
        + " many fields")
  }

  @Test func `a field that is not a number`() {
    #expect(
      numericError("a,b\n1,2\n3,x4\n5,y\n") == "t.csv, line 3, column \"b\" (field 2): found \"x4\","
        + " expected a number; correct the field, or remove the column or the row")
    #expect(
      numericError("id,2001\n1,2", header: .absent)
        == "t.csv, line 1, column \"1\" (field 1): found \"id\", expected a number;"
        + " correct the field, or remove the column or the row, or say that the file has a header")
    #expect(numericError("a\n0x10\n")?.contains("found \"0x10\", expected a number;") == true)
  }

  @Test func `a field that is empty`() {
    #expect(
      numericError("a,b\n1,2\n,4\n") == "t.csv, line 3, column \"a\" (field 1): found an empty field,"
        + " expected a number; fill in the value or remove the row")
  }

  @Test func `a field too long or too strange to show`() {
    let long = String(repeating: "x", count: 1000)
    #expect(numericError("a\n\(long)\n")?.contains("found \"\(long.prefix(60))…\", expected") == true)
    #expect(numericError("a\n\"x\ny\u{1B}\"\n")?.contains("found \"x\\ny\\u{1B}\", expected") == true)
  }

  @Test(arguments: ["inf", "-inf", "Infinity", "1e999", "-1e400"])
  func `a number that is not finite`(field: String) {
    #expect(
      numericError("a,b\n1,2\n3,\(field)\n") == "t.csv, line 3, column \"b\" (field 2): found \"\(field)\","
        + " expected a finite number within range; correct the field or remove the row")
  }

  @Test func `a number beyond the range of the wanted type`() {
    #expect(
      matrixError("a\n1\n1e300\n", Float.self)
        == .notFinite(path: "t.csv", line: 3, column: "a", field: 1, text: "1e+300"))
  }

  @Test func `a label that is none of the classes`() throws {
    let texts = try Table(Array("x,y\n1,cat\n2,dog\n".utf8), path: "t.csv")
    #expect(
      #expect(throws: FileError.self) { _ = try texts.classLabels(inColumn: 1, among: ["ant", "cat"]) }?.description
        == "t.csv, line 3, column \"y\": found the label \"dog\", expected one of \"ant\", \"cat\";"
        + " correct the label, or train with rows of that class")
    let numbers = try Table(Array("1,2\n3,4\n".utf8), path: "t.csv")
    #expect(
      #expect(throws: FileError.self) { _ = try numbers.classLabels(inColumn: 1, among: ["2"]) }
        == .unknownClass(path: "t.csv", line: 2, column: "2", label: "4", classes: ["2"]))
  }

  @Test func `a label that is missing`() throws {
    let table = try Table(Array("x,y\n1,cat\n2,\n".utf8), path: "t.csv")
    let expected =
      "t.csv, line 3, column \"y\" (field 2): found an empty field, expected a class label;"
      + " fill in the label or remove the row"
    #expect(
      #expect(throws: FileError.self) { _ = try table.classNames(inColumn: 1) }?.description == expected)
    #expect(
      #expect(throws: FileError.self) {
        _ = try Table(Array("x,y\n1,NA\n2,b".utf8), path: "t.csv").classNames(inColumn: 1)
      }?.description
        == "t.csv, line 2, column \"y\" (field 2): found \"NA\", expected a class label;"
        + " fill in the label or remove the row, or say so if it is a label")
    // A tab in quotes, which no option could name within a line.
    #expect(
      #expect(throws: FileError.self) {
        _ = try Table(Array("x,y\n1,\"\t\"\n2,b".utf8), path: "t.csv").classNames(inColumn: 1)
      }?.description
        == "t.csv, line 2, column \"y\" (field 2): found \"\\t\", expected a class label;"
        + " fill in the label or remove the row")
    #expect(
      #expect(throws: FileError.self) { _ = try table.classLabels(inColumn: 1, among: ["cat"]) }?.description
        == expected)
  }

  @Test func `a long list of names is cut`() {
    let names = (1...25).map { "c\($0)" }
    let line = FileError.unknownColumn(path: "t", name: "x", columns: names, allowsNumber: true).description
    #expect(line.contains("\"c20\" and 5 more or a number from 1 to 25"))
  }

  @Test func `a file that is not there`() {
    let error = #expect(throws: FileError.self) { _ = try Table(contentsOf: "/nowhere/t.csv") }
    #expect(error == .cannotOpen(path: "/nowhere/t.csv", reason: "No such file or directory"))
  }
}
