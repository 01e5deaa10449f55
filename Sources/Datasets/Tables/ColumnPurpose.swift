/// The purposes that a column can be named for, other than as a feature, in the wording of messages.
package enum ColumnPurpose: String, Sendable {
  case target = "as the target"
  case lastColumn = "as the target, which is the last column unless another is named,"
  case sampleWeight = "as the sample weights"
  case ignored = "among those to ignore"
  case identifier = "as the identifier"
  case only = "among the only ones to use"
}
