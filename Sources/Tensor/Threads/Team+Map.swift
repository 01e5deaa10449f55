extension Team {
  /// The results of `body` for 0 to `count` − 1, in this order; a worker that is free takes the next index.
  ///
  /// For parts that take unequal times. A result must depend on its index alone; then it is the same for any number of
  /// workers.
  package func map<Result>(_ count: Int, _ body: (Int) -> Result) -> [Result] {
    [Result](unsafeUninitializedCapacity: count) { buffer, initializedCount in
      let results = buffer
      run { worker in worker.takeTiles(count) { results.initializeElement(at: $0, to: body($0)) } }
      initializedCount = count
    }
  }
}
