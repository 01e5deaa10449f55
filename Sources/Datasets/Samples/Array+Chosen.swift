extension Array {
  /// The elements at these indices; all elements if `indices` is nil.
  func chosen(_ indices: [Int]?) -> [Element] { indices.map { $0.map { self[$0] } } ?? self }
}
