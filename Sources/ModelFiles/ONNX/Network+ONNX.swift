import PerceptronFiles
import PerceptronLayers
import Tensor

extension Network {
  /// Reads the network of an ONNX file, whose graph is a multi-layer perceptron: see Documentation/ONNX.md for what may
  /// be in it.
  ///
  /// Scaling and batch normalisation become part of the weights beside them.
  ///
  /// - Throws: ``FileError`` if the file is not there or damaged, and, with the name of the node, if it is something
  ///   else.
  public init(onnx path: String) throws(FileError) { self = try ONNXPerceptron(contentsOf: path).network }
}
