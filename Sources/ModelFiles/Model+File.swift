import Datasets
import FoundationEssentials
import Layers
import Tensor

// The metadata of a model file, each value a string:
//
//   format       "perceptron"
//   version      "1"
//   layers       JSON: [{"type": "dense", "inputs": 784, "outputs": 30, "activation": "sigmoid"}, …]
//   loss         the loss's name
//   preparation  JSON: {"columns": [{"name", "mean" or "texts": […]}, …] or "image": [28, 28],
//                "scaling": {"method", "offsets", "factors" or "quantiles": [[…], …]},
//                "targets": [name, …] (none for images), "classes": […] or "labels": [[no, yes], …] or "targetScaling": {…}}
//   training     JSON: how it was trained, names to strings
//
// Layer i has the tensors "2i.weight" (outputs × inputs, row after row) and "2i.bias": the names that PyTorch gives the layers of
// Sequential(Linear, activation, Linear, …).

let modelFormat = "perceptron"
let modelVersion = 1

func tensorNames(ofLayer index: Int) -> (weight: String, bias: String) { ("\(2 * index).weight", "\(2 * index).bias") }

extension Model {
  /// Writes the model as one safetensors file; a file that is there already is replaced as a whole, or, if anything fails, not at all.
  ///
  /// - Throws: ``DataError`` where the file cannot be written.
  public func write(to path: String) throws(DataError) {
    var tensors: [SafeTensors.Tensor] = []
    for (index, layer) in network.layers.enumerated() {
      let name = tensorNames(ofLayer: index)
      // Row after row is the transpose column after column.
      let rowMajor = Matrix(network.weights(ofLayer: index).transposed)
      tensors.append(Self.tensor(name.weight, [layer.outputSize, layer.inputSize], rowMajor))
      tensors.append(Self.tensor(name.bias, [layer.outputSize], network.bias(ofLayer: index)))
    }
    let metadata = [
      "format": modelFormat,
      "version": String(modelVersion),
      "layers": encode(network.layers.map(LayerRecord.init)),
      "loss": loss.rawValue,
      "preparation": encode(PreparationRecord(preparation)),
      "training": encode(training),
    ]
    try AtomicFile.write(SafeTensors.encode(tensors, metadata: metadata), to: path)
  }

  /// Reads a model; one that was stored in the other precision is converted.
  ///
  /// - Throws: ``ModelError`` where the file is not there or is not a whole and consistent model.
  public init(contentsOf path: String) throws(ModelError) {
    try self.init(ModelFile(path))
  }

  /// Makes the model that a file holds.
  ///
  /// - Throws: ``ModelError`` where it is not a whole and consistent model.
  public init(_ file: ModelFile) throws(ModelError) {
    var network = Network<Scalar>(file.layers)
    for (index, layer) in file.layers.enumerated() {
      let name = tensorNames(ofLayer: index)
      let weights: [Scalar] = try file.values(name.weight)
      let bias: [Scalar] = try file.values(name.bias)
      let rowMajor = Matrix(rows: layer.inputSize, columns: layer.outputSize, columnMajor: weights)
      network.setWeights(Matrix(rowMajor.transposed), ofLayer: index)
      network.setBias(Matrix(bias), ofLayer: index)
    }
    self.init(network: network, loss: file.loss, preparation: file.preparation, training: file.training)
  }

  private static func tensor(_ name: String, _ shape: [Int], _ values: Matrix<Scalar>) -> SafeTensors.Tensor {
    if Scalar.self == Double.self {
      SafeTensors.Tensor(name: name, shape: shape, values: values.elements.map { Double($0) })
    } else {
      SafeTensors.Tensor(name: name, shape: shape, values: values.elements.map { Float($0) })
    }
  }
}
