import PerceptronDatasets

/// How the names of a value's properties become names of columns.
public enum RecordKeyStrategy: Sendable {
  /// They are the coding keys.
  case useDefaultKeys
  /// `petalLength` becomes `petal_length`, and `imageURL` `image_url`, as in Foundation's `JSONEncoder`.
  case convertToSnakeCase

  fileprivate func column(_ key: String) -> String {
    guard case .convertToSnakeCase = self else { return key }
    let letters = Array(key)
    var name = ""
    for (index, letter) in letters.enumerated() {
      // A word begins with a capital after a small letter, and with the last of several capitals.
      if letter.isUppercase, index > 0, letters[index - 1] != "_",
        !letters[index - 1].isUppercase || index + 1 < letters.count && letters[index + 1].isLowercase
      {
        name += "_"
      }
      name += letter.lowercased()
    }
    return name
  }
}

/// Makes the record of a value whose properties are the columns.
///
/// - Throws: ``PredictionError/notARecord(_:)`` if the value has no properties, or if a property is not a number, a
///   string, a `Bool` or nil.
func record(
  of value: some Encodable, _ keys: RecordKeyStrategy = .useDefaultKeys
) throws(PredictionError) -> [String: InputValue] {
  let fields = try fields(of: value)
  guard case .convertToSnakeCase = keys else { return fields.record }
  var record: [String: InputValue] = [:]
  for (key, value) in fields.record {
    let column = keys.column(key)
    if record.updateValue(value, forKey: column) != nil { throw .input(.givenTwice(column: column), sample: nil) }
  }
  return record
}

private func fields(of value: some Encodable) throws(PredictionError) -> Fields {
  let fields = Fields()
  do { try value.encode(to: RecordEncoder(fields: fields)) } catch let error as PredictionError { throw error } catch {
    throw .notARecord("\(error)")
  }
  return fields
}

/// The columns and rows of values whose properties are the columns, in the order in which the first one encodes them.
///
/// - Throws: ``PredictionError``, as for a record.
package func rows(
  of values: some Collection<some Encodable>, _ keys: RecordKeyStrategy
) throws(PredictionError) -> (columns: [String], rows: [[InputValue]]) {
  guard let first = values.first else { return ([], []) }
  let columns = try fields(of: first).names.map(keys.column)
  var rows: [[InputValue]] = []
  for (sample, value) in values.enumerated() {
    let record = try record(of: value, keys)
    if let other = record.keys.first(where: { !columns.contains($0) }) {
      throw .input(.unknownColumn(other, columns: columns), sample: sample)
    }
    // An optional property that is nil may be absent.
    rows.append(columns.map { record[$0] ?? .missing })
  }
  return (columns, rows)
}

private final class Fields {
  private(set) var record: [String: InputValue] = [:]
  /// The names in the order in which they were encoded.
  private(set) var names: [String] = []

  func set(_ name: String, _ value: InputValue) {
    if record.updateValue(value, forKey: name) == nil { names.append(name) }
  }
}

private func mistake(_ column: String?) -> PredictionError {
  .notARecord(
    column.map { "\($0.debugDescription) is neither a number nor a string" }
      ?? "it has no properties; give a structure or a dictionary")
}

/// Encodes the whole value, or the value of one column.
private struct RecordEncoder: Encoder {
  let fields: Fields
  var column: String?
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    KeyedEncodingContainer(Properties(encoder: self))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer { Elements(encoder: self) }
  func singleValueContainer() -> any SingleValueEncodingContainer { SingleValue(encoder: self) }

  func set(_ field: InputValue) throws {
    guard let column else { throw mistake(nil) }
    fields.set(column, field)
  }

  func encode(_ value: some Encodable) throws {
    switch value {
    case let field as InputValue: try set(field)
    case let text as String: try set(.text(text))
    case let number as Double: try set(.number(number))
    case let number as Float: try set(.number(Double(number)))
    case let flag as Bool: try set(.text("\(flag)"))
    case let number as any BinaryInteger: try set(.number(Double(number)))
    // Enumerations with raw values, for example.
    default: try value.encode(to: self)
    }
  }
}

