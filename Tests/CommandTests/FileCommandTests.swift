import Foundation
import Testing

private let options = "--epochs 1 --hidden 4 --quiet"
private let classes = table(rows: 60) { $0 > $1 ? "more" : "less" }

@Test(
  """
  - is a table from standard input, through a pipe or from a file that was read in part, \
  and predictions to standard output
  """)
func standardInputAndOutput() throws {
  let workspace = try Workspace()
  try workspace.write(classes, to: "t.csv")
  #expect(try workspace.shell("$P train - --recipe plain \(options) -o m < t.csv").status == 0)
  #expect(try workspace.shell("cat t.csv | $P train - --recipe plain \(options) -o n").status == 0)
  // The models say where the data were, and here nothing else.
  #expect(try workspace.read("m") == workspace.read("n"))
  #expect(try workspace.shell("(read line; $P train - --recipe plain \(options) --no-header -o n) < t.csv").status == 0)
  #expect(try workspace.run("inspect n").output.contains("samples        60\n"))
  let (file, pipe) = (try workspace.run("predict m t.csv"), try workspace.shell("gzip -c t.csv | $P predict m - -o -"))
  #expect(file.status == 0 && pipe.status == 0 && pipe.output == file.output && file.lines.count == 61)
  #expect(try !workspace.files.contains("-"))
  func mistake(_ line: String, _ status: Int32, _ error: String) throws {
    let result = try workspace.shell(line)
    #expect(result.status == status && result.error == "error: \(error)")
  }
  try mistake(
    "$P train - --recipe plain \(options) --test - < t.csv", 64, "- is given twice; standard input can be read once")
  for option in ["-o", "--report", "--log"] {
    try mistake(
      "$P train t.csv --recipe plain \(options) \(option) -", 64,
      "\(option) -: standard output is for the results; name a file (./- is one too)")
  }
  try mistake(
    "$P train - --recipe plain \(options) < /dev/null", 65,
    "standard input: the file is empty, expected data; check how it was made")
  try mistake(
    "printf 'a,b\\n1,2,3,4\\n' | $P train -", 65,
    "standard input, line 2: found 4 fields, expected 2 as in the first row; add or remove fields, or put fields that"
      + " hold the delimiter in quotes")
}

@Test("Standard descriptors that are closed are taken by no file, and results that nobody gets are an error")
func closedDescriptors() throws {
  let workspace = try Workspace()
  try workspace.write(classes, to: "t.csv")
  let closed = try workspace.shell("$P train t.csv --recipe plain \(options) --log l.csv -o m >&-")
  #expect(closed.status == 74 && closed.error == "error: standard output cannot be written: it is closed")
  let log = String(decoding: try workspace.read("l.csv"), as: UTF8.self).split(separator: "\r\n")
  #expect(log.count == 2 && log[0].hasPrefix("epoch,") && log[1].hasPrefix("1,"))
  // Nothing is to be printed.
  #expect(try workspace.shell("$P predict m t.csv -o p.csv >&-").status == 0)
  #expect(try workspace.shell("$P predict m t.csv -o q.csv <&- >&- 2>&-").status == 0)
  #expect(try workspace.read("p.csv") == workspace.read("q.csv"))
  #expect(try workspace.shell("$P predict m - <&-").status == 74)
}

@Test("The size limit of files is one line, and nothing is left behind")
func fileSizeLimit() throws {
  let workspace = try Workspace()
  try workspace.write(classes, to: "t.csv")
  try workspace.write("old", to: "m")
  let result = try workspace.shell("ulimit -f 1; $P train t.csv --recipe plain --epochs 1 --hidden 400 --quiet -o m")
  #expect(result.status == 74)
  #expect(
    result.errors
      == "error: m: cannot be written: File too large; choose another path, or free space or permissions there\n")
  #expect(try workspace.read("m") == Array("old".utf8) && workspace.files == ["m", "t.csv"])
}

