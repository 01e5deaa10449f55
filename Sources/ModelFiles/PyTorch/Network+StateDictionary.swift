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
  /// Its predictions are those of the `nn.Sequential` in evaluation mode. All tensor names may share a prefix. The
  /// modules' numbers may have gaps, but must be in the order of the list. Integer tensors are ignored. 16-bit numbers,
  /// and numbers in the other precision, are converted. PyTorch leaves softmax or sigmoid to the loss; a network that
  /// ends in logits gives probabilities if the list ends with that activation.
  ///
  /// Some modules do not fit into a ``Dense`` layer and are converted. A batch normalisation after an activation
  /// becomes part of the weights of the next linear module. Any other such module becomes a layer with the identity as
  /// weights.
  ///
  /// - Throws: ``FileError`` if the file does not exist or is not a safetensors file, and if a tensor is missing, has
  ///   another shape, or belongs to no module of the list. The error names the tensor.
  public init(stateDictionary path: String, modules: [SequentialModule]) throws(FileError) {
    var layers = try Self.layers(path, modules)
    self = try layers.network()
  }

  /// Reads the layers of a file. The file's bytes are released before a network is made.
  private static func layers(
    _ path: String, _ modules: [SequentialModule]
  ) throws(FileError) -> SequentialLayers<Scalar> {
    let bytes = try SafeTensors.bytes(of: path)
    return try layers(SafeTensors(bytes: bytes, path: path), modules)
  }

  /// Makes a network from a state dictionary that has been read.
  package init(_ file: SafeTensors, modules: [SequentialModule]) throws(FileError) {
    var layers = try Self.layers(file, modules)
    self = try layers.network()
  }

  private static func layers(
    _ file: SafeTensors, _ modules: [SequentialModule]
  ) throws(FileError) -> SequentialLayers<Scalar> {
    var parameters = ModuleParameters(file, try StateDictionary(file).modules, of: modules)
    var layers = SequentialLayers<Scalar>(path: file.path, byteCount: file.byteCount)
    for (position, module) in modules.enumerated() {
      switch module {
      case .linear: layers.add(try parameters.linear(position, inputs: layers.width))
      case .batchNorm: try layers.add(try parameters.batchNorm(position, units: layers.width), .batch)
      case .layerNorm: try layers.add(try parameters.layerNorm(position, units: layers.width), .layer)
      case .activation(let activation): try layers.add(activation)
      case .dropout(let probability): layers.dropout(probability)
      }
    }
    try parameters.checkAllUsed()
    return layers
  }
}
