import Tensor

/// What a network does with its inputs before its first layer: categories become learnt vectors, numbers are encoded,
/// and every value is scaled.
///
///     A₀ = s ∘ e,   where e holds the inputs x, but
///                   numbers are encoded by their ``Encoding-swift.enum``, and
///                   a group x_C of one-hot inputs, which are the categories of a column, is replaced by E_C x_C
///
/// The scales s are learnt; they let a network weigh its inputs. An encoding lets it learn a function with steps and
/// bends, which its layers learn slowly from x itself. The vectors, which are the columns of E, let it learn what
/// categories have in common, and cost less than a one-hot input for each of them in the first layer (Guo and Berkhahn
/// 2016). The scales and waves are the scaling layer and the PBLD embedding of Holzmüller, Grinsztajn and Steinwart
/// (2024), after the periodic and the piecewise linear embeddings of Gorishniy, Rubachev and Babenko (2022).
///
/// - Shapes: x inputSize × batch, e and A₀ outputSize × batch: first a row for each input, but `dimension` rows for
///   each group of categories, then the further rows of each number. s outputSize × 1.
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
  /// The groups of one-hot inputs that are replaced by vectors, in increasing order.
  public let categories: [Range<Int>]
  /// The size of these vectors.
  public let dimension: Int
  /// inputSize, with `dimension` in place of the size of each group of categories, plus the number of components of all
  /// numbers, or of their pieces without the first ones.
  public let outputSize: Int
  /// The part with learnt parameters, as the kernels need it.
  let shape: EmbeddingShape
  /// The pieces, as the kernels need them; nil if there are none.
  package let pieces: PieceShape?
  /// The groups of categories, as the kernels need them; nil if there are none.
  let lookup: CategoryShape?

  /// Makes an embedding; a ``Network`` holds its parameters.
  ///
  /// - Parameters:
  ///   - numbers: The indices of the inputs that are encoded. If there are none, they are only scaled.
  ///   - encoding: How they are encoded.
  ///   - categories: The groups of one-hot inputs that are replaced by vectors.
  ///   - dimension: The size of the vectors.
  /// - Precondition: Traps unless there is an input and the indices and the groups increase and are below inputSize.
  ///   Waves need at least one frequency and from 1 to 16 components. Pieces need increasing edges for each number, 2
  ///   to 1025, whose distances are neither too small nor too large for `Float`. Groups need an input, no number and a
  ///   dimension of 1 to 1024. Traps if there are too many parameters.
  public init(
    _ inputSize: Int, numbers: [Int], encoding: Encoding, categories: [Range<Int>] = [], dimension: Int = 8
  ) {
    guard
      Self.isPossible(inputSize, numbers: numbers, encoding: encoding),
      Self.arePossible(categories, dimension, inputSize, numbers: numbers)
    else {
      let groups = categories.isEmpty ? "" : " and the categories \(categories) in \(dimension) numbers"
      fail("cannot embed \(inputSize) inputs, of which \(numbers.count) are numbers, in \(encoding.text)\(groups)")
    }
    self.inputSize = inputSize
    self.numbers = numbers
    self.encoding = encoding
    self.categories = categories
    self.dimension = categories.isEmpty ? 0 : dimension
    lookup =
      categories.isEmpty ? nil : CategoryShape(inputs: inputSize, groups: categories, dimension: dimension)
    let rows = Self.rows(inputSize, categories, dimension)
    let numbers = numbers.map { number in Self.rows(number, categories.prefix { $0.upperBound <= number }, dimension) }
    switch encoding {
    case .waves(let frequencies, let components):
      let components = numbers.isEmpty ? 0 : components
      outputSize = rows + components * numbers.count
      shape = EmbeddingShape(inputs: rows, numbers: numbers, frequencies: frequencies, components: components)
      pieces = nil
    case .pieces(let edges):
      outputSize = edges.reduce(rows) { $0 + $1.count - 2 }
      // The pieces are then inputs that are only scaled.
      shape = EmbeddingShape(inputs: outputSize, numbers: [], frequencies: 0, components: 0)
      pieces = PieceShape(inputs: rows, numbers: numbers, edges: edges)
    }
  }

  /// The number of rows that some inputs have once the groups among them are vectors.
  private static func rows(_ inputs: Int, _ groups: some Sequence<Range<Int>>, _ dimension: Int) -> Int {
    groups.reduce(inputs) { $0 + dimension - $1.count }
  }

  /// Makes an embedding with waves, or with scales alone.
  ///
  /// - Parameters:
  ///   - numbers: The indices of the inputs that get components. If there are none, they are only scaled.
  ///   - frequencies: The number of waves of each number.
  ///   - components: The number of components of each number, at most 16.
  ///   - categories: The groups of one-hot inputs that are replaced by vectors.
  ///   - dimension: The size of the vectors.
  /// - Precondition: As for ``init(_:numbers:encoding:categories:dimension:)``.
  public init(
    _ inputSize: Int, numbers: [Int] = [], frequencies: Int = 16, components: Int = 3, categories: [Range<Int>] = [],
    dimension: Int = 8
  ) {
    self.init(
      inputSize, numbers: numbers, encoding: .waves(frequencies: frequencies, components: components),
      categories: categories, dimension: dimension)
  }

  /// Whether ``init(_:numbers:encoding:categories:dimension:)`` accepts these without categories.
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

  private static func arePossible(
    _ categories: [Range<Int>], _ dimension: Int, _ inputSize: Int, numbers: [Int]
  ) -> Bool {
    categories.isEmpty
      || dimensions.contains(dimension) && categories.allSatisfy { !$0.isEmpty && $0.lowerBound >= 0 }
        && zip(categories, categories.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound }
        && categories.last!.upperBound <= inputSize
        && !numbers.contains { number in categories.contains { $0.contains(number) } }
  }

  /// The possible sizes of the vectors of categories.
  public static var dimensions: ClosedRange<Int> { 1...1024 }

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

  /// The number of all inputs that are replaced by vectors.
  private var categoryCount: Int { categories.reduce(0) { $0 + $1.count } }

  /// outputSize + (2 · frequencies + components · (frequencies + 1)) for each number, or outputSize for pieces, and
  /// dimension for each category.
  public var parameterCount: Int {
    outputSize + numbers.count * (2 * frequencies + components * (frequencies + 1)) + dimension * categoryCount
  }

  /// The parameters that it has, in the order of the parameter vector; some may be empty.
  public var parameters: [EmbeddingParameter] {
    EmbeddingParameter.allCases.filter { $0 != .vectors || lookup != nil }
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

/// A parameter of an ``Embedding``, for all its numbers or categories together. Without waves, all but the scales and
/// the vectors are empty.
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
  /// E, dimension × categories: the columns of each group are adjacent.
  case vectors
}