@Test("Arguments that are not UTF-8 are refused, for they would name other files")
func argumentsNotUTF8() throws {
  let workspace = try Workspace()
  try workspace.write(classes, to: "t.csv")
  let result = try workspace.shell("$P train t.csv --recipe plain \(options) -o $(printf 'm\\351')")
  #expect(result.status == 64)
  #expect(result.error == "error: argument 11, \"m\u{FFFD}\", is not UTF-8; rename the file, or make a link to it")
  #expect(try workspace.files == ["t.csv"])
}

@Test("Control characters of names never reach the terminal, and stay in predictions")
func controlCharacters() throws {
  let workspace = try Workspace()
  let text = "a,b,\"ki\u{1B}[2Jnd\nnext\"\n" + classes.split(separator: "\n").dropFirst().joined(separator: "\n")
  try workspace.write(text.replacing("more", with: "\u{1B}]0;title\u{7}\u{9B}\u{202E}"), to: "t.csv")
  let training = try workspace.run("train t.csv --recipe plain --epochs 1 --hidden 4 -o m --test t.csv --json")
  let evaluation = try workspace.run("evaluate m t.csv")
  let inspection = try workspace.run("inspect m")
  for result in [training, evaluation, inspection] {
    #expect(result.status == 0)
    for scalar in (result.output + result.errors).unicodeScalars {
      #expect(scalar == "\n" || scalar.properties.generalCategory != .control && scalar != "\u{202E}")
    }
  }
  #expect(inspection.output.contains("classes of ki\\u001B[2Jnd\\nnext: \\u001B]0;title\\u0007\\u009B\\u202E, less\n"))
  // JSON means the same as before.
  let json = try JSONSerialization.jsonObject(with: Data(try workspace.run("inspect m --json").output.utf8))
  #expect((json as? [String: Any])?["classes"] as? [String] == ["\u{1B}]0;title\u{7}\u{9B}\u{202E}", "less"])
  let prediction = try workspace.run("predict m t.csv")
  #expect(prediction.output.hasPrefix("\"ki\u{1B}[2Jnd\nnext\"\n"))
}

@Test("MNIST's files are found with - and with . in their names, plain and gzipped")
func namesOfMNIST() throws {
  let workspace = try Workspace()
  let images = idx([4, 1, 2], [0, 255, 255, 0, 0, 200, 200, 0])
  let labels = idx([4], [0, 1, 0, 1])
  let names = [
    "train-images.idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels.idx1-ubyte",
  ]
  for (index, name) in names.enumerated() { try workspace.write(index % 2 == 0 ? images : labels, to: name) }
  for name in [names[1], names[3]] { #expect(try workspace.shell("gzip \(name)").status == 0) }
  #expect(try workspace.run("train mnist:. \(options) --test mnist:. -o m").status == 0)
  try FileManager.default.removeItem(at: workspace.directory.appending(path: names[0]))
  let expected =
    "error: ./train-images-idx3-ubyte: cannot be opened: No such file or directory; check the path and the permissions"
  #expect(try workspace.run("train mnist:. \(options)").error == expected)
  // An array for a model of images.
  let array =
    [UInt8]([0x93] + "NUMPY".utf8 + [1, 0, 62, 0])
    + "{'descr': '|u1', 'fortran_order': False, 'shape': (4, 1, 2), }".utf8 + images.suffix(8)
  try workspace.write(array, to: "X.NPY")
  let (fromImages, fromArray) = (
    try workspace.run("predict m idx:\(names[2]) --probabilities"), try workspace.run("predict m X.NPY --probabilities")
  )
  #expect(fromImages.status == 0 && fromArray.output == fromImages.output)
}

@Test("Suffixes may be in capitals, and other kinds of files are named with what to do")
func suffixesAndKinds() throws {
  let workspace = try Workspace()
  try workspace.write(classes.replacing(",", with: "\t"), to: "T.TSV")
  #expect(try workspace.run("train T.TSV --recipe plain \(options)").status == 0)
  try workspace.write("@relation t\n@attribute a numeric\n@data\n1\n", to: "t.arff")
  let result = try workspace.run("train t.arff --recipe plain")
  #expect(result.status == 65)
  #expect(
    result.errors
      == "error: t.arff: found a Weka ARFF file, expected a table as CSV text; replace everything up to the line @data"
      + " by one line with the names of the attributes\n")
}
