import PerceptronDatasets
import PerceptronLayers
import Tensor

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

extension TrainedModel {
  /// Whether the outputs are probabilities of classes, learnt with a cross-entropy, which ``calibrated(on:team:)`` can
  /// improve.
  public var hasProbabilities: Bool { preparation.task == .classification && loss.isForClasses }

  /// The possible temperatures of a calibration.
  package static var temperatures: ClosedRange<Double> { 0.05...20 }

  /// Returns the model with calibrated probabilities: the weighted inputs z of the output layer's activation g are
  /// divided by a temperature T, the same for all outputs and, in an ensemble, for all networks.
  ///
  ///     a = g(z / T)
  ///
  /// T > 1 makes the probabilities less certain, and T < 1 makes them more certain. A single network's classes stay the
  /// same. T minimises, between 0.05 and 20,
  ///
  ///     Σ ℓ(a, y) + w · mean ℓ(a, w) + ½ (log T)²
  ///
  /// where ℓ is the loss of a sample; sample weights are not used. The second term is the mean loss of the samples if
  /// the target of each output were w: 1 / classes, or ½ for outputs of a sigmoid. With the weight w, it counts less
  /// than one sample, and keeps probabilities away from 0 and 1 if hardly a sample is wrong, as in Platt's scaling
  /// (1999). The third term keeps T near 1 if the samples are few.
  ///
  /// The parameters of the output layer absorb T, so that files and predictors need nothing else. The note
  /// `temperature` in ``training`` holds T, or the product of all temperatures if the model is calibrated repeatedly.
  ///
  /// Source: Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", 2017.
  ///
  /// - Parameters:
  ///   - samples: Samples that were not used for training, at least 20, not all of one class.
  ///   - team: The threads that share the work; by default the calling thread alone.
  /// - Throws: ``CalibrationError`` if the samples do not suffice.
  /// - Precondition: Traps unless ``hasProbabilities``, and if the samples' sizes do not match the networks.
  /// - Complexity: One prediction of the samples, then about 30 passes over their outputs in `Double`.
  public func calibrated(
    on samples: Samples<Scalar>, team: Team = Team(workers: 1)
  ) throws(CalibrationError) -> (model: TrainedModel, temperature: Double) {
    if let error = CalibrationError(samples) { throw error }
    let logits = networks.indices.map { self.logits(ofNetwork: $0, prepared: samples.features, team: team) }
    let temperature = try temperature(logits: logits, weights: weights, targets: samples.targets)
    return (divided(byTemperature: temperature), temperature)
  }

  /// The weighted inputs of the output layer of the network with this number.
  package func logits(ofNetwork number: Int, prepared features: Matrix<Scalar>, team: Team) -> Matrix<Double> {
    let network = networks[number].withoutOutputActivation
    var workspace = Workspace(for: network, batchCapacity: 256, team: team)
    return network.predict(features, workspace: &workspace).inDouble
  }

  /// The temperature of ``calibrated(on:team:)``.
  ///
  /// - Parameters:
  ///   - logits: For each network that answers a sample together with others, the logits of all samples.
  ///   - weights: The share of each in the answer, together 1.
  /// - Shapes: logits and targets outputs × samples.
  /// - Throws: ``CalibrationError/outputNotFinite``.
  /// - Precondition: Traps unless ``hasProbabilities``, and on other shapes.
  package func temperature(
    logits: [Matrix<Double>], weights: [Double], targets: Matrix<Scalar>
  ) throws(CalibrationError) -> Double {
    guard hasProbabilities else { fail("cannot calibrate \(loss.rawValue) of \(preparation.outputs)") }
    guard logits.allSatisfy({ $0.maxMagnitude().isFinite }) else { throw .outputNotFinite }
    let targets = targets.inDouble
    let (activation, noBias) = (network.outputActivation, Matrix<Double>(rows: targets.rows, columns: 1))
    let weight = activation == .softmax ? 1 / Double(targets.rows) : 0.5
    let unknown = Matrix<Double>(rows: targets.rows, columns: targets.columns, repeating: weight)
    /// What T minimises, divided by the number of samples.
    func objective(_ logarithm: Double) -> Double {
      var outputs = Matrix<Double>(rows: targets.rows, columns: targets.columns)
      for (logits, weight) in zip(logits, weights) {
        var part = logits
        part.scale(by: exp(-logarithm))
        part.withTile { part in noBias.withReadOnlyTile { _ = part.activate(activation, bias: $0) } }
        outputs.add(part, scaledBy: weight)
      }
      let others = weight * loss.mean(ofOutputs: outputs, targets: unknown) + logarithm * logarithm / 2
      return loss.mean(ofOutputs: outputs, targets: targets) + others / Double(targets.columns)
    }
    let found = leastPoint(
      of: objective, between: log(Self.temperatures.lowerBound), and: log(Self.temperatures.upperBound))
    // The objective of an ensemble may have several minima, of which the search finds one.
    return objective(found) < objective(0) ? exp(found) : 1
  }

  /// The model with all logits divided by a temperature.
  package func divided(byTemperature temperature: Double) -> TrainedModel {
    let scaled = networks.map { network in
      var network = network
      network.scaleLogits(by: Scalar(1 / temperature))
      return network
    }
    let total = temperature * (training["temperature"].flatMap(Double.init) ?? 1)
    let notes = training.merging(["temperature": "\(total)"]) { $1 }
    return replacing(networks: scaled, training: notes)
  }
}

/// The point, within 10⁻⁶, at which a function is least that falls and then rises: a golden-section search (Kiefer
/// 1953).
private func leastPoint(of function: (Double) -> Double, between low: Double, and high: Double) -> Double {
  let ratio = (5.0.squareRoot() - 1) / 2
  var (low, high) = (low, high)
  var (left, right) = (high - ratio * (high - low), low + ratio * (high - low))
  var (atLeft, atRight) = (function(left), function(right))
  while high - low > 1e-6 {
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
