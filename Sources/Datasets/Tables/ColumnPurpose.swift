/// What a table's column is named for besides a feature, as a message says it.
public enum ColumnPurpose: String, Sendable, Equatable {
  case target = "as the target (--target)"
  case lastColumn = "as the target (the last column, as there is no --target)"
  case sampleWeight = "as the sample weights (--sample-weight)"
  case ignored = "in --ignore"
  case identifier = "as --id"
  case only = "in --only"
}
