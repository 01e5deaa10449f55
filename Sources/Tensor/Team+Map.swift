import Synchronization

extension Team {
  /// The results of `body` for 0 to `count` − 1, in this order; a worker that is free takes the next index.
  ///
  /// For parts that take unequal times. A result must depend on its index alone; then it is the same for any number of workers.
  package func map<Result>(_ count: Int, _ body: (Int) -> Result) -> [Result] {
    let next = Atomic(0)
    return [Result](unsafeUninitializedCapacity: count) { buffer, initializedCount in
      let results = buffer
      run { _ in
        while case let index = next.wrappingAdd(1, ordering: .relaxed).oldValue, index < count {
          results.initializeElement(at: index, to: body(index))
        }
      }
      initializedCount = count
    }
  }
}
