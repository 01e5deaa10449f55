import PerceptronLayers
import Tensor

/// A module of PyTorch's `nn.Sequential`, without its sizes and parameters, which are in the state dictionary.
public enum SequentialModule: Sendable, Equatable {
  /// `nn.Linear`, with or without bias.
  case linear
  /// `nn.BatchNorm1d` with running statistics and the default ε, 10⁻⁵; with or without affine parameters.
  case batchNorm
  /// `nn.LayerNorm` over the features with the default ε, 10⁻⁵; with or without affine parameters.
  case layerNorm
  /// An activation with PyTorch's default parameters. The identity also stands for modules that do not change rows of
  /// features, such as `nn.Flatten`.
  case activation(Activation)
  /// `nn.Dropout`, which does nothing in prediction.
  case dropout(Double = 0.5)
}

extension SequentialModule: CustomStringConvertible {
  /// The name used in the command's options.
  public var description: String {
    switch self {
    case .linear: "linear"
    case .batchNorm: "batch-norm"
    case .layerNorm: "layer-norm"
    case .activation(let activation): activation.rawValue
    case .dropout(let probability): "dropout:\(probability)"
    }
  }
}
