import Tensor

extension Network {
  /// The same function with one-hot inputs in place of vectors of categories: the first layer absorbs the vectors.
  ///
  ///     W′[:, k] = W[:, C] (s_C ∘ E[:, k])   for each category k of a group C; its scale becomes 1
  ///
  /// Its answers agree with the network's except for rounding. Returns the network itself if it has no such vectors.
  ///
  /// - Complexity: 2 · outputSize · dimension flops for each category, where outputSize is the first layer's.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func foldingCategories() -> Network {
    guard let embedding, embedding.lookup != nil else { return self }
    let unfolded = Embedding(embedding.inputSize, numbers: embedding.numbers, encoding: embedding.encoding)
    let first = layers[0]
    var folded = Network(
      [
        Dense(
          unfolded.outputSize, first.outputSize, first.activation, isParametric: first.isParametric,
          normalization: first.normalization, dropout: first.dropout)
      ] + layers.dropFirst(), embedding: unfolded)
    for parameter in unfolded.parameters where parameter != .scale {
      folded[embedding: parameter] = self[embedding: parameter]
    }
    for (index, layer) in layers.enumerated() {
      for parameter in layer.parameters where index > 0 || parameter != .weights {
        folded[layer: index, parameter] = self[layer: index, parameter]
      }
    }
    // The scales and the weights in the order of the inputs, column after column.
    let (scale, weights, vectors) = (
      self[embedding: .scale].elements, self[layer: 0, .weights], self[embedding: .vectors]
    )
    var (scales, columns): ([Scalar], [Scalar]) = ([], [])
    var (input, row, category) = (0, 0, 0)
    func keep(_ count: Int) {
      scales += scale[row..<row + count]
      columns += weights[columns: row..<row + count].elements
      (input, row) = (input + count, row + count)
    }
    for group in embedding.categories {
      keep(group.lowerBound - input)
      var scaled = weights[columns: row..<row + embedding.dimension]
      scaled.scaleColumns(by: scale[row..<row + embedding.dimension])
      scales += Array(repeating: 1, count: group.count)
      columns += scaled.multiplied(by: vectors[columns: category..<category + group.count]).elements
      (input, row, category) = (group.upperBound, row + embedding.dimension, category + group.count)
    }
    keep(weights.columns - row)
    folded[embedding: .scale] = Matrix(scales)
    folded[layer: 0, .weights] = Matrix(rows: first.outputSize, columns: unfolded.outputSize, columnMajor: columns)
    return folded
  }
}

extension Matrix {
  /// Multiplies each column by its factor.
  fileprivate mutating func scaleColumns(by factors: ArraySlice<Scalar>) {
    withTile { tile in
      for (column, factor) in factors.enumerated() { tile[columns: column..<column + 1].scale(by: factor) }
    }
  }
}
