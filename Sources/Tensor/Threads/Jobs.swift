/// The jobs of a program, one after the other, as one worker of a team does its tiles of each.
package struct Jobs {
  package let worker: Worker
  private var previous: TileGrid?

  package init(_ worker: Worker) { self.worker = worker }

  /// Begins a job that needs the results of those before: returns this worker's tiles, after a meeting if one is
  /// needed.
  ///
  /// - Parameter isLocal: Whether each tile needs just the same tile of the job before, which was cut alike.
  package mutating func begin(_ grid: TileGrid, isLocal: Bool = false) -> Range<Int> {
    if let previous, !isLocal, !grid.follows(previous) { worker.meet() }
    previous = grid
    return worker.share(of: grid.count)
  }

  /// The same in runs of neighbouring tiles: all at once if their results do not depend on how the job is cut, as those
  /// of the package's own products, or one by one.
  package mutating func begin(_ grid: TileGrid, merging: Bool) -> TileRuns { TileRuns(begin(grid), merging: merging) }

  /// Waits until all workers have done all jobs.
  package mutating func finish() {
    worker.meet()
    previous = nil
  }
}
