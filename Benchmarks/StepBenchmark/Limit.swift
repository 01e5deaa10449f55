import Tensor

/// The rate that no program can exceed: the processor's multiply-adds from registers.
package enum Limit {
  /// The best rate, in flop/s for all workers together, of `rounds` rounds of some milliseconds each. All workers
  /// compute at the same time. A multiply-add is two operations.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func rate<Scalar: BLASScalar>(of scalar: Scalar.Type = Float.self, team: Team, rounds: Int = 10)
    -> Double
  {
    let steps = 1_000_000
    var flops = Matrix<Double>(rows: 8, columns: team.workerCount)  // a cache line for each
    var best = 0.0
    flops.withTile { flops in
      for _ in 0..<rounds {
        let time = ContinuousClock().measure {
          team.run { worker in
            var numbers: (Scalar, Scalar, Scalar) = (0.999, 0.001, 0)
            withUnsafeMutableBytes(of: &numbers) {
              flops[8 * worker.index] = Scalar._Routines.multiplyAdds(
                steps, $0.baseAddress!.assumingMemoryBound(to: Scalar.self))
            }
          }
        }
        let done = (0..<team.workerCount).reduce(0.0) { $0 + flops[8 * $1] }
        best = max(best, done / (time / .seconds(1)))
      }
    }
    return best
  }
}
