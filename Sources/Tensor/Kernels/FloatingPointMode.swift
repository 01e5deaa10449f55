import CPerceptronKernels

/// Runs `body` in the floating-point mode that all network computations use, and restores the caller's mode on every
/// exit.
///
/// Values are rounded to nearest, and denormal values, which are below 1.2 · 10⁻³⁸ in `Float` and 2.2 · 10⁻³⁰⁸ in
/// `Double`, are treated as 0. The moments of a unit that no sample reaches shrink until they are denormal, and some
/// processors take a hundred cycles for an operation on a denormal value. The mode belongs to a thread, so each worker
/// sets it. The results have the same bits whichever mode the caller has chosen.
@inlinable
package func flushingDenormals<Result, Failure>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
  let mode = ck_flush_denormals()
  defer { ck_set_floating_point_mode(mode) }
  return try body()
}
