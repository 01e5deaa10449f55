import CPerceptronKernels

/// Does a computation of networks in the floating-point mode in which they all are done, and puts the caller's mode in
/// force again on every way out.
///
/// Numbers are rounded to nearest, and denormal ones, below 1.2 · 10⁻³⁸ in `Float` and 2.2 · 10⁻³⁰⁸ in `Double`, are 0.
/// The moments of a unit that no sample reaches shrink until they are denormal, and some processors take a hundred
/// cycles for an operation on one. The mode belongs to a thread, so each worker sets it, and the same bits come out
/// whichever mode the caller has chosen.
@inlinable
package func flushingDenormals<Result, Failure>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
  let mode = ck_flush_denormals()
  defer { ck_set_floating_point_mode(mode) }
  return try body()
}
