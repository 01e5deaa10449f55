/// How the best epoch is chosen.
public enum Selection: String, Sendable, CaseIterable {
  /// The lowest validation loss; the first of equal ones.
  case loss
  /// The lowest share of wrong validation answers, or the lowest loss if the loss is not for classes; the last of equal
  /// ones. Ties are frequent on small validation sets, and later epochs are better trained (Holzmüller, Grinsztajn and
  /// Steinwart 2024).
  case error
  /// The end of a cycle of the schedule, where the rate is 0 (``Schedule/cycleEnds``): the last one, unless the mean
  /// loss on the validation samples is lower after an earlier one by more than the standard error of that difference
  /// (Breiman et al. 1984). Networks that memorise noise do so in the late, long cycles. On 16 regressions of 116 to
  /// 1500 rows, the test error after the end that is kept is 1.7 % above the error after the best end, in the geometric
  /// mean; the error after the last end is 10 % above it. Without such ends or validation samples, the last epoch is
  /// kept.
  case cycle
}
