import Tensor

/// The randomness of a training step. The dropped numbers are a function of the key, the step, the layer and the
/// number's place. They are therefore the same for any number of threads, and in a training that is resumed.
package struct Noise: Sendable {
  let key: UInt64
  let step: UInt64
  /// The probability that an input is dropped, and the factor of the layers' dropout.
  let inputDropout, dropoutFactor: Double
  /// The number of samples in the batch before the first one here.
  let firstSample: Int

  package init(key: UInt64, step: UInt64, inputDropout: Double, dropoutFactor: Double, firstSample: Int) {
    self.key = key
    self.step = step
    self.inputDropout = inputDropout
    self.dropoutFactor = dropoutFactor
    self.firstSample = firstSample
  }

  /// The random numbers for a part of a layer's outputs, or of the inputs (layer 0); nil if nothing is dropped.
  func place(layer: Int, _ probability: Double, _ part: TilePart) -> DropoutPlace? {
    let probability = layer == 0 ? probability : probability * dropoutFactor
    guard probability > 0 else { return nil }
    // The highest bit separates these numbers from those that the same seed draws elsewhere.
    return DropoutPlace(
      probability: probability, key: key, stream: 1 << 63 | step << 16 | UInt64(layer), row: part.rows.lowerBound,
      column: firstSample + part.columns.lowerBound)
  }
}
