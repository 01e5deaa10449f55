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

  /// The pieces in a few words, without those that change nothing, such as "waves, parametric selu, adam 0.04 coslog4,
  /// dropout 0.15 flat-cos, weight decay 0.02 flat-cos".
  var pieces: String {
    func piece(_ name: String, _ values: [Double], _ schedule: Schedule? = nil) -> String? {
      guard values.contains(where: { $0 > 0 }) else { return nil }
      let numbers = values.map(\.short).joined(separator: ",")
      return [name, numbers, schedule?.shape.name].compactMap(\.self).joined(separator: " ")
    }
    let step = [optimizer.name, optimizer.learningRate?.short, schedule.shape.name].compactMap(\.self)
    let pieces = [
      encoding == .none ? nil : encoding.rawValue,
      hidden.isEmpty ? nil : (isParametric ? "parametric " : "") + activation.rawValue,
      step.joined(separator: " "),
      piece("input dropout", [inputDropout], dropoutSchedule), piece("dropout", dropout, dropoutSchedule),
      piece("weight decay", [regularization.weightDecay], decaySchedule),
      piece("label smoothing", [labelSmoothing]), piece("average", [averageDecay ?? 0]),
    ]
    return pieces.compactMap(\.self).joined(separator: ", ")
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
