extension Team {
  /// The results of `body` for the indices from 0 to `count` − 1, in this order. A free worker takes the next index.
  ///
  /// This is meant for parts that take unequal times. A result must depend only on its index; then it is the same for
  /// any number of workers.
  package func map<Result>(_ count: Int, _ body: (Int) -> Result) -> [Result] {
    // All empty arrays share their storage, and Thread Sanitizer would see this initialiser write their count.
    guard count > 0 else { return [] }
    return [Result](unsafeUninitializedCapacity: count) { buffer, initializedCount in
      let results = buffer
      run { worker in worker.takeTiles(count) { results.initializeElement(at: $0, to: body($0)) } }
      initializedCount = count
    }
  }
}
