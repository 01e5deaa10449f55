import PerceptronDatasets
import PerceptronLayers
import Tensor

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// What makes the probabilities of a trained model right: see ``TrainedModel/calibrated(on:team:)``.
public struct Calibration: Sendable, Equatable {
  /// The temperature T by which logits are divided.
  public let temperature: Double
  /// The share ε of each answer that is the same for all classes.
  public let uniformShare: Double

  /// The temperatures among which one is chosen.
  package static let temperatures = 0.05...20.0
  /// The greatest share that is tried.
  package static let mostUniform = 0.5

  package init(temperature: Double, uniformShare: Double) {
    (self.temperature, self.uniformShare) = (temperature, uniformShare)
  }
}

extension TrainedModel {
  /// Whether the outputs are probabilities of classes, learnt with a cross-entropy, which ``calibrated(on:team:)`` can
  /// improve.
  public var hasProbabilities: Bool { Self.hasProbabilities(loss, preparation) }

  private static func hasProbabilities(_ loss: Loss, _ preparation: Preparation) -> Bool {
    preparation.task == .classification && loss.isForClasses
  }

  /// Whether a model may have this ``uniformShare``.
  static func canHave(uniformShare: Double, _ loss: Loss, _ preparation: Preparation) -> Bool {
    uniformShare == 0 || hasProbabilities(loss, preparation) && (0..<1).contains(uniformShare)
  }

  /// Returns the model with calibrated probabilities: the weighted inputs z of the output layer's activation g are
  /// divided by a temperature T, and a share ε of each answer is the same for all classes.
  ///
  ///     a = (1 − ε) g(z / T) + ε u
  ///
  /// u is 1 / classes, or ½ for outputs of a sigmoid. In an ensemble, g(z / T) is the weighted mean of the networks,
  /// which all have the same T. T > 1 makes the probabilities less certain, and T < 1 makes them more certain; ε is the
  /// probability that an answer knows nothing about its sample, however certain it is. A single network's classes stay
  /// the same. T, between 0.05 and 20, and ε, up to ½, minimise
  ///
  ///     Σ ℓ(a, y) + w · mean ℓ(a, w) + ½ (log T)²
  ///
  /// where ℓ is the loss of a sample; sample weights are not used. The second term is the mean loss of the samples if
  /// the target of each output were w = u. With the weight w, it counts less than one sample, and keeps probabilities
  /// away from 0 and 1 if hardly a sample is wrong, as in Platt's scaling (1999). The third term keeps T near 1 if the
  /// samples are few. ε is 0 unless it lowers this sum by more than ½ log n for n samples, which a second parameter
  /// should by the Bayesian information criterion (Schwarz 1978).
  ///
  /// The parameters of the output layer absorb T; ε is the model's ``uniformShare``. The notes `temperature` and, if
  /// there is one, `uniform share` in ``training`` hold them; if the model is calibrated repeatedly, the first is the
  /// product of all temperatures.
  ///
  /// Sources: Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", 2017; for ε, Zhang,
  /// Kailkhura and Han, "Mix-n-Match: Ensemble and Compositional Methods for Uncertainty Calibration in Deep Learning",
  /// 2020.
  ///
  /// - Parameters:
  ///   - samples: Samples that were not used for training, at least 20, not all of one class.
  ///   - team: The threads that share the work; by default the calling thread alone.
  /// - Throws: ``CalibrationError`` if the samples do not suffice.
  /// - Precondition: Traps unless ``hasProbabilities``, and if the samples' sizes do not match the networks.
  /// - Complexity: One prediction of the samples, then about 500 passes over their outputs in `Double`.
  public func calibrated(
    on samples: Samples<Scalar>, team: Team = Team(workers: 1)
  ) throws(CalibrationError) -> (model: TrainedModel, calibration: Calibration) {
    if let error = CalibrationError(samples) { throw error }
    let logits = networks.indices.map { self.logits(ofNetwork: $0, prepared: samples.features, team: team) }
    let calibration = try calibration(logits: logits, weights: weights, targets: samples.targets)
    return (applying(calibration), calibration)
  }

  /// The weighted inputs of the output layer of the network with this number.
  package func logits(ofNetwork number: Int, prepared features: Matrix<Scalar>, team: Team) -> Matrix<Double> {
    let network = networks[number].withoutOutputActivation
    var workspace = Workspace(for: network, batchCapacity: 256, team: team)
    return network.predict(features, workspace: &workspace).inDouble
  }

  /// The calibration of ``calibrated(on:team:)``.
  ///
  /// - Parameters:
  ///   - logits: For each network that answers a sample together with others, the logits of all samples.
  ///   - weights: The share of each in the answer, together 1.
  ///   - shares: Whether there may be a uniform share.
  /// - Shapes: logits and targets outputs × samples.
  /// - Throws: ``CalibrationError/outputNotFinite``.
  /// - Precondition: Traps unless ``hasProbabilities``, and on other shapes.
  package func calibration(
    logits: [Matrix<Double>], weights: [Double], targets: Matrix<Scalar>, shares: Bool = true
  ) throws(CalibrationError) -> Calibration {
    guard hasProbabilities else { fail("cannot calibrate \(loss.rawValue) of \(preparation.outputs)") }
    guard logits.allSatisfy({ $0.maxMagnitude().isFinite }) else { throw .outputNotFinite }
    let uniform = network.uniformOutput
    let search = CalibrationSearch(
      logits: logits, weights: weights, targets: targets.inDouble, loss: loss, activation: network.outputActivation,
      uniform: uniform, unknown: Matrix(rows: targets.rows, columns: targets.columns, repeating: uniform))
    return search.best(shares: shares)
  }

