import PerceptronFiles
import PerceptronLayers
import Tensor

extension Network {
  /// Reads the network of an ONNX file whose graph is a multi-layer perceptron. Documentation/ONNX.md lists the
  /// supported graphs.
  ///
  /// Scaling and batch normalisation become part of the neighbouring weights.
  ///
  /// - Parameter output: The name of the output to use; nil for the only one of numbers, or the one that is computed
  ///   from the others.
  /// - Throws: ``FileError`` if the file does not exist or is damaged. If the graph is not a multi-layer perceptron,
  ///   the error names the node.
  public init(onnx path: String, output: String? = nil) throws(FileError) {
    self = try ONNXPerceptron(contentsOf: path, output: output, foldsScaling: true).network
  }
}
