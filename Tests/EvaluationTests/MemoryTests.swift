import Foundation
import Perceptron
import Testing

private struct House: Encodable {
  let floorArea: Double
  let city: String?
  let isNew: Bool
  let price: Int
}

@Test("A table in memory is the same as from a file, whatever form it has")
func tablesInMemory() throws {
  let text = "floor_area,city,is_new,price\n50.5,\"a, \"\"b\"\"\",true,3\n60,,false,4\n"
  let file = try Table(csv: text)
  let houses = [
    House(floorArea: 50.5, city: "a, \"b\"", isNew: true, price: 3),
    House(floorArea: 60, city: nil, isNew: false, price: 4),
  ]
  let encoded = try Table(rowsOf: houses, keys: .convertToSnakeCase)
  let columns = try Table([
    "floor_area": [50.5, 60], "city": ["a, \"b\"", nil], "is_new": ["true", "false"], "price": [3, 4],
  ])
  let rows = try Table(
    columns: ["floor_area", "city", "is_new", "price"],
    rows: [[50.5, "a, \"b\"", "true", 3], [60, .number(.nan), "false", 4]])
  for table in [encoded, columns, rows] {
    #expect(table.columnNames == file.columnNames && table.rowCount == 2)
    for name in file.columnNames {
      #expect(try table.fields(ofColumn: name) == file.fields(ofColumn: name) || name == "floor_area")
    }
    let found: Matrix<Double> = try Preparation(fittedOn: table).features(of: table)
    let expected: Matrix<Double> = try Preparation(fittedOn: file).features(of: file)
    #expect(found == expected)
  }
  let error = #expect(throws: FileError.self) { try Table(columns: ["a", "b"], rows: [[1]]) }
  #expect(error?.description == "row 0 of the table has 1 fields, expected 2, one for each column")
  #expect(throws: FileError.self) { try Table(["a": [1, 2], "b": [1]]) }
  #expect(throws: (any Error).self) { try Table(rowsOf: [[1, 2]]) }
}

@Test("A model goes through bytes and URLs, and an error's localized description is its description")
func modelsInMemory() throws {
  let table = try Table(csv: "a,b,y\n1,2,x\n2,1,z\n3,5,x\n4,0,z\n")
  let preparation = try Preparation(fittedOn: table)
  var generator = Philox(seed: 1)
  let network = Network<Float>([Dense(2, 2, .softmax)], initializer: .normal, using: &generator)
  let model = TrainedModel(network: network, loss: .crossEntropy, preparation: preparation)
  let read = try TrainedModel<Float>(bytes: model.bytes())
  #expect(read.network.parameters == model.network.parameters)
  let url = FileManager.default.temporaryDirectory.appending(path: "perceptron model \(UUID().uuidString)")
  defer { try? FileManager.default.removeItem(at: url) }
  try model.write(to: url)
  #expect(try Data(contentsOf: url) == Data(model.bytes()))
  #expect(try TrainedModel<Float>(contentsOf: url).network.parameters == model.network.parameters)
  let predictor = try Predictor<Float>(contentsOf: url)
  let (a, b) = (1.5, 2)
  #expect(try predictor.predict(["a": a, "b": b]) == predictor.predict(["a": 1.5, "b": 2]))
  let none: String? = nil
  #expect(try predictor.predict(["a": a, "b": none]) == predictor.predict(["a": 1.5, "b": nil]))
  let error = #expect(throws: PredictionError.self) { try predictor.predict(["a": a, "B": b]) }
  #expect(error?.description == "column \"b\" is missing, and \"B\" is no column; call it \"b\"")
  #expect(error?.localizedDescription == error?.description)
  let broken = #expect(throws: FileError.self) { try TrainedModel<Float>(bytes: [1, 2, 3]) }
  #expect(broken.map { $0.localizedDescription == $0.description } == true)
}