private struct Properties<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let encoder: RecordEncoder
  var codingPath: [any CodingKey] { [] }

  /// Returns the encoder for a property. The value of a column must not have properties itself.
  private func property(_ key: Key) throws -> RecordEncoder {
    if let column = encoder.column { throw mistake(column) }
    return RecordEncoder(fields: encoder.fields, column: key.stringValue)
  }

  func encodeNil(forKey key: Key) throws { try property(key).set(.missing) }
  func encode(_ value: some Encodable, forKey key: Key) throws { try property(key).encode(value) }

  private func encodeOptional(_ value: (some Encodable)?, _ key: Key) throws {
    if let value { try encode(value, forKey: key) } else { try encodeNil(forKey: key) }
  }

  // The protocol's default implementations, one for each type, skip nil.
  func encodeIfPresent(_ value: Bool?, forKey key: Key) throws { try encodeOptional(value, key) }
  func encodeIfPresent(_ value: String?, forKey key: Key) throws { try encodeOptional(value, key) }
  func encodeIfPresent(_ value: Double?, forKey key: Key) throws { try encodeOptional(value, key) }
  func encodeIfPresent(_ value: Float?, forKey key: Key) throws { try encodeOptional(value, key) }
  func encodeIfPresent(_ value: Int?, forKey key: Key) throws { try encodeOptional(value, key) }
  func encodeIfPresent(_ value: Int8?, forKey key: Key) throws { try encodeOptional(value, key) }
  func encodeIfPresent(_ value: Int16?, forKey key: Key) throws { try encodeOptional(value, key) }
  func encodeIfPresent(_ value: Int32?, forKey key: Key) throws { try encodeOptional(value, key) }
  func encodeIfPresent(_ value: Int64?, forKey key: Key) throws { try encodeOptional(value, key) }
  func encodeIfPresent(_ value: UInt?, forKey key: Key) throws { try encodeOptional(value, key) }
  func encodeIfPresent(_ value: UInt8?, forKey key: Key) throws { try encodeOptional(value, key) }
  func encodeIfPresent(_ value: UInt16?, forKey key: Key) throws { try encodeOptional(value, key) }
  func encodeIfPresent(_ value: UInt32?, forKey key: Key) throws { try encodeOptional(value, key) }
  func encodeIfPresent(_ value: UInt64?, forKey key: Key) throws { try encodeOptional(value, key) }
  func encodeIfPresent(_ value: (some Encodable)?, forKey key: Key) throws { try encodeOptional(value, key) }

  func nestedContainer<Nested: CodingKey>(keyedBy: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<Nested> {
    KeyedEncodingContainer(Properties<Nested>(encoder: RecordEncoder(fields: encoder.fields, column: key.stringValue)))
  }

  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    Elements(encoder: RecordEncoder(fields: encoder.fields, column: key.stringValue))
  }

  func superEncoder() -> any Encoder { RecordEncoder(fields: encoder.fields, column: "super") }
  func superEncoder(forKey key: Key) -> any Encoder { RecordEncoder(fields: encoder.fields, column: key.stringValue) }
}

private struct SingleValue: SingleValueEncodingContainer {
  let encoder: RecordEncoder
  var codingPath: [any CodingKey] { [] }

  func encodeNil() throws { try encoder.set(.missing) }
  func encode(_ value: some Encodable) throws { try encoder.encode(value) }
}

/// Elements have no names, so each element is an error.
private struct Elements: UnkeyedEncodingContainer {
  let encoder: RecordEncoder
  var codingPath: [any CodingKey] { [] }
  var count: Int { 0 }

  func encodeNil() throws { throw mistake(encoder.column) }
  func encode(_ value: some Encodable) throws { throw mistake(encoder.column) }

  func nestedContainer<Nested: CodingKey>(keyedBy: Nested.Type) -> KeyedEncodingContainer<Nested> {
    KeyedEncodingContainer(Properties<Nested>(encoder: RecordEncoder(fields: encoder.fields, column: "")))
  }

  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { self }
  func superEncoder() -> any Encoder { RecordEncoder(fields: encoder.fields, column: "") }
}
