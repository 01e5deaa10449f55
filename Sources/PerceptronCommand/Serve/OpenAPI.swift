import Perceptron

/// The description of a service for people and programs, as OpenAPI 3.1 (openapis.org).
func openAPI(_ models: [ModelFacts]) -> JSONValue {
  func reference(_ name: String) -> JSONValue { ["$ref": .string("#/components/schemas/\(name)")] }
  func content(_ schema: JSONValue) -> JSONValue { ["application/json": ["schema": schema]] }
  func answer(_ description: String, _ schema: JSONValue? = nil) -> JSONValue {
    .object([("description", .string(description))] + (schema.map { [("content", content($0))] } ?? []))
  }
  let refused: JSONValue = [
    "description": "The input cannot be used; the problem names the column.",
    "content": ["application/problem+json": ["schema": reference("Problem")]],
  ]
  func predict(_ model: ModelFacts) -> JSONValue {
    let (record, prediction) = (reference("\(model.name).Record"), reference("\(model.name).Prediction"))
    // The values in the order of the columns.
    let row: JSONValue = [
      "type": "array", "items": ["type": ["number", "string", "boolean", "null"]],
      "minItems": .integer(model.columns.count), "maxItems": .integer(model.columns.count),
    ]
    return [
      "post": [
        "summary": .string("Predicts \(model.preparation.outputs.text)."),
        "operationId": .string("predict.\(model.name)"),
        "requestBody": [
          "required": true,
          "content": [
            "application/json": [
              "schema": ["oneOf": [record, row, ["type": "array", "items": ["oneOf": [record, row]]]]],
              "example": .object(zip(model.columns, model.typicalValues).map { ($0.name, $1) }),
            ],
            "text/csv": ["schema": ["type": "string"]],
          ],
        ],
        "responses": [
          "200": answer(
            "The prediction, or one for each record.", ["oneOf": [prediction, ["type": "array", "items": prediction]]]),
          "4XX": refused,
        ],
      ]
    ]
  }
  func get(_ summary: String, _ type: String = "application/json") -> JSONValue {
    let content = JSONValue.object([(type, .object([]))])
    return ["get": ["summary": .string(summary), "responses": ["200": ["description": "OK", "content": content]]]]
  }
  var paths: [(name: String, value: JSONValue)] = [("/predict", predict(models[0]))]
  if models.count > 1 { paths += models.map { ("/models/\($0.name)/predict", predict($0)) } }
  paths += [
    ("/models", get("The models.")), ("/health", get("Whether the service runs.")),
    ("/ready", get("Whether it takes requests.")),
    ("/metrics", get("Counts and durations, for Prometheus.", "text/plain")),
    ("/v2", get("The open inference protocol of KServe and Triton.")),
  ]
  let problem: JSONValue = [
    "type": "object",
    "properties": [
      "type": ["type": "string"], "title": ["type": "string"], "status": ["type": "integer"],
      "detail": ["type": "string"], "column": ["type": "string"], "sample": ["type": "integer"],
    ],
  ]
  return [
    "openapi": "3.1.0",
    "info": ["title": .string(models.map(\.name).joined(separator: ", ")), "version": .string(models[0].fingerprint)],
    "paths": .object(paths),
    "components": [
      "schemas": .object(
        models.flatMap { [("\($0.name).Record", $0.recordSchema), ("\($0.name).Prediction", $0.predictionSchema)] }
          + [("Problem", problem)])
    ],
  ]
}

extension ModelFacts {
  /// A usual value of each column: the mean of the training data, or its first string.
  var typicalValues: [JSONValue] {
    columns.map { column in
      switch column {
      case .number(_, let mean, _, _): .number(mean ?? 0)
      case .category(_, let values, _): .string(values.first { !$0.isEmpty } ?? "")
      case .date: .null
      }
    }
  }

  fileprivate var recordSchema: JSONValue {
    let properties = columns.map { column -> (name: String, value: JSONValue) in
      switch column {
      case .number(let name, let mean, _, _):
        // Without a mean, a missing number is refused.
        mean.map {
          (name, ["type": ["number", "string", "null"], "description": .string("Usually near \($0.short).")])
        }
          ?? (name, ["type": ["number", "string"]])
      case .category(let name, let values, _):
        (
          name,
          [
            "type": ["string", "number", "boolean", "null"],
            "examples": .list(values.filter { !$0.isEmpty }.prefix(100).map { .string($0) }),
          ]
        )
      case .date(let name, let format, _, _):
        (name, ["type": ["string", "null"], "description": .string("A date, written as \(format.pattern).")])
      }
    }
    return [
      "type": "object", "properties": .object(properties), "required": .list(columns.map { .string($0.name) }),
      "additionalProperties": .bool(!preparation.ignored.isEmpty),
    ]
  }

  fileprivate var predictionSchema: JSONValue {
    func each(_ names: [String], _ schema: JSONValue) -> JSONValue {
      ["type": "object", "properties": .object(names.map { ($0, schema) })]
    }
    let (number, names) = (JSONValue.object([("type", "number")]), preparation.outputs.names)
    var members: [(name: String, value: JSONValue)]
    switch preparation.outputs {
    case .classes:
      members = [
        ("prediction", ["type": "string", "enum": .list(names.map { .string($0) })]), ("probability", number),
        ("probabilities", each(names, number)),
      ]
    case .labels: members = [("prediction", each(names, ["type": "string"])), ("probabilities", each(names, number))]
    case .values(let columns, _): members = [("prediction", columns.count == 1 ? number : each(columns, number))]
    case .quantiles(let columns, let levels, _):
      let quantiles = each(levels.map { "\($0)" }, number)
      members = [
        ("prediction", columns.count == 1 ? number : each(columns, number)),
        ("quantiles", columns.count == 1 ? quantiles : each(columns, quantiles)),
      ]
    }
    if interval != nil, let columns = preparation.outputs.targets?.columns {
      let bounds = each(["lower", "upper", "level"], number)
      members.append(("interval", columns.count == 1 ? bounds : each(columns, bounds)))
    }
    return ["type": "object", "properties": .object(members)]
  }
}
