import Datasets

/// What can be wrong with a model file, told in one line that says what was found, what was expected and what to do.
public enum ModelError: Error, Equatable, Sendable {
  /// The file is not there or cannot be read.
  case unreadable(DataError)

  // MARK: - The container

  /// The file is of another kind; `found` says how it shows.
  case notSafeTensors(path: String, found: String)

  /// The file ends before its header or its tensors do.
  case cutShort(path: String, section: Section, promised: Int, found: Int)

  /// The file goes on after the tensors that its header promises.
  case tooLong(path: String, promised: Int, found: Int)

  /// The header cannot be read from this byte of the file on.
  case badHeader(path: String, byte: Int, problem: String)

  /// What the header says about one tensor contradicts itself or the other tensors.
  case badTensor(path: String, name: String, problem: String)

  /// A tensor is stored in a number format that is not read.
  case unsupportedDataType(path: String, name: String, found: String)

  /// The file's checksum is not that of its bytes.
  case wrongChecksum(path: String)

  // MARK: - The model in it

  case missingTensor(path: String, name: String)
  case wrongShape(path: String, name: String, found: [Int], expected: [Int])
  case missingMetadata(path: String, key: String)
  case badMetadata(path: String, key: String, problem: String)

  /// A tensor holds an infinity or NaN.
  case notFinite(path: String, name: String)
  case negativeVariance(path: String, name: String)

  /// The tensors of a state dictionary are not those of the modules that were listed; `problem` names the tensor or the
  /// module.
  case otherModules(path: String, problem: String)

  /// A later version of this program wrote the model.
  case newerVersion(path: String, found: Int, supported: Int)

  // MARK: - ONNX

  /// The file is not ONNX, or damaged, at this byte.
  case badONNX(path: String, byte: Int, problem: String)

  /// A tensor of an ONNX graph cannot be read.
  case unsupportedTensor(path: String, name: String, problem: String)

  /// An ONNX graph is not a multi-layer perceptron, which shows at this node.
  case unsupportedNode(path: String, node: String, problem: String)

  /// An ONNX graph is not a multi-layer perceptron as a whole.
  case unsupportedGraph(path: String, problem: String)

  /// A part of the file that states its own length.
  public enum Section: String, Sendable {
    case header
    case tensors
  }
}

extension ModelError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unreadable(let error): "\(error)"
    case .notSafeTensors(let path, let found):
      "\(path): not a safetensors file: \(found); give the path of a saved model"
    case .cutShort(let path, let section, let promised, let found):
      "\(path): cut short: the file promises \(promised) bytes of \(section) and holds \(found); copy the file again"
    case .tooLong(let path, let promised, let found):
      "\(path): too long: the header promises \(promised) bytes of tensors, the file holds \(found); "
        + "copy the file again"
    case .badHeader(let path, let byte, let problem):
      "\(path): damaged header: byte \(byte): \(problem); copy or save the file again"
    case .badTensor(let path, let name, let problem):
      "\(path): damaged header: tensor \(quoted(name)): \(problem); copy or save the file again"
    case .unsupportedDataType(let path, let name, let found):
      "\(path): tensor \(quoted(name)) is stored as \(quoted(found)), expected F64, F32, F16 or BF16; "
        + "convert it and save the file again"
    case .wrongChecksum(let path):
      "\(path): damaged: its checksum is not that of its bytes; copy or save the file again"
    case .missingTensor(let path, let name):
      "\(path): no tensor \(quoted(name)), which the model needs; save the model again"
    case .wrongShape(let path, let name, let found, let expected):
      "\(path): tensor \(quoted(name)) is \(shapeText(found)), expected \(shapeText(expected)); save the model again"
    case .missingMetadata(let path, let key):
      "\(path): no metadata \(quoted(key)), which a model saved by this program has; save the model with it"
    case .badMetadata(let path, let key, let problem):
      "\(path): metadata \(quoted(key)): \(problem); save the model again"
    case .notFinite(let path, let name):
      "\(path): tensor \(quoted(name)) holds a number that is not finite; train the model again"
    case .negativeVariance(let path, let name):
      "\(path): tensor \(quoted(name)) holds a variance below 0; train the model again"
    case .otherModules(let path, let problem):
      "\(path): \(problem); list the modules as the nn.Sequential has them"
    case .newerVersion(let path, let found, let supported):
      "\(path): written in version \(found) of the model format, expected \(supported) or earlier; "
        + "update this program"
    case .badONNX(let path, let byte, let problem):
      "\(path): not an ONNX file, or damaged: byte \(byte): \(problem); copy or export the file again"
    case .unsupportedTensor(let path, let name, let problem): "\(path): tensor \(quoted(name)): \(problem)"
    case .unsupportedNode(let path, let node, let problem):
      "\(path): node \(node): \(problem); only multi-layer perceptrons are imported"
    case .unsupportedGraph(let path, let problem): "\(path): \(problem); only multi-layer perceptrons are imported"
    }
  }
}

/// Returns text from a file in quotes, with control characters escaped and no longer than a line can bear.
func quoted(_ text: String) -> String {
  let scalars = text.unicodeScalars
  return scalars.count <= 80 ? text.debugDescription : String(scalars.prefix(80)).debugDescription + "…"
}

/// Returns a shape as `128×784`, and no more of it than a line can bear.
func shapeText(_ shape: [Int]) -> String {
  let sizes = shape.prefix(8).map(String.init).joined(separator: "×")
  return shape.isEmpty ? "a single number" : shape.count <= 8 ? sizes : "\(sizes)×… of \(shape.count) sizes"
}
