/// The bins of numbers, as the kernels need them; see the layers' module for the mathematics.
@_documentation(visibility: internal)
public struct PieceShape: Sendable, Equatable {
  /// The number of inputs.
  package let inputs: Int
  /// The indices of the inputs that are numbers, in increasing order.
  package let numbers: [Int]
  /// The index of each number's first piece among all pieces, and the number of all pieces.
  package let starts: [Int]
  /// The lower end of each piece, and the inverse of its width.
  package let lower, factors: [Double]

  /// - Parameter edges: The ends of each number's pieces, in increasing order.
  package init(inputs: Int, numbers: [Int], edges: [[Double]]) {
    self.inputs = inputs
    self.numbers = numbers
    starts = edges.reduce(into: [0]) { $0.append($0.last! + $1.count - 1) }
    lower = edges.flatMap { $0.dropLast() }
    factors = edges.flatMap { zip($0, $0.dropFirst()).map { 1 / ($1 - $0) } }
  }

  /// The rows of a number's pieces.
  package func rows(ofNumber number: Int) -> [Int] {
    let first = inputs + starts[number] - number
    return [numbers[number]] + Array(first..<first + starts[number + 1] - starts[number] - 1)
  }
}