  /// The model with a calibration in place of its ``uniformShare``.
  package func applying(_ calibration: Calibration) -> TrainedModel {
    var notes = training
    let total = calibration.temperature * (training["temperature"].flatMap(Double.init) ?? 1)
    notes["temperature"] = "\(total)"
    notes["uniform share"] = calibration.uniformShare > 0 ? "\(calibration.uniformShare)" : nil
    return replacing(
      networks: networks.map { $0.withTemperature(calibration.temperature) }, training: notes,
      uniformShare: calibration.uniformShare)
  }
}

/// The search for a calibration of logits that belong to known targets.
private struct CalibrationSearch {
  let logits: [Matrix<Double>]
  let weights: [Double]
  let targets: Matrix<Double>
  let loss: Loss
  let activation: Activation
  /// What an output is if the class is unknown, and the targets of such samples.
  let uniform: Double
  let unknown: Matrix<Double>

  func best(shares: Bool) -> Calibration {
    let range = log(Calibration.temperatures.lowerBound)...log(Calibration.temperatures.upperBound)
    // The objective of an ensemble may have several minima, of which the search finds one.
    var logarithm = leastPoint(in: range, within: 1e-6) { objective(outputs($0), logarithm: $0) }
    var least = objective(outputs(logarithm), logarithm: logarithm)
    let untouched = objective(outputs(0), logarithm: 0)
    if untouched <= least { (logarithm, least) = (0, untouched) }
    let without = Calibration(temperature: exp(logarithm), uniformShare: 0)
    guard shares else { return without }

    let other = leastPoint(in: range, within: 1e-4) { bestShare(outputs($0), logarithm: $0).objective }
    let (share, lower) = bestShare(outputs(other), logarithm: other)
    let samples = Double(targets.columns)
    guard samples * (least - lower) > log(samples) / 2 else { return without }
    return Calibration(temperature: exp(other), uniformShare: share)
  }

  /// The weighted mean of the networks' outputs at a temperature.
  private func outputs(_ logarithm: Double) -> Matrix<Double> {
    let noBias = Matrix<Double>(rows: targets.rows, columns: 1)
    var outputs = Matrix<Double>(rows: targets.rows, columns: targets.columns)
    for (logits, weight) in zip(logits, weights) {
      var part = logits
      part.scale(by: exp(-logarithm))
      part.withTile { part in noBias.withReadOnlyTile { _ = part.activate(activation, bias: $0) } }
      outputs.add(part, scaledBy: weight)
    }
    return outputs
  }

  /// What a calibration minimises, divided by the number of samples.
  ///
  /// - Parameter outputs: Those at the temperature with this logarithm.
  private func objective(_ outputs: Matrix<Double>, logarithm: Double, share: Double = 0) -> Double {
    var outputs = outputs
    outputs.withTile { $0.mix(share, of: uniform) }
    let others = uniform * loss.mean(ofOutputs: outputs, targets: unknown) + logarithm * logarithm / 2
    return loss.mean(ofOutputs: outputs, targets: targets) + others / Double(targets.columns)
  }

  /// The best share at a temperature, and its objective.
  private func bestShare(_ outputs: Matrix<Double>, logarithm: Double) -> (share: Double, objective: Double) {
    let share = leastPoint(in: 0...Calibration.mostUniform, within: 1e-4) {
      objective(outputs, logarithm: logarithm, share: $0)
    }
    return (share, objective(outputs, logarithm: logarithm, share: share))
  }
}

/// The point, within a tolerance, at which a function is least that falls and then rises: a golden-section search
/// (Kiefer 1953).
private func leastPoint(
  in range: ClosedRange<Double>, within tolerance: Double, of function: (Double) -> Double
) -> Double {
  let ratio = (5.0.squareRoot() - 1) / 2
  var (low, high) = (range.lowerBound, range.upperBound)
  var (left, right) = (high - ratio * (high - low), low + ratio * (high - low))
  var (atLeft, atRight) = (function(left), function(right))
  while high - low > tolerance {
    if atLeft < atRight {
      (high, right, atRight) = (right, left, atLeft)
      left = high - ratio * (high - low)
      atLeft = function(left)
    } else {
      (low, left, atLeft) = (left, right, atRight)
      right = low + ratio * (high - low)
      atRight = function(right)
    }
  }
  return (low + high) / 2
}

extension Matrix {
  fileprivate var inDouble: Matrix<Double> {
    Matrix<Double>(rows: rows, columns: columns, columnMajor: elements.map { Double($0) })
  }
}
