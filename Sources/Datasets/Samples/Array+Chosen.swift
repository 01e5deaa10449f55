extension Array {
  /// The elements at these indices; all of them if there are none.
  func chosen(_ indices: [Int]?) -> [Element] { indices.map { $0.map { self[$0] } } ?? self }
}
