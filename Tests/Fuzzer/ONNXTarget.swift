import PerceptronDatasets
import PerceptronFiles
import PerceptronLayers
import PerceptronModelFiles
import Tensor

extension FuzzTarget {
  static let onnx = FuzzTarget(
    name: "onnx",
    seeds: { exports() + [foreign().encoded] },
    words: [
      "Gemm", "MatMul", "Add", "Sub", "Mul", "Div", "BatchNormalization", "LayerNormalization", "RMSNormalization",
      "Flatten", "Reshape",
      "Dropout", "Cast", "Identity", "Where", "IsNaN", "Constant", "Transpose", "Squeeze", "Sqrt", "Reciprocal", "Neg",
      "Relu", "LeakyRelu", "Elu", "Selu", "Gelu", "Swish", "Sigmoid", "Tanh", "Softplus", "Softsign", "Mish", "Softmax",
      "Max", "Abs", "Erf", "Greater", "Concat", "Gather", "alpha", "beta", "transA", "transB", "axis", "epsilon",
      "training_mode", "value", "value_float", "to", "input", "output",
    ],
    read: { bytes in
      do throws(FileError) {
        let model = try withinBudget(bytes.count) { () throws(FileError) in
          TrainedModel(try ONNXPerceptron<Float>(bytes, path: "onnx"), path: "onnx")
        }
        use(model)
        let written = model.encoded
        guard try TrainedModel<Float>(ModelFile(written, path: "model")).encoded == written else {
          fail("the model is not read back as it was written")
        }
        // What was imported can be exported, and is the same network then, but for what rounding there is in its
        // logits.
        let copy = try ONNXPerceptron<Float>(model.onnx().encoded, path: "onnx").network
        guard copy.inputSize == model.networks[0].inputSize, copy.outputSize == model.networks[0].outputSize else {
          fail("the network is not read back as it was exported")
        }
      } catch { check(error) }
    })
}

/// The graphs of models with numbers alone: nothing but these is imported.
private func exports() -> [[UInt8]] {
  let chains: [[Dense]] = [
    [Dense(2, 2, .relu, normalization: .batch), Dense(2, 2, .gelu), Dense(2, 2, .softmax)],
    [Dense(2, 2, .elu, normalization: .layer), Dense(2, 2, .selu), Dense(2, 1, .sigmoid)],
    [Dense(1, 2, .leakyReLU), Dense(2, 2, .softplus), Dense(2, 2, .softsign), Dense(2, 2, .tanh), Dense(2, 1)],
    [Dense(1, 1, .silu), Dense(1, 1, .mish), Dense(1, 1)],
  ]
  func export<Scalar: BLASScalar>(_ layers: [Dense], _: Scalar.Type) -> [UInt8] {
    var generator = Philox(seed: 1)
    let network = Network<Scalar>(layers, initializer: .glorotUniform, using: &generator)
    let inputs = (0..<network.inputSize).map { InputColumn.number(name: "\($0)", mean: 1) }
    let outputs: Preparation.Outputs =
      switch network.outputActivation {
      case .softmax: .classes(["no", "yes"], column: "c")
      case .sigmoid: .labels(columns: ["c"], classes: [["no", "yes"]])
      default: .values(columns: ["c"], scaling: .unscaled(1))
      }
    return TrainedModel(
      network: network, loss: .meanSquaredError,
      preparation: Preparation(
        inputs: .columns(inputs),
        inputScaling: Scaling(
          method: .standard, offsets: inputs.map { _ in 1 }, factors: inputs.map { _ in 2 }), outputs: outputs)
    ).onnx().encoded
  }
  return chains.map { export($0, Float.self) } + chains.map { export($0, Double.self) }
}

/// A graph as other exporters write them: constants as nodes, numbers as varints, a product without a bias.
private func foreign() -> ONNXModel {
  ONNXModel(
    version: 8, operatorSets: ["": 17],
    graph: ONNXGraph(
      name: "g",
      nodes: [
        ONNXNode(operation: "Reshape", inputs: ["x", "s"], outputs: ["1"]),
        ONNXNode(operation: "Constant", outputs: ["2"], attributes: ["value_float": .float(2)]),
        ONNXNode(operation: "Transpose", inputs: ["w"], outputs: ["3"]),
        ONNXNode(operation: "MatMul", inputs: ["1", "3"], outputs: ["4"]),
        ONNXNode(operation: "Add", inputs: ["4", "2"], outputs: ["5"]),
        ONNXNode(operation: "Dropout", inputs: ["5"], outputs: ["6"]),
        ONNXNode(operation: "Max", inputs: ["6", "0"], outputs: ["y"]),
      ],
      initializers: [
        ONNXTensor("s", [2], [-1, 4]),
        ONNXTensor(name: "w", shape: [1, 4], dataType: .int32, encoding: .varints, contents: [1, 2, 3, 4]),
        ONNXTensor("0", .float, [], [0]),
      ],
      inputs: [ONNXValue(name: "x", dataType: 1, shape: [.named("n"), .fixed(2), .fixed(2)])],
      outputs: [ONNXValue(name: "y", dataType: 1)]))
}
