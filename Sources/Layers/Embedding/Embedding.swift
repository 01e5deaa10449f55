import Tensor

/// What a network does with its inputs before its first layer: numbers become waves, and every value is scaled.
///
///     e = x                                               each input
///     e = c + V cos 2π(w x + φ)                           the components of each number x
///     A₀ = s ∘ e
///
/// w, φ, V, c and s are learnt. The frequencies let a network learn a function with steps and bends, which its layers
/// learn slowly from x itself; the scales let it weigh its inputs. These are the PBLD embedding and the scaling layer
/// of Holzmüller, Grinsztajn and Steinwart (2024), after the periodic embeddings of Gorishniy, Rubachev and Babenko
/// (2022).
///
/// - Shapes: x inputSize × batch, e and A₀ outputSize × batch: the inputs first, then the components of each number. w
///   and φ frequencies × 1, V components × frequencies and c components × 1 for each number, s outputSize × 1.
public struct Embedding: Sendable, Equatable {
  /// The number of inputs.
  public let inputSize: Int
  /// The indices of the inputs that are numbers and get components, in increasing order.
  public let numbers: [Int]
  /// The number of waves of each number.
  public let frequencies: Int
  /// The number of components of each number.
  public let components: Int
  let shape: EmbeddingShape

  /// Makes an embedding; a ``Network`` holds its parameters.
  ///
  /// - Parameters:
  ///   - numbers: The indices of the inputs that get components. If there are none, inputs are only scaled.
  ///   - frequencies: The number of waves of each number.
  ///   - components: The number of components of each number, at most 16.
  /// - Precondition: Traps unless there is an input, the indices increase and are below inputSize, there is at least
  ///   one frequency, and there are from 1 to 16 components. Traps if there are too many parameters.
  public init(_ inputSize: Int, numbers: [Int] = [], frequencies: Int = 16, components: Int = 3) {
    guard Self.isPossible(inputSize, numbers: numbers, frequencies: frequencies, components: components) else {
      fail(
        "cannot embed \(inputSize) inputs, of which \(numbers.count) are numbers, in \(frequencies) frequencies and"
          + " \(components) components")
    }
    self.inputSize = inputSize
    self.numbers = numbers
    self.frequencies = frequencies
    self.components = components
    shape = EmbeddingShape(
      inputs: inputSize, numbers: numbers, frequencies: frequencies, components: numbers.isEmpty ? 0 : components)
  }

  /// Whether ``init(_:numbers:frequencies:components:)`` accepts these.
  package static func isPossible(_ inputSize: Int, numbers: [Int], frequencies: Int, components: Int) -> Bool {
    (1...1 << 40).contains(inputSize) && (1...1 << 16).contains(frequencies)
      && (1...EmbeddingShape.mostComponents).contains(components) && numbers.allSatisfy((0..<inputSize).contains)
      && zip(numbers, numbers.dropFirst()).allSatisfy(<)
  }

  /// inputSize, plus the number of components of all numbers.
  public var outputSize: Int { inputSize + components * numbers.count }

  /// outputSize + (2 · frequencies + components · (frequencies + 1)) for each number.
  public var parameterCount: Int {
    outputSize + numbers.count * (2 * frequencies + components * (frequencies + 1))
  }
}

/// A parameter of an ``Embedding``, for all its numbers together.
public enum EmbeddingParameter: String, Sendable, CaseIterable {
  /// s, outputSize × 1.
  case scale
  /// w, frequencies × numbers.
  case frequencies
  /// φ, frequencies × numbers, in turns.
  case phases
  /// V, components × (frequencies · numbers): the columns of each number are adjacent.
  case weights
  /// c, components × numbers.
  case bias
}

extension Embedding {
  /// The numbers of rows and columns of a parameter.
  public func shape(of parameter: EmbeddingParameter) -> (rows: Int, columns: Int) {
    switch parameter {
    case .scale: (outputSize, 1)
    case .frequencies, .phases: (frequencies, numbers.count)
    case .weights: (components, frequencies * numbers.count)
    case .bias: (components, numbers.count)
    }
  }

  /// The index where a parameter begins in the embedding's part of the parameters.
  func offset(of parameter: EmbeddingParameter) -> Int {
    EmbeddingParameter.allCases.prefix { $0 != parameter }.reduce(0) { $0 + shape(of: $1).rows * shape(of: $1).columns }
  }

  /// The parameters before training: s = 1, w from N(0, 0.1²), φ from U(±½), V and c from U(±1 / √frequencies).
  func initialParameters<Scalar>(
    _ parameter: EmbeddingParameter, using generator: inout Philox
  ) -> Matrix<Scalar> {
    let (rows, columns) = shape(of: parameter)
    var matrix = Matrix<Scalar>(rows: rows, columns: columns, repeating: 1)
    let bound = 1 / Double(frequencies).squareRoot()
    switch parameter {
    case .scale: break
    case .frequencies: matrix.fillNormal(standardDeviation: 0.1, using: &generator)
    case .phases: matrix.fillUniform(-0.5...0.5, using: &generator)
    case .weights, .bias: matrix.fillUniform(-bound...bound, using: &generator)
    }
    return matrix
  }
}

extension Embedding: CustomStringConvertible {
  public var description: String {
    guard !numbers.isEmpty else { return "Embedding(\(inputSize))" }
    let count = "\(numbers.count) number\(numbers.count == 1 ? "" : "s")"
    return "Embedding(\(inputSize) → \(outputSize), \(count), \(frequencies) frequencies)"
  }
}
