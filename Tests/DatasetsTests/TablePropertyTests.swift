import PerceptronDatasets
import PerceptronFiles
import PerceptronTestFiles
import Tensor
import Testing

@Suite struct TablePropertyTests {
  @Test(arguments: 0..<100)
  func `a random table is read back to the bit`(seed: Int) throws {
    var generator = SplitMix(state: UInt64(seed))
    let columns = Int.random(in: 1...6, using: &generator)
    let rows = Int.random(in: 1...40, using: &generator)
    let isText = (0..<columns).map { _ in Int.random(in: 0..<3, using: &generator) == 0 }
    let end = Bool.random(using: &generator) ? "\n" : "\r\n"
    let names = (0..<columns).map { "n\($0)" }
    var numbers = [[Double]](repeating: [], count: columns)
    var texts = [[String]](repeating: [], count: columns)
    var file = names.joined(separator: ",") + end
    for row in 0..<rows {
      var fields: [String] = []
      for column in 0..<columns {
        if isText[column] {
          // One text at least that is no number, if only in the last row.
          let text = row == rows - 1 ? "end" : randomText(&generator)
          texts[column].append(text)
          fields.append(quoted(text))
        } else {
          let number = randomNumber(&generator)
          numbers[column].append(number)
          fields.append(number.description)
        }
      }
      file += fields.joined(separator: ",") + end
    }
    // The parts may be cut anywhere, and be more than the workers or fewer.
    let partSize = Int.random(in: 1...200, using: &generator)
    let pieceSize = Int.random(in: 1...500, using: &generator)
    let table = try Table(
      Array(file.utf8), path: "t.csv", format: Table.Format(delimiter: .comma), team: Team(workers: 2),
      partSize: partSize, pieceSize: pieceSize)
    #expect(table.columnNames == names && table.rowCount == rows)
    for column in 0..<columns {
      switch table.column(at: column) {
      case .numbers(let found): #expect(found.map(\.bitPattern) == numbers[column].map(\.bitPattern))
      case .text(let found): #expect(found == texts[column])
      }
    }
  }

  @Test func `errors and lines do not depend on where a table is cut`() {
    var generator = SplitMix(state: 7)
    let alphabet = Array("01a,,#\n\n\n\r\"\"".utf8)
    let team = Team(workers: 2)
    for _ in 0..<5000 {
      let bytes = Array("a,b\n".utf8) + (0..<30).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
      let whole = outcome(bytes)
      for (partSize, pieceSize) in [(1, 1000), (2, 9), (5, 1), (13, 5), (1000, 2), (1000, 17)] {
        #expect(outcome(bytes, team: team, partSize: partSize, pieceSize: pieceSize) == whole)
      }
    }
  }

  /// The rows' lines, the columns and the warnings of a table, or its error.
  private func outcome(
    _ bytes: [UInt8], team: Team = Team(workers: 1), partSize: Int = 1000, pieceSize: Int = 1000
  ) -> String {
    do throws(FileError) {
      let table = try Table(bytes, path: "t", team: team, partSize: partSize, pieceSize: pieceSize)
      let columns = table.columnNames.indices.map { "\(table.columnNames[$0]) \(table.column(at: $0))" }
      return "\((0..<table.rowCount).map(table.line(ofRow:))) \(columns) \(table.warnings)"
    } catch {
      return error.description
    }
  }

  @Test func `no prefix of a table goes further than an error or a shorter table`() throws {
    let whole = Array("\u{FEFF}a,\"b \"\"q\"\"\",c\r\n1,\"x\r\ny\",3e-5\r\n-2.5,é,4\n\"7\",\"\",1e400\n\n".utf8)
    for length in 0...whole.count {
      for header in [Table.Header.automatic, .present, .absent] {
        do throws(FileError) {
          let table = try Table(Array(whole.prefix(length)), path: "t", format: Table.Format(header: header))
          #expect(table.rowCount >= 1)
          for column in table.columnNames.indices { _ = table.column(at: column) }
        } catch {
          #expect(error.kind == .badData)
        }
      }
    }
  }

  @Test func `no row of random bytes goes further than an error or a table`() {
    var generator = SplitMix(state: 5)
    let alphabet = Array("0123456789.eE+-,,,\n\n\r\"\"\t ax".utf8) + [0, 0xC3, 0xA9, 0xFF]
    for _ in 0..<20_000 {
      let count = Int.random(in: 0...30, using: &generator)
      let bytes = (0..<count).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
      do throws(FileError) {
        let table = try Table(bytes, path: "t")
        for column in table.columnNames.indices {
          switch table.column(at: column) {
          case .numbers(let numbers): #expect(numbers.count == table.rowCount)
          case .text(let texts): #expect(texts.count == table.rowCount)
          }
        }
      } catch {
        #expect(error.kind == .badData && !error.description.contains("\n"))
      }
    }
  }

  private func randomNumber(_ generator: inout SplitMix) -> Double {
    switch Int.random(in: 0..<4, using: &generator) {
    case 0: return Double(Int.random(in: -1000...1000, using: &generator))
    case 1: return Double(Int.random(in: -100_000...100_000, using: &generator)) / 1000
    case 2: return Double.random(in: -1...1, using: &generator)
    default:
      let number = Double(bitPattern: generator.next())
      return number.isFinite ? number : -0.0
    }
  }

  private func randomText(_ generator: inout SplitMix) -> String {
    let pieces = ["a", "é", "\"", ",", "\n", "\r\n", "\r", " ", "\t", "12", "𝛼", ";"]
    return (0..<Int.random(in: 0...6, using: &generator))
      .map { _ in pieces.randomElement(using: &generator) ?? "" }
      .joined()
  }

  private func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      result.unicodeScalars.append(scalar)
      if scalar == "\"" { result.unicodeScalars.append(scalar) }
    }
    return result + "\""
  }
}
