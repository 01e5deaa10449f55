import PerceptronFiles

extension Prediction: Encodable {
  /// Encodes the answer with names, as `perceptron serve` sends it:
  ///
  ///     {"prediction": "setosa", "probability": 0.98, "probabilities": {"setosa": 0.98, "virginica": 0.02}}
  ///     {"prediction": {"urgent": "no", "paid": "yes"}, "probabilities": {"urgent": 0.1, "paid": 0.9}}
  ///     {"prediction": 431.5, "interval": {"lower": 402.1, "upper": 460.9, "level": 0.9}}
  ///     {"prediction": 430.2, "quantiles": {"0.05": 400.1, "0.5": 430.2, "0.95": 466.3}}
  ///
  /// With several value columns, `prediction`, `interval` and `quantiles` are objects with a member for each column.
  /// Probabilities that are exact in `Float` are encoded as `Float`.
  public func encode(to encoder: any Encoder) throws { try json.encode(to: encoder) }

  /// The answer as it is encoded.
  package var json: JSONValue {
    switch meaning {
    case nil: return .object([])
    case .classes(let names, _)?:
      return [
        "prediction": .string(className!), "probability": Self.probability(probability!),
        "probabilities": .object(zip(names, outputs).map { ($0, Self.probability($1)) }),
      ]
    case .labels(let columns, _)?:
      return [
        "prediction": .object(columns.map { ($0, .string(label(ofColumn: $0)!)) }),
        "probabilities": .object(zip(columns, outputs).map { ($0, Self.probability($1)) }),
      ]
    case .values(let columns, _)?:
      return .object(
        [("prediction", Self.each(columns) { .number(outputs[$0]) })] + intervals(columns))
    case .quantiles(let columns, let levels, _)?:
      let median = meaning?.median.map { median in
        ("prediction", Self.each(columns) { .number(outputs[$0 * levels.count + median]) })
      }
      let quantiles = Self.each(columns) { column in
        .object(levels.indices.map { ("\(levels[$0])", .number(outputs[column * levels.count + $0])) })
      }
      return .object([median].compactMap(\.self) + [("quantiles", quantiles)] + intervals(columns))
    }
  }

  private static func probability(_ value: Double) -> JSONValue {
    Double(Float(value)) == value ? .float(Float(value)) : .number(value)
  }

  /// One value, or an object with one for each of several columns.
  private static func each(_ columns: [String], _ value: (Int) -> JSONValue) -> JSONValue {
    columns.count == 1 ? value(0) : .object(columns.enumerated().map { ($1, value($0)) })
  }

  private func intervals(_ columns: [String]) -> [(name: String, value: JSONValue)] {
    guard let level else { return [] }
    let intervals = Self.each(columns) { column in
      ["lower": .number(bounds[2 * column]), "upper": .number(bounds[2 * column + 1]), "level": .number(level)]
    }
    return [("interval", intervals)]
  }
}
