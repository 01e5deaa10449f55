import Foundation
import PerceptronDatasets
import PerceptronFiles
import PerceptronTestFiles
import Tensor
import Testing

private let format = Table.Format(header: .present, delimiter: .comma)

@Suite struct TableFilesTests {
  @Test(arguments: 0..<60)
  func `several files hold what one file with all rows holds`(seed: Int) throws {
    var generator = SplitMix(state: UInt64(seed))
    let columns = Int.random(in: 1...4, using: &generator)
    let header = (0..<columns).map { "n\($0)" }.joined(separator: ",") + "\n"
    var (all, files) = (header, [header])
    for _ in 0..<Int.random(in: 1...40, using: &generator) {
      if Int.random(in: 0..<8, using: &generator) == 0 { files.append(header) }
      let row = (0..<columns).map { _ in
        switch Int.random(in: 0..<60, using: &generator) {
        case 0: "\"a\nword\""
        case 1: "NA"
        case 2: ""
        case let number: "\(number % 9).50"
        }
      }
      let line = row.joined(separator: ",") + "\n"
      // A line of one empty field would be a blank line.
      guard line != "\n" else { continue }
      all += line
      files[files.count - 1] += line
    }
    guard all != header else { return }
    let whole = try Table(Array(all.utf8), path: "all", format: format)
    // The file and the line of each row; a field with a line end takes two lines.
    let places = files.enumerated().flatMap { file, text in
      var (places, line, isQuoted) = ([String](), 1, false)
      for row in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
        if line > 1, !isQuoted { places.append("\(file):\(line)") }
        if row.count(where: { $0 == "\"" }) % 2 == 1 { isQuoted.toggle() }
        line += 1
      }
      return places
    }
    let named = files.enumerated().map { ("\($0)", Array($1.utf8)) }
    let size = Int.random(in: 1...60, using: &generator)
    let table = try Table(
      files: named, format: format, team: Team(workers: 2), partSize: size, pieceSize: 2 * size)
    #expect(table.rowCount == whole.rowCount && table.columnNames == whole.columnNames)
    #expect((0..<table.rowCount).map { "\(table.path(ofRow: $0)):\(table.line(ofRow: $0))" } == places)
    for column in 0..<columns {
      #expect("\(table.column(at: column))" == "\(whole.column(at: column))")
    }
    // Processes that share the rows find the same, and the border between two files is part of the checksum.
    let checksums = try Processes.simulate(3) { processes in
      let own = try Table(
        files: named, format: format, sharedBy: processes, partSize: size, pieceSize: 2 * size
      ).holding(Array(0..<columns))
      for column in 0..<columns { #expect("\(own.column(at: column))" == "\(whole.column(at: column))") }
      return own.checksum
    }
    let alone = try Table(files: named, format: format, sharedBy: .alone).checksum
    #expect(checksums == [alone, alone, alone])
    if files.count(where: { $0 != header }) > 1 {
      #expect(try Table(files: [("all", Array(all.utf8))], format: format, sharedBy: .alone).checksum != alone)
    }
  }

