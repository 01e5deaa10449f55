import PerceptronFiles

extension FileError {
  /// The file is not an ONNX file, or it is damaged at this byte.
  package static func badONNX(path: String, byte: Int, problem: String) -> FileError {
    FileError(path: path, "not an ONNX file, or damaged: byte \(byte): \(problem); copy or export the file again")
  }

  /// A tensor of an ONNX graph cannot be read.
  package static func unsupportedTensor(path: String, name: String, problem: String) -> FileError {
    FileError(path: path, "tensor \(quoted(name)): \(problem)")
  }

  /// An ONNX graph is not a multi-layer perceptron because of this node.
  package static func unsupportedNode(path: String, node: String, problem: String) -> FileError {
    FileError(path: path, "node \(node): \(problem); only multi-layer perceptrons are imported")
  }

  /// An ONNX graph as a whole is not a multi-layer perceptron.
  package static func unsupportedGraph(path: String, problem: String) -> FileError {
    FileError(path: path, "\(problem); only multi-layer perceptrons are imported")
  }
}
