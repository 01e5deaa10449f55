import Foundation
import Testing

private let classes = table(rows: 200) { $0 > $1 ? "<more> & more" : "less" }
private let values = table(rows: 200) { "\(Double($0 - $1) + 0.5)" }

/// The page, after a check that it is well-formed: all but the first line, the HTML declaration, is XML.
private func page(_ bytes: [UInt8]) throws -> String {
  let text = String(decoding: bytes, as: UTF8.self)
  #expect(text.hasPrefix("<!DOCTYPE html>\n") && !text.contains("http:") && !text.contains("<script"))
  // Each element is closed by the one that was opened last.
  var open: [Substring] = []
  for tag in text.matches(of: /<(\/?)([a-z0-9]+)[^>]*?(\/?)>/) where tag.3.isEmpty {
    if tag.1.isEmpty { open.append(tag.2) } else { #expect(open.popLast() == tag.2) }
  }
  #expect(open.isEmpty)
  return text
}

@Test("A report of a classification has curves, the confusion matrix, escaped names and the command")
func classificationReport() throws {
  let workspace = try Workspace()
  try workspace.write(classes, to: "t&t.csv")
  let run = try workspace.run(
    "train t&t.csv --recipe plain --hidden 8 --epochs 5 --validation-split 0.25 --report r.html")
  #expect(run.status == 0 && run.lines.contains("wrote r.html"))
  let page = try page(workspace.read("r.html"))
  for part in [
    "Classification of y", "t&amp;t.csv", "&lt;more&gt; &amp; more", "class=\"confusion\"", "best epoch", "curve a",
    "curve b", "perceptron train &#39;t&amp;t.csv&#39;", "<dt>seed</dt><dd>0</dd>", "linear model",
    "width=device-width", "<h3>Reliability</h3>", "Expected calibration error: 0.",
    "Influence of the columns", "class=\"bar a\"", "mean probability over 15 values of a",
    "prefers-color-scheme: dark", "@media print",
  ] {
    #expect(page.contains(part), "\(part)")
  }
  #expect(!page.contains("<more>"))
}

@Test(
  "A report of several values or labels has a row for each, and one epoch is enough",
  arguments: [
    ("a,b", "predicted against true"), ("y", "predicted against true"),
  ])
func regressionReport(_ target: String, _ part: String) throws {
  let workspace = try Workspace()
  try workspace.write(values, to: "t.csv")
  #expect(
    try workspace.run(
      "train t.csv --recipe plain --target \(target) --task regression --epochs 1 --report r.html --no-baseline"
    )
    .status
      == 0)
  let page = try page(workspace.read("r.html"))
  #expect(page.ranges(of: part).count == 2 * target.split(separator: ",").count && page.contains("RMSE"))
  #expect(page.contains("increase of the RMSE") && !page.contains("Reliability"))
}

@Test("A log has a header and a line for each epoch, and is not one of the other files")
func log() throws {
  let workspace = try Workspace()
  try workspace.write(values, to: "t.csv")
  #expect(try workspace.run("train t.csv --recipe plain --epochs 3 --validation-split 0.5 --log l.csv").status == 0)
  let lines = String(decoding: try workspace.read("l.csv"), as: UTF8.self).components(separatedBy: "\r\n")
  #expect(
    lines[0] == "epoch,training_loss,validation_loss,validation_rmse,validation_mae,validation_r2,learning_rate,seconds"
  )
  #expect(lines.count == 5 && lines[4].isEmpty && lines[1...3].map { $0.prefix(2) } == ["1,", "2,", "3,"])
  #expect(lines[1...3].allSatisfy { $0.split(separator: ",").allSatisfy { Double($0) != nil } })

  for (words, error) in [
    ("--log t.csv", "error: --log t.csv is the data; name another file"),
    ("-o x --report ./x", "error: --report ./x is the file of -o; name another file"),
    ("--report x --log x", "error: --log x is the file of --report; name another file"),
  ] {
    let run = try workspace.run("train t.csv --recipe plain \(words)")
    #expect(run.error == error && run.status == 64)
  }
  #expect(try workspace.run("train t.csv --recipe plain --report no/r.html").status == 74)
  #expect(try workspace.files == ["l.csv", "t.csv"])
}

@Test("A resumed training's log has all epochs, and that of an ensemble says which network a line is of")
func logOfParts() throws {
  let workspace = try Workspace()
  try workspace.write(values, to: "t.csv")
  func columns(_ options: String) throws -> [[Substring]] {
    #expect(
      try workspace.run("train t.csv --recipe plain --validation-split 0.25 --hidden 4 --log l.csv \(options)").status
        == 0)
    let lines = String(decoding: try workspace.read("l.csv"), as: UTF8.self).split(separator: "\r\n")
    // The last column is the time.
    return lines.map { $0.split(separator: ",", omittingEmptySubsequences: false).dropLast() }
  }
  let whole = try columns("--epochs 6")
  #expect(try columns("--epochs 2 --checkpoint c") == Array(whole.prefix(3)))
  #expect(try columns("--epochs 6 --checkpoint c --resume") == whole)
  let ensemble = try columns("--epochs 2 --ensemble 2 --report r.html")
  #expect(ensemble.map { $0[0] }.sorted() == ["1", "1", "2", "2", "network"])
  #expect(Array(ensemble.filter { $0[0] == "1" }[1].dropFirst()) == whole[2])
  let page = try page(workspace.read("r.html"))
  #expect(page.contains("the first network of 2") && page.contains("2 networks, whose mean is the answer"))
}

@Test("On a narrow terminal the bar stays within the line and is gone at the end", arguments: [20, 40, 100])
func progressBar(_ columns: UInt16) throws {
  let workspace = try Workspace()
  try workspace.write(table(rows: 3000) { $0 > $1 ? "more" : "less" }, to: "t.csv")
  let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY)
  defer { close(terminal) }
  // Linux's TIOCSPTLCK and TIOCGPTN, which Glibc's module does not have.
  var (lock, number): (CInt, CInt) = (0, 0)
  #expect(ioctl(terminal, 0x4004_5431, &lock) == 0 && ioctl(terminal, 0x8004_5430, &number) == 0)
  let side = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
  var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
  #expect(ioctl(side, UInt(TIOCSWINSZ), &size) == 0)
  let process = Process()
  process.executableURL = workspace.program
  process.arguments = ["train", "t.csv", "--recipe", "plain", "--epochs", "100", "--hidden", "64", "--no-baseline"]
  process.currentDirectoryURL = workspace.directory
  process.environment = ["TERM": "xterm"]
  process.standardError = FileHandle(fileDescriptor: side)
  process.standardOutput = FileHandle.nullDevice
  try process.run()
  close(side)
  var text: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 4096)
  while case let count = read(terminal, &buffer, buffer.count), count > 0 { text += buffer[..<count] }
  process.waitUntilExit()
  #expect(process.terminationStatus == 0)
  let drawn = String(decoding: text, as: UTF8.self).components(separatedBy: "\r\u{1B}[J")
  // What was said before, bars that each fit the line, and the last line.
  #expect(drawn.count >= 3 && drawn[1...].dropLast().allSatisfy { $0.count < columns && !$0.contains("\n") })
  #expect(drawn.last!.hasPrefix("100 epochs in ") && drawn.last!.hasSuffix("samples/s\r\n"))
}
