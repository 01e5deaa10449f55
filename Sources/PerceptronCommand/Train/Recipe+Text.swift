import Perceptron

extension Recipe {
  /// The settings that a search varies, for readers.
  var settings: [(name: String, value: String)] {
    let rate = optimizer.learningRate.map { [("learning rate", $0.short)] } ?? []
    return [
      ("hidden", hidden.map(String.init).joined(separator: ",")), ("activation", activation.rawValue),
      ("encoding", encoding.rawValue),
    ] + rate + [
      ("scales", rates.inputScales.short), ("dropout", dropout.map(\.short).joined(separator: ",")),
      ("weight decay", regularization.weightDecay.short), ("label smoothing", labelSmoothing.short),
      ("epochs", "\(epochs)"),
    ]
  }

  /// The pieces in a few words, such as "waves, parametric selu, adam 0.04 coslog4".
  var pieces: String {
    let encoded = encoding == .none ? [] : [encoding.rawValue]
    let layers = hidden.isEmpty ? [] : [(isParametric ? "parametric " : "") + activation.rawValue]
    let step = [optimizer.name, optimizer.learningRate?.short, schedule.shape.name].compactMap(\.self)
    return (encoded + layers + [step.joined(separator: " ")]).joined(separator: ", ")
  }
}

extension Schedule.Shape {
  /// The name on the command line; nil for a constant rate.
  fileprivate var name: String? {
    switch self {
    case .constant: nil
    case .step: "step"
    case .exponential: "exponential"
    case .cosine: "cosine"
    case .oneCycle: "one-cycle"
    case .logCosine: "coslog4"
    case .flatCosine: "flat-cos"
    case .plateau: "plateau"
    }
  }
}
