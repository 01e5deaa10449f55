import PerceptronDatasets
import PerceptronFiles
import PerceptronLayers
import Tensor

extension Network {
  /// Makes a network of a PyTorch state dictionary that `safetensors.torch.save_file` has written.
  ///
  ///     try Network<Float>(
  ///       stateDictionary: "net.safetensors",
  ///       modules: [.linear, .batchNorm, .activation(.relu), .dropout(), .linear, .activation(.softmax)])
  ///
  /// Its predictions are those of the `nn.Sequential` in evaluation mode. The names of all tensors may begin with the
  /// same words, and the modules' numbers may have gaps, but stand in the order of the list. Whole numbers are ignored;
  /// numbers of 16 bits, and of the other precision, are converted. A network that ends in logits gives probabilities
  /// if the list ends with the softmax or sigmoid that PyTorch leaves to the loss.
  ///
  /// A module that a ``Dense`` layer has no place for is put in its own terms: a batch normalisation after an
  /// activation goes into the weights of the linear module after it, and any other becomes a layer whose weights are
  /// the identity.
  ///
  /// - Throws: ``FileError`` if the file is not there or is no safetensors file, and if a tensor is missing, of
  ///   another shape, or of no module of the list, which it names.
  public init(stateDictionary path: String, modules: [SequentialModule]) throws(FileError) {
    var layers = try Self.layers(path, modules)
    self = try layers.network()
  }

  /// The layers of a file, whose bytes are gone before a network is made.
  private static func layers(
    _ path: String, _ modules: [SequentialModule]
  ) throws(FileError) -> SequentialLayers<Scalar> {
    let bytes = try SafeTensors.bytes(of: path)
    return try layers(SafeTensors(bytes: bytes, path: path), modules)
  }

  /// Makes a network of a state dictionary that has been read.
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
