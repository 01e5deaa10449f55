import PerceptronLayers
import Tensor

/// A module of a PyTorch network, without its sizes and parameters, which are in the state dictionary.
public struct SequentialModule: Sendable, Equatable {
  enum Kind: Equatable {
    case linear
    /// With another ε than PyTorch's default, if there is one.
    case normalization(Normalization, epsilon: Double?)
    case activation(Activation)
    case rectifier(slope: Double)
    case elu(alpha: Double)
    case parametricRectifier
    case clip(low: Double, high: Double)
    case dropout(Double)
  }

  let kind: Kind
  /// The module's name in the state dictionary; nil for the next one in order.
  private(set) var name: String?

  private init(_ kind: Kind) { self.kind = kind }

  /// `nn.Linear`, with or without bias.
  public static let linear = SequentialModule(.linear)

  /// `nn.BatchNorm1d` with running statistics, `nn.LayerNorm` or `nn.RMSNorm` over the features, with or without affine
  /// parameters.
  ///
  /// - Parameter epsilon: The ε, which a state dictionary does not hold; nil for PyTorch's default. It must be above 0.
  public static func normalization(_ normalization: Normalization, epsilon: Double? = nil) -> SequentialModule {
    if let epsilon, !(epsilon > 0 && epsilon.isFinite) { fail("cannot normalize with an epsilon of \(epsilon)") }
    return SequentialModule(.normalization(normalization, epsilon: epsilon))
  }

  /// An activation with PyTorch's default parameters. The identity also stands for modules that do not change rows of
  /// features, such as `nn.Flatten`.
  public static func activation(_ activation: Activation) -> SequentialModule {
    SequentialModule(.activation(activation))
  }

  /// `nn.LeakyReLU` with this slope.
  public static func leakyReLU(slope: Double) -> SequentialModule { SequentialModule(.rectifier(slope: slope)) }

  /// `nn.ELU` with this α.
  public static func elu(alpha: Double) -> SequentialModule { SequentialModule(.elu(alpha: alpha)) }

  /// `nn.PReLU`, whose slopes are in the state dictionary.
  public static let prelu = SequentialModule(.parametricRectifier)

  /// `nn.ReLU6` with the bounds 0 and 6, or `nn.Hardtanh` with any.
  public static func clip(_ bounds: ClosedRange<Double>) -> SequentialModule {
    SequentialModule(.clip(low: bounds.lowerBound, high: bounds.upperBound))
  }

  /// `nn.Dropout`, which does nothing in prediction.
  public static func dropout(_ probability: Double = 0.5) -> SequentialModule {
    SequentialModule(.dropout(probability))
  }

  /// `nn.BatchNorm1d`; see ``normalization(_:epsilon:)``.
  public static let batchNorm = normalization(.batch)
  /// `nn.LayerNorm`; see ``normalization(_:epsilon:)``.
  public static let layerNorm = normalization(.layer)
  /// `nn.RMSNorm`; see ``normalization(_:epsilon:)``.
  public static let rmsNorm = normalization(.rms)

  /// The same module, which has this name in the state dictionary, such as `fc1` or `encoder.0`.
  public func named(_ name: String) -> SequentialModule {
    var module = self
    module.name = name
    return module
  }
}

extension SequentialModule: CustomStringConvertible {
  /// The name used in the command's options.
  public var description: String {
    let kind =
      switch kind {
      case .linear: "linear"
      case .normalization(.none, _): "identity"
      case .normalization(let normalization, nil): "\(normalization)-norm"
      case .normalization(let normalization, let epsilon?): "\(normalization)-norm:\(epsilon)"
      case .activation(let activation): activation.rawValue
      case .rectifier(let slope): "leaky-relu:\(slope)"
      case .elu(let alpha): "elu:\(alpha)"
      case .parametricRectifier: "prelu"
      case .clip(let low, let high): "clip:\(low):\(high)"
      case .dropout(let probability): "dropout:\(probability)"
      }
    return kind + (name.map { "=\($0)" } ?? "")
  }
}
