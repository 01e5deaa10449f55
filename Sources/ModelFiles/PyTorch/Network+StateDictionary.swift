import PerceptronDatasets
import PerceptronFiles
import PerceptronLayers
import Tensor

extension Network {
  /// Makes a network from a PyTorch state dictionary that `safetensors.torch.save_file` has written.
  ///
  ///     try Network<Float>(
  ///       stateDictionary: "net.safetensors",
  ///       modules: [.linear, .batchNorm, .activation(.relu), .dropout(), .linear, .activation(.softmax)])
  ///
  /// Its predictions are those of the modules one after another in evaluation mode. All tensor names may share a
  /// prefix. The numbers of an `nn.Sequential` may have gaps, but must be in the order of the list. Modules with names,
  /// such as `fc1` and `head`, are taken in the order of the numbers in their names or in the only order in which their
  /// sizes fit; otherwise ``SequentialModule/named(_:)`` tells which is meant. Integer tensors are ignored. 16-bit
  /// numbers, and numbers in the other precision, are converted. PyTorch leaves softmax or sigmoid to the loss; a
  /// network that ends in logits gives probabilities if the list ends with that activation.
  ///
  /// Some modules do not fit into a ``Dense`` layer and are converted. A batch normalisation after an activation
  /// becomes part of the weights of the next linear module. Any other such module becomes a layer with the identity as
  /// weights.
  ///
  /// - Throws: ``FileError`` if the file does not exist or is not a safetensors file, and if a tensor is missing, has
  ///   another shape, or belongs to no module of the list. The error names the tensor.
  public init(stateDictionary path: String, modules: [SequentialModule]) throws(FileError) {
    var assembler = try Self.assembler(path, modules)
    self = try assembler.network()
  }

  /// Reads the modules of a file. The file's bytes are released before a network is made.
  private static func assembler(
    _ path: String, _ modules: [SequentialModule]
  ) throws(FileError) -> NetworkAssembler<Scalar> {
    let bytes = try SafeTensors.bytes(of: path)
    return try assembler(SafeTensors(bytes: bytes, path: path), modules)
  }

  /// Makes a network from a state dictionary that has been read.
  package init(_ file: SafeTensors, modules: [SequentialModule]) throws(FileError) {
    var assembler = try Self.assembler(file, modules)
    self = try assembler.network()
  }

  private static func assembler(
    _ file: SafeTensors, _ modules: [SequentialModule]
  ) throws(FileError) -> NetworkAssembler<Scalar> {
    var reader = try SequentialReader(file, StateDictionary(file), of: modules)
    var assembler = NetworkAssembler<Scalar>(fileSize: file.byteCount) { [path = file.path] module, problem in
      .otherModules(path: path, problem: (module.map { $0 + ": " } ?? "") + problem)
    }
    for (position, module) in modules.enumerated() {
      let width = assembler.width
      let operations: [ImportedOperation<Scalar>] =
        switch module.kind {
        case .linear: [try reader.linear(position, module.name, inputs: width)]
        case .normalization(.none, _): [.activation(.identity)]
        case .normalization(let normalization, let epsilon):
          [try reader.normalization(normalization, position, module.name, units: width, epsilon: epsilon)]
        case .activation(let activation): [.activation(activation)]
        case .rectifier(let slope): [.rectifier([Scalar(slope)])]
        case .parametricRectifier: [.rectifier(try reader.slopes(position, module.name, units: width))]
        case .elu(let alpha): [.elu(alpha)]
        case .clip(let low, let high): ImportedOperation.clip(from: low, to: high)
        case .dropout(let probability): [.dropout(probability)]
        }
      for operation in operations { try assembler.add(operation, name: "module \(position), \(module)") }
    }
    try reader.checkAllUsed()
    return assembler
  }
}
