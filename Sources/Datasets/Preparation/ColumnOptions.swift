import Tensor

/// What is to be done with a table's columns, as far as their fields do not tell or tell otherwise.
public struct ColumnOptions: Sendable, Equatable {
  /// The names of columns that are not learnt from.
  public var ignored: [String]
  /// The names of the columns that are learnt from; nil for all but the others.
  public var only: [String]?
  /// The name of the column that tells the rows apart. It is not learnt from, and predictions keep it.
  public var identifier: String?
  /// Which texts are missing values.
  public var missing: MissingSpellings
  /// The decimal mark of columns that may be read in two ways; nil to take the likelier one.
  public var decimal: NumberFormat.Mark?
  /// What stands between thousands in such columns; nil to take the likelier.
  public var thousands: NumberFormat.Mark?
  /// A text has a feature of its own if at least so many training rows have it; nil for 1, and 2 if there are more than
  /// 20 texts.
  public var minimumFrequency: Int?
  /// At most so many texts of a column, the most frequent ones, have a feature of their own.
  public var maximumCategories: Int

  /// - Precondition: Traps if a count is below 1.
  public init(
    ignored: [String] = [], only: [String]? = nil, identifier: String? = nil,
    missing: MissingSpellings = MissingSpellings(),
    decimal: NumberFormat.Mark? = nil, thousands: NumberFormat.Mark? = nil, minimumFrequency: Int? = nil,
    maximumCategories: Int = 1000
  ) {
    guard minimumFrequency ?? 1 >= 1, maximumCategories >= 1 else {
      fail(
        "cannot gather texts below a frequency of \(minimumFrequency ?? 1) or beyond \(maximumCategories) categories")
    }
    self.ignored = ignored
    self.only = only
    self.identifier = identifier
    self.missing = missing
    self.decimal = decimal
    self.thousands = thousands
    self.minimumFrequency = minimumFrequency
    self.maximumCategories = maximumCategories
  }
}
