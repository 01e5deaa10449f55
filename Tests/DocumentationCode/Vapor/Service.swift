// The code of Documentation/Serving.md for Vapor, whose types are stand-ins here.

import Perceptron

struct Answer: Content { let outputs: [String: Double] }

@main
enum Service {
  static func main() async throws {
    let live = try ReloadablePredictor<Float>(contentsOf: "iris.perceptron")
    let app = try await Application.make(.detect())
    app.routes.defaultMaxBodySize = "1mb"
    app.post("predict") { request -> Answer in
      let record = try request.content.decode([String: InputValue].self)
      do {
        let prediction = try live.predictor.predict(record)
        return Answer(outputs: Dictionary(uniqueKeysWithValues: zip(prediction.names, prediction.outputs)))
      } catch {
        throw Abort(.badRequest, reason: "\(error)")
      }
    }
    try await app.execute()
    try await app.asyncShutdown()
  }
}
