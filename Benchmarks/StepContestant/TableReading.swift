import Perceptron
import PerceptronContestant

/// Reads a CSV file as often as requested; the result of a table is the sum of its numbers.
struct TableReading {
  let path: String
  let team: Team

  func read() throws -> Table { try Table(contentsOf: path, header: .present, team: team) }

  /// The sum over all columns, which must be numeric.
  static func sum(_ table: Table) throws -> Double {
    try table.columnNames.indices.reduce(0) { sum, index in
      guard case .numbers(let numbers) = table.column(at: index) else {
        throw ContestError("\(table.path): the column \(table.columnNames[index]) is not numeric")
      }
      return sum + numbers.reduce(0, +)
    }
  }
}
