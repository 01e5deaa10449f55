import Tensor

/// What a network does with its inputs before its first layer: numbers are encoded, and every value is scaled.
///
///     A₀ = s ∘ e,   where e holds the inputs x, but numbers are encoded by their ``Encoding-swift.enum``
///
/// The scales s are learnt; they let a network weigh its inputs. An encoding lets it learn a function with steps and
/// bends, which its layers learn slowly from x itself. The scales and waves are the scaling layer and the PBLD
/// embedding of Holzmüller, Grinsztajn and Steinwart (2024), after the periodic and the piecewise linear embeddings of
/// Gorishniy, Rubachev and Babenko (2022).
///
/// - Shapes: x inputSize × batch, e and A₀ outputSize × batch: first a row for each input, then the further rows of
///   each number. s outputSize × 1.
public struct Embedding: Sendable, Equatable {
  /// How numbers are encoded.
  public enum Encoding: Sendable, Equatable {
    /// A number x keeps its row, and has components in further rows. w, φ, V and c are learnt.
    ///
    ///     c + V cos 2π(w x + φ)
    ///
    /// - Shapes: w and φ frequencies × 1, V components × frequencies and c components × 1 for each number.
    case waves(frequencies: Int, components: Int)
    /// A number x becomes a piece for each of its bins, whose edges are b₀ < b₁ < … < b_T: the first piece in the row
    /// of x, the others in further rows. The edges are not learnt.
    ///
    ///     eᵢ = (x − bᵢ₋₁) / (bᵢ − bᵢ₋₁),   at least 0 unless i = 1, and at most 1 unless i = T
    case pieces(edges: [[Double]])
  }

  /// The number of inputs.
  public let inputSize: Int
  /// The indices of the inputs that are numbers and are encoded, in increasing order.
  public let numbers: [Int]
  /// How they are encoded.
  public let encoding: Encoding
  /// inputSize, plus the number of components of all numbers, or of their pieces without the first ones.
  public let outputSize: Int
  /// The part with learnt parameters, as the kernels need it.
  let shape: EmbeddingShape
  /// The pieces, as the kernels need them; nil if there are none.
  package let pieces: PieceShape?

  /// Makes an embedding; a ``Network`` holds its parameters.
  ///
  /// - Parameters:
  ///   - numbers: The indices of the inputs that are encoded. If there are none, inputs are only scaled.
  ///   - encoding: How they are encoded.
  /// - Precondition: Traps unless there is an input and the indices increase and are below inputSize. Waves need at
  ///   least one frequency and from 1 to 16 components. Pieces need increasing edges for each number, 2 to 1025, whose
  ///   distances are neither too small nor too large for `Float`. Traps if there are too many parameters.
  public init(_ inputSize: Int, numbers: [Int], encoding: Encoding) {
    guard Self.isPossible(inputSize, numbers: numbers, encoding: encoding) else {
      fail("cannot embed \(inputSize) inputs, of which \(numbers.count) are numbers, in \(encoding.text)")
    }
    self.inputSize = inputSize
    self.numbers = numbers
    self.encoding = encoding
    switch encoding {
    case .waves(let frequencies, let components):
      let components = numbers.isEmpty ? 0 : components
      outputSize = inputSize + components * numbers.count
      shape = EmbeddingShape(inputs: inputSize, numbers: numbers, frequencies: frequencies, components: components)
      pieces = nil
    case .pieces(let edges):
      outputSize = edges.reduce(inputSize) { $0 + $1.count - 2 }
      // The pieces are then inputs that are only scaled.
      shape = EmbeddingShape(inputs: outputSize, numbers: [], frequencies: 0, components: 0)
      pieces = PieceShape(inputs: inputSize, numbers: numbers, edges: edges)
    }
  }

  /// Makes an embedding with waves, or with scales alone.
  ///
  /// - Parameters:
  ///   - numbers: The indices of the inputs that get components. If there are none, inputs are only scaled.
  ///   - frequencies: The number of waves of each number.
  ///   - components: The number of components of each number, at most 16.
  /// - Precondition: As for ``init(_:numbers:encoding:)``.
  public init(_ inputSize: Int, numbers: [Int] = [], frequencies: Int = 16, components: Int = 3) {
    self.init(inputSize, numbers: numbers, encoding: .waves(frequencies: frequencies, components: components))
  }

  /// Whether ``init(_:numbers:encoding:)`` accepts these.
  package static func isPossible(_ inputSize: Int, numbers: [Int], encoding: Encoding) -> Bool {
    guard (1...1 << 40).contains(inputSize), numbers.allSatisfy((0..<inputSize).contains),
      zip(numbers, numbers.dropFirst()).allSatisfy(<)
    else { return false }
    switch encoding {
    case .waves(let frequencies, let components):
      return (1...1 << 16).contains(frequencies) && (1...EmbeddingShape.mostComponents).contains(components)
    case .pieces(let edges): return edges.count == numbers.count && edges.allSatisfy(arePossible)
    }
  }

  /// The most pieces of a number.
  public static var mostPieces: Int { 1024 }

  private static func arePossible(_ edges: [Double]) -> Bool {
    (2...mostPieces + 1).contains(edges.count) && edges.allSatisfy { Float($0).isFinite }
      && zip(edges, edges.dropFirst()).allSatisfy(isBin)
  }

  /// Whether two edges may enclose a bin: they increase, and the inverse of their distance is a normal `Float`.
  package static func isBin(_ lower: Double, _ upper: Double) -> Bool {
    lower < upper && Float(1 / (upper - lower)).isNormal
  }

  /// The number of waves of each number; 0 if numbers have pieces.
  package var frequencies: Int { if case .waves(let frequencies, _) = encoding { frequencies } else { 0 } }

  /// The number of components of each number; 0 if numbers have pieces.
  package var components: Int { if case .waves(_, let components) = encoding { components } else { 0 } }

  /// outputSize + (2 · frequencies + components · (frequencies + 1)) for each number; outputSize for pieces.
  public var parameterCount: Int {
    outputSize + numbers.count * (2 * frequencies + components * (frequencies + 1))
  }
}

extension Embedding.Encoding {
  /// The sizes as text.
  fileprivate var text: String {
    switch self {
    case .waves(let frequencies, let components): "\(frequencies) frequencies and \(components) components"
    case .pieces(let edges): "pieces with the edges \(edges)"
    }
  }
}

/// A parameter of an ``Embedding``, for all its numbers together. Without waves, all but the scales are empty.
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
    let bound = 1 / Double(max(frequencies, 1)).squareRoot()
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
    let parts = pieces.map { "\($0.lower.count) pieces" } ?? "\(frequencies) frequencies"
    return "Embedding(\(inputSize) → \(outputSize), \(count), \(parts))"
  }
}
