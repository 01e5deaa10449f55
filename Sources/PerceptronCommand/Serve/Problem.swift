import Perceptron
import PerceptronFiles

/// Why a request has no answer, as `application/problem+json` (RFC 9457).
struct Problem: Error {
  enum Kind: String {
    case malformed, field
    case mediaType = "media_type"
    case tooLarge = "too_large"
    case notFound = "not_found"
    case method
    case
      notFinite = "not_finite"
    case overloaded
    case internalError = "internal"
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

  var status: Int {
    switch kind {
    case .malformed: 400
    case .notFound: 404
    case .method: 405
    case .tooLarge: 413
    case .mediaType: 415
    case .field, .notFinite: 422
    case .internalError: 500
    case .overloaded: 503
    }
  }

  private var title: String {
    switch kind {
    case .malformed: "Malformed request"
    case .notFound: "Not found"
    case .method: "Method not allowed"
    case .tooLarge: "Body too large"
    case .mediaType: "Unsupported media type"
    case .field: "Unusable input"
    case .notFinite: "No finite answer"
    case .internalError: "Internal error"
    case .overloaded: "Overloaded"
    }
  }

  var response: HTTPResponse {
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
      status: status, type: "application/json", JSONValue.object([("error", .string(detail))]).bytes, fields: fields)
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
