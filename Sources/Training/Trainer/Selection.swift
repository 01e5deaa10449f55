/// How the best epoch is chosen.
public enum Selection: String, Sendable, CaseIterable {
  /// The lowest validation loss; the first of equal ones.
  case loss
  /// The lowest share of wrong validation answers, or the lowest loss if the loss is not for classes; the last of equal
  /// ones. Ties are frequent on small validation sets, and later epochs are better trained (Holzmüller, Grinsztajn and
  /// Steinwart 2024).
  case error
}
