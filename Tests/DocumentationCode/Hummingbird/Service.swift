// The code of Documentation/Serving.md for Hummingbird, whose types are stand-ins here.

import Perceptron

struct Answer: ResponseEncodable { let outputs: [String: Double] }

@main
enum Service {
  static func main() async throws {
    let live = try ReloadablePredictor<Float>(contentsOf: "iris.perceptron")
    let router = Router()
    router.post("predict") { request, context -> Answer in
      let record = try await request.decode(as: [String: InputValue].self, context: context)
      do {
        let prediction = try live.predictor.predict(record)
        return Answer(outputs: Dictionary(uniqueKeysWithValues: zip(prediction.names, prediction.outputs)))
      } catch {
        throw HTTPError(.badRequest, message: "\(error)")
      }
    }
    let app = Application(
      router: router, configuration: .init(address: .hostname("127.0.0.1", port: 8080)))
    try await app.runService()
  }
}
