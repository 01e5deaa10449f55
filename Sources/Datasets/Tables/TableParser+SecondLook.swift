import PerceptronFiles
import Tensor

// What is known of the columns only after the last file.

extension TableParser {
  mutating func replaceNumbers(
    inColumns columns: [Int], ofParts range: Range<Int>, in bytes: [UInt8], offset: Int, _ scanner: FieldScanner
  ) throws(FileError) {
    for index in range {
      var scanner = scanner
      scanner.move(to: parts[index].start + offset, line: parts[index].firstLine)
      guard scanner.position <= bytes.count else { throw .changed(path: scanner.path) }
      if parts[index].isHere {
        try parts[index].replaceNumbers(inColumns: columns, in: bytes.span, scanner, rules, &texts)
      } else if let processes, columns.contains(where: { parts[index].hasNumbers(inColumn: $0) }) {
        // The strings get the same codes on all processes.
        let length = parts[index].end - parts[index].start
        var part = try TablePart(
          &scanner, in: bytes.span, before: min(scanner.position + length, bytes.count), rules)
        part.joinTexts(&texts)
        part.leave(to: parts[index].owner, processes)
        parts[index] = part
      }
    }
  }

  /// Reads the pieces again in which columns seemed to be numeric but are not.
  mutating func replaceLateNumbers() throws(FileError) {
    for (index, file) in files.enumerated() {
      let late = pieces.filter { $0.file == index && !$0.lateColumns.isEmpty }
      guard !late.isEmpty else { continue }
      let input: ByteWindow
      if let bytes = file.bytes {
        input = bytes
      } else {
        guard let stream = try? open(file.path), stream.version == file.version else { throw .changed(path: file.path) }
        input = ByteWindow(stream, team: team)
      }
      rules.hasTrailingDelimiter = file.layout.hasTrailingDelimiter
      let scanner = FieldScanner(path: file.path, delimiter: file.layout.delimiter.rawValue, position: 0)
      for piece in late {
        let bytes = try input.bytes(from: piece.start, to: piece.end)
        let offset = -(parts[piece.parts.lowerBound].start)
        try replaceNumbers(inColumns: piece.lateColumns, ofParts: piece.parts, in: bytes, offset: offset, scanner)
        if MatrixFiles.directory != nil { moveToFile(piece.parts) }
      }
      try input.checkThatUnchanged()
    }
  }

  /// Removes the columns at the end whose fields are all empty; returns their number.
  mutating func removeEmptyColumns(atMost most: Int) -> Int {
    let count = (0..<min(most, rules.columnCount - 1)).prefix { index in
      let column = rules.columnCount - 1 - index
      return Array(texts[column]) == [""] && !parts.contains { $0.hasNumbers(inColumn: column) }
    }.count
    guard count > 0 else { return 0 }
    for index in parts.indices { parts[index].removeLastColumns(count) }
    texts.removeLast(count)
    rules.isText.removeLast(count)
    return count
  }
}
