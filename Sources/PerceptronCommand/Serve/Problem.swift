import Perceptron

/// Why a request has no answer, as `application/problem+json` (RFC 9457).
struct Problem: Error {
  enum Kind: String {
    case malformed, field
    case mediaType = "media_type"
    case tooLarge = "too_large"
    case notFound = "not_found"
    case method
    case notFinite = "not_finite"
    case overloaded
    case internalError = "internal"

    /// The status and the title of the response.
    var response: (status: Int, title: String) {
      switch self {
      case .malformed: (400, "Malformed request")
      case .notFound: (404, "Not found")
      case .method: (405, "Method not allowed")
      case .tooLarge: (413, "Body too large")
      case .mediaType: (415, "Unsupported media type")
      case .field: (422, "Unusable input")
      case .notFinite: (422, "No finite answer")
      case .internalError: (500, "Internal error")
      case .overloaded: (503, "Overloaded")
      }
    }
  }

  let kind: Kind
  let detail: String
  /// The column that is wrong, if it is one.
  var column: String?
  /// The sample in which it is, counted from 1.
  var sample: Int?
  /// The methods that are possible.
  var allowed: String?

  init(_ kind: Kind, _ detail: String, allowed: String? = nil) {
    (self.kind, self.detail, self.allowed) = (kind, detail, allowed)
  }

  init(_ error: any Error) {
    switch error {
    case let problem as Problem: self = problem
    case let error as PredictionError: self.init(error)
    case let error as FileError: self.init(.field, error.description)
    case is CancellationError: self.init(.overloaded, "the request was given up")
    default: self.init(.internalError, "\(error)")
    }
  }

  private init(_ error: PredictionError) {
    switch error {
    case .input(let field, let sample):
      self.init(.field, error.description)
      column = field.column
      self.sample = sample.map { $0 + 1 }
    case .notARecord: self.init(.malformed, error.description)
    case .count, .textColumn: self.init(.field, error.description)
    case .outputNotFinite(let sample):
      self.init(.notFinite, error.description)
      self.sample = sample.map { $0 + 1 }
    case .overloaded, .shutDown: self.init(.overloaded, error.description)
    }
  }

  var response: HTTPResponse {
    let (status, title) = kind.response
    var members: [(name: String, value: JSONValue)] = [
      ("type", "about:blank"), ("title", .string(title)), ("status", .integer(status)), ("detail", .string(detail)),
    ]
    if let column { members.append(("column", .string(column))) }
    if let sample { members.append(("sample", .integer(sample))) }
    return HTTPResponse(
      status: status, type: "application/problem+json", JSONValue.object(members).bytes, fields: fields)
  }

  /// The same as the open inference protocol wants it.
  var inferenceResponse: HTTPResponse {
    HTTPResponse(
      status: kind.response.status, type: "application/json", JSONValue.object([("error", .string(detail))]).bytes,
      fields: fields)
  }

  private var fields: [(name: String, value: String)] {
    if let allowed { return [("Allow", allowed)] }
    return kind == .overloaded ? [("Retry-After", "1")] : []
  }
}

extension FieldError {
  /// The column that is wrong; nil if it is not one.
  fileprivate var column: String? {
    switch self {
    case .count: nil
    case .missingColumn(let name, _), .otherSpelling(let name, _), .unknownColumn(let name, _), .givenTwice(let name),
      .notAValue(let name),
      .notANumber(let name, _), .notAText(let name, _), .notADate(let name, _, _), .missing(let name),
      .notFinite(let name, _):
      name
    }
  }
}
