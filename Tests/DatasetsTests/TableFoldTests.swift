import PerceptronDatasets
import PerceptronFiles
import Testing

private func table(_ fields: [String]) throws -> Table {
  try Table(Array(("t,x\n" + fields.map { "\($0),1\n" }.joined()).utf8), path: "t.csv")
}

@Test("Rows with the same field are of the same group, whether the fields are strings or numbers")
func groups() throws {
  #expect(try table(["b", "a", " b", "c", "a"]).groups(inColumn: "t") == [0, 1, 0, 2, 1])
  #expect(try table(["3", "1.0", "3", "1"]).groups(inColumn: "t") == [0, 1, 0, 1])
}

@Test(
  "Times are in the order of the numbers, dates or times of day",
  arguments: [
    ["3", "-1", "2.5", "1e3"], ["2024-03-01", "2023-12-31", "2024-02-29", "2025-01-01"],
    ["01.02.2024 10:00", "31.01.2024 23:59", "01.02.2024 09:59", "01.02.2024 10:01"],
    ["10:00", "09:15", "09:59", "23:00"], ["2024-05", "2023-12", "2024-01", "2024-06"],
    ["1.000,5", "999,5", "1.000,0", "1.001,5"].map { "\"\($0)\"" },
  ])
func times(fields: [String]) throws {
  let times = try table(fields).times(inColumn: "t")
  #expect(times.indices.sorted { times[$0] < times[$1] } == [1, 2, 0, 3])
}

@Test("A date that can be read in two ways is reported")
func doubtfulTimes() throws {
  var warnings: [String] = []
  _ = try table(["01/02/2024", "03/04/2024"]).times(inColumn: "t", warn: { warnings.append($0.code) })
  #expect(warnings == ["doubtful"])
}

@Test(
  "A row without a group or time is an error with its place",
  arguments: [
    (
      "group", ["a", "", "b"],
      """
      t.csv, line 3, column "t" (field 1): found an empty field, expected a group; fill in the group or remove the row
      """
    ),
    (
      "group", ["a", "b", "NA"],
      #"t.csv, line 4, column "t" (field 1): found "NA", expected a group; fill in the group or remove the row"#
    ),
    (
      "time", ["2024-01-01", "", "2024-01-02"],
      """
      t.csv, line 3, column "t" (field 1): found an empty field, expected a date or time as in other rows (Y-M-D); \
      correct the field or remove the row
      """
    ),
    (
      "time", ["1", "", "2"],
      """
      t.csv, line 3, column "t" (field 1): found an empty field, expected a number; fill in the value or remove the row
      """
    ),
    (
      "time", ["", ""],
      """
      t.csv, line 2, column "t" (field 1): found an empty field, expected a number; fill in the value or remove the row
      """
    ),
    (
      "time", ["1", "one", "two"],
      """
      t.csv, column "t": found text, such as "one", expected numbers, dates or times; name another column, or write \
      dates as YYYY-MM-DD
      """
    ),
  ])
func missingGroupOrTime(purpose: String, fields: [String], error: String) throws {
  let table = try table(fields)
  let found = #expect(throws: FileError.self) {
    if purpose == "group" { _ = try table.groups(inColumn: "t") } else { _ = try table.times(inColumn: "t") }
  }
  #expect(found?.description == error)
}