  @Test func `files have places, warnings and text columns of their own and together`() throws {
    let table = try read(["a,b,\n1,x,\n\n2,y,\n", "\"a\",b,\n3,\"z\nz\",\n4,x,\n", "a,b,\n", "", "a,b,\nmany,x,\n"])
    #expect(table.column(at: 0) == .text(["1", "2", "3", "4", "many"]))
    #expect(table.columnNames == ["a", "b"] && table.path == "0 and 2 more")
    #expect((0..<5).map { "\(table.path(ofRow: $0)):\(table.line(ofRow: $0))" } == ["0:2", "0:4", "1:2", "1:4", "4:2"])
    #expect(
      table.warnings.map(\.description) == [
        "0: found a delimiter at the end of each row and nothing after it; it is left out; the same in 2 other files",
        "0, line 3: found a blank line, which is left out",
        "2: found no row of data; the file is left out; the same in 1 other file",
      ], "\(table.warnings)")
    let preparation = try Preparation(fittedOn: read(["a,y\n1,2\n", "a,y\n2,3.5\n"]))
    let error = #expect(throws: FileError.self) {
      let _: Samples<Float> = try preparation.samples(of: read(["a,y\n1,2\n", "a,y\n3,4\nx,5\n"]))
    }
    #expect(error?.description.hasPrefix("1, line 3, column \"a\" (field 1): found \"x\"") == true, "\(error!)")
  }

  @Test func `files of numbers without a header are one table`() throws {
    let table = try read(["1.5,2\n3,4\n", "5,6\n"])
    #expect(table.columnNames == ["1", "2"] && table.column(at: 1) == .numbers([2, 4, 6]))
    // Numbers that count up are a header in the first file alone.
    let more = try read(["0.5,0.25,7.5\n", "1,2,3\n0.5,1.5,2.5\n0.25,1.25,2.75\n0.125,1.75,2.25\n"])
    #expect(more.rowCount == 5 && more.column(at: 0) == .numbers([0.5, 1, 0.5, 0.25, 0.125]))
  }

  @Test func `files without rows may be anywhere`() throws {
    let table = try read(["\n", "a,b\n\n", "a,b\n1,x\n2,y\n", "a,b\n", "a,b\nz,x\n"])
    #expect(table.column(at: 0) == .text(["1", "2", "z"]) && table.path == "2 and 1 more")
    #expect(
      table.warnings.map(\.description) == ["0: found no row of data; the file is left out; the same in 2 other files"])
    let counts = try Processes.simulate(2) { processes in
      try Table(
        files: ["a\n\n", "a\n1\nx\n", "a\n"].enumerated().map { ("\($0)", Array($1.utf8)) }, sharedBy: processes
      ).rowCount
    }
    #expect(counts == [2, 2])
  }

  @Test func `a compressed file and one that cannot be read twice take part`() throws {
    let scratch = Scratch()
    let gzipped = scratch.gzip("1.csv", Array("a,y\n1.50,2\n".utf8))
    let last = scratch.file("2.csv", "a,y\nword,3\n")
    let pipe = scratch.path("0.csv")
    #expect(mkfifo(pipe, 0o600) == 0)
    Thread {
      guard let file = fopen(pipe, "w") else { return }
      // A pipe that is written after it was opened has another time of change.
      usleep(20_000)
      fputs("a,y\n1.0,1\n", file)
      fclose(file)
    }.start()
    let table = try Table(contentsOf: [pipe, gzipped, last])
    #expect(table.column(at: 0) == .text(["1.0", "1.50", "word"]))
  }

  @Test func `a file that changes before it is read again is an error`() throws {
    let scratch = Scratch()
    let first = scratch.file("0.csv", "a,y\n1,2\n")
    let pipe = scratch.path("1.csv")
    #expect(mkfifo(pipe, 0o600) == 0)
    Thread {
      // The pipe is opened after the first file has been read.
      guard let file = fopen(pipe, "w") else { return }
      if let first = fopen(first, "a") {
        fputs("3,4\n", first)
        fclose(first)
      }
      fputs("a,y\nword,2\n", file)
      fclose(file)
    }.start()
    let error = #expect(throws: FileError.self) { try Table(contentsOf: [first, pipe]) }
    #expect(error?.code == "changed" && error?.path == first)
  }

  @Test func `a table that exceeds the memory is refused after a few files`() throws {
    // Each file of zeros is a tenth of what its fields take, and is smaller still on the disk.
    let scratch = Scratch()
    let file = scratch.gzip(
      "zeros.csv", Array("a,y\n".utf8) + Array(repeating: Array("0,0\n".utf8), count: 1 << 20).joined())
    let paths = Array(repeating: file, count: 100_000)
    let error = #expect(throws: FileError.self) { try Table(contentsOf: paths, format: Table.Format(header: .present)) }
    #expect(error?.code == "exceedsMemory" && error?.description.hasPrefix("\(file) and 99999 more: ") == true)
  }

  @Test(arguments: [
    (["a,b\n1,2\n", "b,a\n1,2\n"], "1: found the columns \"b\", \"a\", expected \"a\", \"b\" as in 0;"),
    (["a,b\n1,2\n", "a,b,c\n1,2,3\n"], "1: found 3 columns, expected 2 as in 0;"),
    (["a\n\n", "a,b\n1,x\n2,y\n"], "1: found 2 columns, expected 1 as in 0;"),
    (["a\n\n", "a,b,,\n1,2,,\n3,4,,\n"], "1: found 4 columns, expected 1 as in 0;"),
    (["a,b\n1,2\n", "3,4\n5,6\n"], "1: found no header, expected that of 0; add that line to the file"),
    (["1.5,2\n3,4\n", "a,b\n5,6\n"], "1: found a header, expected none as in 0;"),
    (["a,b\n1,2\n", "a;b\n1;2\n"], "1: found 1 column, expected 2 as in 0;"),
    (["a,b\n1,2\n", "a,b\n1,2\n3\n"], "1, line 3: found 1 field, expected 2"),
    (["", "a,b\n"], "1: found a header but no row of data"),
    (["", "\n"], "0: the file is empty"),
  ])
  func `a file that does not fit the first is named`(texts: [String], message: String) {
    let error = #expect(throws: FileError.self) { try read(texts) }
    #expect(error?.description.hasPrefix(message) == true, "\(error!)")
  }

  @Test func `a pattern finds files as a shell does`() throws {
    let scratch = Scratch()
    for name in ["part-2.csv", "part-10.csv", "part-1.csv", "part-1.txt", "part[1].csv"] {
      scratch.file(name, "a,y\n1,2\n")
    }
    func names(_ pattern: String) -> [String] {
      ByteFile.paths(matching: scratch.path(pattern)).map { String($0.split(separator: "/").last!) }
    }
    #expect(names("part-*.csv") == ["part-1.csv", "part-10.csv", "part-2.csv"])
    #expect(names("part-[12].csv") == ["part-1.csv", "part-2.csv"])
    #expect(names("part-?.txt") == ["part-1.txt"])
    #expect(names("part[1].csv") == ["part[1].csv"])
    #expect(names("none-*.csv") == ["none-*.csv"])
    let table = try Table(contentsOf: ByteFile.paths(matching: scratch.path("part-*.csv")))
    #expect(table.rowCount == 3 && table.path(ofRow: 1).hasSuffix("part-10.csv"))
  }

  private func read(_ texts: [String]) throws(FileError) -> Table {
    try Table(files: texts.enumerated().map { ("\($0)", Array($1.utf8)) })
  }
}
