import Perceptron

/// `--calibrate`: whether the probabilities of the trained model are calibrated on the validation samples.
enum CalibrateOption: String, CaseIterable {
  case temperature
  case none

  static let option = Option(
    "--calibrate", "NAME",
    "temperature, which fits the certainty of probabilities on the validation data, or none (temperature, if there are"
      + " validation data and the loss is a cross-entropy)")

  /// The option as given, or nil.
  init?(_ arguments: Arguments) throws(CommandError) {
    guard let choice = try arguments.choice("--calibrate", Self.allCases.map { ($0.rawValue, $0) }) else { return nil }
    self = choice
  }

  /// Refuses a calibration that was asked for but is not possible.
  func check<Scalar>(_ task: Preparation.Task, _ loss: Loss, validation: Samples<Scalar>?) throws(CommandError) {
    guard self == .temperature else { return }
    guard task == .classification else { throw .usage("--calibrate temperature is for classification") }
    guard loss.isForClasses else {
      throw .usage(
        "--calibrate temperature needs --loss cross-entropy or binary-cross-entropy, found \(loss.rawValue)")
    }
    guard let validation else {
      throw .usage("--calibrate temperature needs --validation, --validation-split or --folds")
    }
    if let error = CalibrationError(validation) {
      throw .usage("--calibrate temperature: validation data: \(error)")
    }
  }
}

extension Calibration {
  var summary: String {
    let share = uniformShare > 0 ? ", \(percent(uniformShare)) of each answer the same for all classes" : ""
    return "temperature \(temperature.short)\(share)"
  }
}

extension TrainingRun {
  /// The model after the calibration that `--calibrate` asks for, which is nil if it is not calibrated.
  ///
  /// Without the option, a model is calibrated if that is possible.
  ///
  /// - Parameter isFinal: Whether the model is the one that is written. For any other, which is only judged, a
  ///   temperature suffices, and there is no note.
  func calibrated(
    _ model: TrainedModel<Scalar>, isFinal: Bool = true, _ team: Team
  ) throws(CommandError) -> (model: TrainedModel<Scalar>, calibration: Calibration?) {
    guard calibration ?? .temperature == .temperature, let heldOut else { return (model, nil) }
    do throws(CalibrationError) {
      guard let (calibrated, calibration) = try heldOut.calibrated(model, shares: isFinal, team) else {
        return (model, nil)
      }
      return (calibrated, calibration)
    } catch {
      if isFinal { printError("note: the probabilities are not calibrated: validation data: \(error)\n") }
      return (model, nil)
    }
  }
}
