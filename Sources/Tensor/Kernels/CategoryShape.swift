/// The groups of one-hot inputs that have learnt vectors, as the kernels need them; see the layers' module for the
/// mathematics.
@_documentation(visibility: internal)
public struct CategoryShape: Sendable, Equatable {
  /// The number of inputs.
  package let inputs: Int
  /// Where each group starts and ends among the inputs.
  package let starts, ends: [Int]
  /// The size of the vectors.
  package let dimension: Int

  package init(inputs: Int, groups: [Range<Int>], dimension: Int) {
    self.inputs = inputs
    starts = groups.map(\.lowerBound)
    ends = groups.map(\.upperBound)
    self.dimension = dimension
  }
}
