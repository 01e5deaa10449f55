import CPerceptronKernels

/// The sizes of an embedding, as the kernels need them; see the layers' module for the mathematics.
@_documentation(visibility: internal)
public struct EmbeddingShape: Sendable, Equatable {
  /// The number of inputs.
  package let inputs: Int
  /// The indices of the inputs that are numbers, in increasing order.
  package let numbers: [Int]
  /// The number of waves of each number, and the number of components that they are mixed to.
  package let frequencies, components: Int

  package init(inputs: Int, numbers: [Int], frequencies: Int, components: Int) {
    self.inputs = inputs
    self.numbers = numbers
    self.frequencies = frequencies
    self.components = components
  }

  /// The largest possible number of components.
  package static var mostComponents: Int { Int(MOST_COMPONENTS) }
}
