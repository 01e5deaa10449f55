import Tensor

/// How the columns of a table are treated, if their fields alone do not decide or the user wants something else.
public struct ColumnOptions: Sendable, Equatable {
  /// The names of columns that are not learnt from.
  public var ignored: [String]
  /// The names of the only columns that are learnt from; nil for all remaining columns.
  public var only: [String]?
  /// The name of the column that tells the rows apart. It is not learnt from; predictions keep it.
  public var identifier: String?
  /// Which strings are missing values.
  public var missing: MissingSpellings
  /// The decimal mark of columns that can be read in two ways; nil for the more likely one.
  public var decimal: NumberFormat.Mark?
  /// The mark between thousands in such columns; nil for the more likely one.
  public var thousands: NumberFormat.Mark?
  /// The number of training rows that must have a string before it gets a feature of its own. Nil means 1, or 2 if
  /// there are more than 20 strings.
  public var minimumFrequency: Int?
  /// The largest number of strings of a column that have a feature of their own. The most frequent ones are kept.
  public var maximumCategories: Int

  /// Makes options; the defaults leave everything to the table.
  ///
  /// - Precondition: Traps if a count is below 1.
  public init(
    ignored: [String] = [], only: [String]? = nil, identifier: String? = nil,
    missing: MissingSpellings = MissingSpellings(),
    decimal: NumberFormat.Mark? = nil, thousands: NumberFormat.Mark? = nil, minimumFrequency: Int? = nil,
    maximumCategories: Int = 1000
  ) {
    guard minimumFrequency ?? 1 >= 1, maximumCategories >= 1 else {
      fail(
        "cannot gather strings with minimumFrequency \(minimumFrequency ?? 1) and maximumCategories"
          + " \(maximumCategories): each must be at least 1")
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
