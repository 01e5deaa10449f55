import Foundation
import Testing

/// 30 000 rows of 12 numbers and a class.
private let table: String = {
  var number: UInt64 = 1
  func next() -> Double {
    number = number &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Double(number >> 40) / Double(1 << 24)
  }
  var text = (0..<12).map { "n\($0)," }.joined() + "y\n"
  for _ in 0..<30_000 {
    let numbers = (0..<12).map { _ in (next() * 1000).rounded() / 1000 }
    text += numbers.map { "\($0)," }.joined() + (numbers[0] + next() > numbers[1] + 0.5 ? "more\n" : "less\n")
  }
  return text
}()

@Test(
  "Data in files give the model that data in memory give, and no file is left",
  arguments: ["--recipe plain --epochs 2", "--epochs 1 --folds 2", "--recipe plain --epochs 1 --validation-split 0.3"])
func cache(options: String) throws {
  let workspace = try Workspace()
  try workspace.write(table, to: "t.csv")
  let inMemory = try workspace.run("train t.csv -o m \(options) --seed 1")
  let inFiles = try workspace.run("train t.csv -o f \(options) --seed 1 --cache a/b")
  #expect(inMemory.status == 0 && inFiles.status == 0, "\(inFiles.error)")
  let areEqual = try workspace.read("m") == workspace.read("f")
  #expect(areEqual)
  let files = try FileManager.default.contentsOfDirectory(atPath: workspace.directory.path + "/a/b")
  #expect(files.isEmpty)
}

@Test("A directory in which no file can be made is refused before the data are read")
func badCache() throws {
  let workspace = try Workspace()
  try workspace.write("a,y\n1,2\n", to: "t.csv")
  let refused = try workspace.run("train t.csv -o m --cache t.csv")
  #expect(refused.status == 74)
  #expect(
    refused.error
      == "error: --cache t.csv: no file can be made there: Not a directory; name another directory", "\(refused.error)")
}
