import PerceptronLayers
import Tensor

/// A module of PyTorch's `nn.Sequential`, without its sizes and parameters, which are in the state dictionary.
public enum SequentialModule: Sendable, Equatable {
  /// `nn.Linear`, with or without bias.
  case linear
  /// `nn.BatchNorm1d` with running statistics, `nn.LayerNorm` or `nn.RMSNorm` over the features; with the default ε,
  /// and with or without affine parameters.
  case normalization(Normalization)
  /// An activation with PyTorch's default parameters. The identity also stands for modules that do not change rows of
  /// features, such as `nn.Flatten`.
  case activation(Activation)
  /// `nn.Dropout`, which does nothing in prediction.
  case dropout(Double = 0.5)

  /// `nn.BatchNorm1d`; see ``normalization(_:)``.
  public static let batchNorm = SequentialModule.normalization(.batch)
  /// `nn.LayerNorm`; see ``normalization(_:)``.
  public static let layerNorm = SequentialModule.normalization(.layer)
  /// `nn.RMSNorm`; see ``normalization(_:)``.
  public static let rmsNorm = SequentialModule.normalization(.rms)
}

extension SequentialModule: CustomStringConvertible {
  /// The name used in the command's options.
  public var description: String {
    switch self {
    case .linear: "linear"
    case .normalization(.none): "identity"
    case .normalization(let normalization): "\(normalization)-norm"
    case .activation(let activation): activation.rawValue
    case .dropout(let probability): "dropout:\(probability)"
    }
  }
}
