/// Determines which numbers of a tile are dropped: a function of the key, the stream and each number's position in the
/// whole matrix.
@_documentation(visibility: internal)
public struct DropoutPlace: Sendable {
  let probability: Double
  let key: UInt64
  let stream: UInt64
  let row: Int
  let column: Int

  package init(probability: Double, key: UInt64, stream: UInt64, row: Int, column: Int) {
    self.probability = probability
    self.key = key
    self.stream = stream
    self.row = row
    self.column = column
  }
}