extension Embedding {
  /// The numbers of rows and columns of a parameter.
  public func shape(of parameter: EmbeddingParameter) -> (rows: Int, columns: Int) {
    switch parameter {
    case .scale: (outputSize, 1)
    case .frequencies, .phases: (frequencies, numbers.count)
    case .weights: (components, frequencies * numbers.count)
    case .bias: (components, numbers.count)
    case .vectors: (dimension, categoryCount)
    }
  }

  /// The index where a parameter begins in the embedding's part of the parameters.
  func offset(of parameter: EmbeddingParameter) -> Int {
    EmbeddingParameter.allCases.prefix { $0 != parameter }.reduce(0) { $0 + shape(of: $1).rows * shape(of: $1).columns }
  }

  /// The embedding's part of a vector of all parameters.
  func part<Scalar>(of vector: Tile<Scalar>) -> Tile<Scalar> {
    vector.reshaped(from: 0, rows: parameterCount, columns: 1)
  }

  /// A parameter's part of a vector of all parameters.
  func part<Scalar>(of vector: Tile<Scalar>, _ parameter: EmbeddingParameter) -> Tile<Scalar> {
    let (rows, columns) = shape(of: parameter)
    return vector.reshaped(from: offset(of: parameter), rows: rows, columns: columns)
  }

  /// The parameters before training: s = 1, w from N(0, 0.1²), φ from U(±½), V and c from U(±1 / √frequencies), E from
  /// N(0, 1).
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
    case .vectors: matrix.fillNormal(using: &generator)
    }
    return matrix
  }
}

extension Embedding: CustomStringConvertible {
  public var description: String {
    guard !numbers.isEmpty || lookup != nil else { return "Embedding(\(inputSize))" }
    let count = "\(numbers.count) number\(numbers.count == 1 ? "" : "s")"
    let parts = pieces.map { "\($0.lower.count) pieces" } ?? "\(frequencies) frequencies"
    let ofNumbers = numbers.isEmpty ? [] : [count, parts]
    let ofCategories = lookup == nil ? [] : ["\(categoryCount) categories in \(dimension) numbers"]
    return "Embedding(" + (["\(inputSize) → \(outputSize)"] + ofNumbers + ofCategories).joined(separator: ", ") + ")"
  }
}
