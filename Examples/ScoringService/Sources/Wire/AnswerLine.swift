import Perceptron

/// The line of JSON that answers a request.
public enum AnswerLine {
  /// A model's answer: `{"class":"setosa","probability":0.9,"probabilities":{"setosa":0.9,…}}`, `{"value":3.5}`,
  /// `{"values":{"a":1.5,…}}`, also for quantiles, or `{"labels":{"a":"yes",…},"probabilities":{"a":0.75,…}}`. If the
  /// model has intervals, values are followed by those of the columns: `"intervals":{"a":[1.25,2],…}`.
  ///
  /// Probabilities come from a model in `Float` and have few digits; values keep all of their digits.
  ///
  /// - Parameter isForReview: Whether a class is marked by a further member, `"review":true`.
  public static func answer(_ prediction: Prediction, isForReview: Bool = false) -> String {
    let names = prediction.names
    if !prediction.columns.isEmpty {
      let bounds = prediction.columns.compactMap { prediction.interval(ofColumn: $0) }
      let intervals = object(prediction.columns, bounds.map { "[\($0.lowerBound),\($0.upperBound)]" })
      let values =
        names.count == 1
        ? "\"value\":\(prediction.outputs[0])" : "\"values\":\(object(names, prediction.outputs.map { "\($0)" }))"
      return "{\(values)\(bounds.isEmpty ? "" : ",\"intervals\":\(intervals)")}\n"
    }
    let probabilities = object(names, prediction.outputs.map { "\(Float($0))" })
    if let name = prediction.className, let probability = prediction.probability {
      return
        "{\"class\":\(quoted(name)),\"probability\":\(Float(probability)),\"probabilities\":\(probabilities)"
        + "\(isForReview ? ",\"review\":true" : "")}\n"
    }
    let labels = object(names, names.map { quoted(prediction.label(ofColumn: $0) ?? "") })
    return "{\"labels\":\(labels),\"probabilities\":\(probabilities)}\n"
  }

  /// `{"error":"…"}`.
  public static func error(_ message: String) -> String { "{\"error\":\(quoted(message))}\n" }

  private static func object(_ names: [String], _ values: [String]) -> String {
    "{" + zip(names, values).map { "\(quoted($0)):\($1)" }.joined(separator: ",") + "}"
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case ..<" ":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
