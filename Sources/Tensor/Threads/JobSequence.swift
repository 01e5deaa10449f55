/// The sequence of jobs of a program, as seen by one worker, which computes its own tiles of each job.
package struct JobSequence {
  package let worker: Worker
  private var previous: TileGrid?

  package init(_ worker: Worker) { self.worker = worker }

  /// Begins a job that needs the results of earlier jobs, and returns this worker's tiles. If necessary, it first waits
  /// until all workers have finished the previous job.
  ///
  /// - Parameter isLocal: Whether each tile needs only the same tile of the previous job, which was cut in the same
  ///   way.
  package mutating func begin(_ grid: TileGrid, isLocal: Bool = false) -> Range<Int> {
    if let previous, !isLocal, !grid.follows(previous) { worker.meet() }
    previous = grid
    return worker.share(of: grid.count)
  }

  /// The same, with this worker's tiles grouped into runs of neighbouring tiles.
  ///
  /// - Parameter merging: Whether all tiles form one run. This requires that the results do not depend on how the job
  ///   is cut, which holds for the package's own products. Otherwise each tile is a run.
  package mutating func begin(_ grid: TileGrid, merging: Bool) -> TileRuns { TileRuns(begin(grid), merging: merging) }

  /// Waits until all workers have finished all jobs.
  package mutating func finish() {
    worker.meet()
    previous = nil
  }
}
