import Foundation
import Testing

private func json(_ line: String) throws -> [String: Any] {
  try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
}

@Test("evaluate --importance sorts the columns, and names what was permuted")
func importance() throws {
  let workspace = try Workspace()
  let rows = (0..<300).map { row in
    let (a, b) = (row * 7 % 23, row * 5 % 19)
    return "same,\(a),\(b),\(a > 11 ? "more" : "less")\n"
  }
  try workspace.write("c,a,b,y\n" + rows.joined(), to: "t.csv")
  #expect(
    try workspace.run("train t.csv --recipe plain -o m --hidden 8 --epochs 200 --batch-size 16 --quiet").status == 0)
  let lines = try workspace.run("evaluate m t.csv --importance").lines
  let start = try #require(lines.firstIndex { $0.hasPrefix("importance: ") })
  #expect(lines[start].hasSuffix("takes from the accuracy, mean and deviation of 5 permutations"))
  let cells = lines[(start + 1)...].map { $0.split(separator: " ") }
  #expect(cells.map(\.first) == ["column", "a", "b", "c"] && cells[0].dropFirst() == ["loss", "±", "accuracy", "±"])
  // About half of the values that others get are on the other side.
  #expect(Double(cells[1][3])! > 0.3 && abs(Double(cells[2][3])!) < 0.1)
  #expect(cells[3].dropFirst() == ["0", "0", "0.0000", "0.0000"])
  let columns = try #require(
    json(workspace.run("evaluate m t.csv --importance --json").lines[0])["importance"] as? [[String: Any]])
  #expect(columns.map { $0["name"] as? String } == ["a", "b", "c"])
  let decrease = try #require(columns[0]["accuracy_decrease"] as? Double)
  #expect(abs(decrease - Double(cells[1][3])!) < 1e-4 && columns[0]["loss_increase"] is Double)
  #expect(columns[0]["accuracy_deviation"] is Double && columns[0]["rmse_increase"] == nil)
  #expect(try json(workspace.run("evaluate m t.csv --json").lines[0])["importance"] == nil)
}

@Test("The importances of a regression are in the units of the data, and 20 columns are printed")
func regressionImportance() throws {
  let workspace = try Workspace()
  let names = (0..<25).map { "n\($0)" }
  let rows = (0..<400).map { row in
    let values = names.indices.map { (row * (2 * $0 + 7) + $0) % 101 }
    return (values + [1000 * values[3]]).map(String.init).joined(separator: ",")
  }
  try workspace.write(([(names + ["y"]).joined(separator: ",")] + rows).joined(separator: "\n"), to: "t.csv")
  #expect(
    try workspace.run("train t.csv --recipe plain -o m --hidden= --epochs 200 --learning-rate 0.01 --quiet").status == 0
  )
  let lines = try workspace.run("evaluate m t.csv --importance").lines
  let start = try #require(lines.firstIndex { $0.hasPrefix("importance: ") })
  #expect(lines[start].contains("to the loss and to the RMSE") && lines.count == start + 23)
  #expect(lines.last == "--json prints all 25 columns")
  let best = lines[start + 2].split(separator: " ")
  // √2 times the deviation of the 101 numbers from 0 to 100, times 1000.
  #expect(best[0] == "n3" && abs(Double(best[3])! / (29_155 * 2.0.squareRoot()) - 1) < 0.15)
}

@Test("Images have no columns")
func imagesWithoutColumns() throws {
  let workspace = try Workspace()
  try workspace.write(idx([40, 2, 2], (0..<160).map { UInt8($0 / 4 % 2 * 200) }), to: "i")
  try workspace.write(idx([40], (0..<40).map { UInt8($0 % 2) }), to: "l")
  #expect(try workspace.run("train idx:i,l -o m --hidden 4 --epochs 2 --quiet --report r.html").status == 0)
  let run = try workspace.run("evaluate m idx:i,l --importance")
  #expect(run.status == 64 && run.error == "error: --importance is for tables; images have no columns")
  #expect(!String(decoding: try workspace.read("r.html"), as: UTF8.self).contains("Influence of the columns"))
}
