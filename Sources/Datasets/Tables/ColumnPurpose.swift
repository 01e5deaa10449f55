/// What a table's column is named for besides a feature, as a message says it.
package enum ColumnPurpose: String, Sendable {
  case target = "as the target"
  case lastColumn = "as the target, which is the last column unless another is named,"
  case sampleWeight = "as the sample weights"
  case ignored = "among those to ignore"
  case identifier = "as the identifier"
  case only = "among the only ones to use"
}
