import Perceptron
import PerceptronContestant

extension ContestTask {
  /// The network as a model whose inputs are not scaled: images of 28×28 pixels, or columns of numbers.
  func model() throws -> TrainedModel<Float> {
    let (inputSize, outputSize) = (workload.sizes.first!, workload.sizes.last!)
    let columns = (0..<inputSize).map { InputColumn.number(name: "x\($0)", mean: 0) }
    let names = (0..<outputSize).map { "y\($0)" }
    let preparation = Preparation(
      inputs: inputSize == 784 ? .pixels(shape: [28, 28]) : .columns(columns), inputScaling: .unscaled(inputSize),
      outputs: workload.output == "softmax"
        ? .classes(names, column: nil) : .values(columns: names, scaling: .unscaled(outputSize)))
    return TrainedModel(network: try network(Float.self), loss: try loss, preparation: preparation)
  }
}
