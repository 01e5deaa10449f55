import Tensor

/// The least time that a step could take: the time of its matrix products alone, at the rate of a large product.
package enum Floor {
  /// The best rate, in flop/s for all workers together, of `rounds` rounds of OpenBLAS's large products. Each worker
  /// computes one product at the same time.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func rate<Scalar: BLASScalar>(of scalar: Scalar.Type = Float.self, team: Team, rounds: Int = 5)
    -> Double
  {
    let size = 2048
    var generator = Philox(seed: 1)
    var operands = [Matrix<Scalar>(rows: size, columns: size), Matrix(rows: size, columns: size)]
    for index in operands.indices { operands[index].fillUniform(-1...1, using: &generator) }
    var products = Matrix<Scalar>(rows: size, columns: size * team.workerCount)
    var best = 0.0
    operands[0].withReadOnlyTile { a in
      operands[1].withReadOnlyTile { b in
        products.withTile { c in
          for _ in 0..<rounds {
            let time = ContinuousClock().measure {
              team.run { worker in
                let own = c[columns: worker.index * size..<(worker.index + 1) * size]
                Scalar._Routines.gemm(
                  false, false, Int32(size), Int32(size), Int32(size), 1, a.base, Int32(size), b.base, Int32(size), 0,
                  own.base, Int32(size))
              }
            }
            best = max(best, 2 * Double(team.workerCount * size * size * size) / (time / .seconds(1)))
          }
        }
      }
    }
    return best
  }

  /// The flops of a step's products: 2 · batch for each weight in the forward pass, for its gradient, and for the
  /// backward pass of the error, which ends at the second layer.
  package static func flops(sizes: [Int], batch: Int) -> Double {
    let weights = zip(sizes, sizes.dropFirst()).map { Double($0 * $1) }
    return 2 * Double(batch) * (3 * weights.reduce(0, +) - weights[0])
  }
}
