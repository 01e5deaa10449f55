/// Ends a contestant with one line.
package struct ContestError: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}
