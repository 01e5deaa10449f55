import Tensor

/// Random deformations of images that are new in every epoch, so that a network sees more samples than there are.
///
/// An image is shifted, rotated and scaled about its middle and, if ``elasticity`` is not 0, elastically deformed. The
/// result depends only on the seed, the epoch and the sample's index. The bits are therefore the same for any batches
/// and any number of threads. Source: Simard, Steinkraus and Platt, Best practices for convolutional neural networks
/// applied to visual document analysis, 2003.
public struct Augmentation: Sendable, Equatable {
  /// The usual kinds of deformations.
  public enum Kind: String, Sendable, CaseIterable {
    /// Shifts by up to 1/14 of the size, rotations by up to 15°, scales by up to 15 %.
    case affine
    /// The same with elastic deformations that are as strong as α = 34 and σ = 4 are on 28 × 28 pixels.
    case elastic
  }

  /// The dimensions of an image; the last two are its height and width in pixels. All planes of an image are deformed
  /// alike.
  public let shape: [Int]
  /// The seed of the random changes.
  public let seed: UInt64
  /// The largest shift of an image, as a share of its width and of its height.
  public let shift: Double
  /// The largest rotation of an image, in degrees. The distribution of the angles is uniform to within a fifth.
  public let rotation: Double
  /// The largest change of the width and of the height, independently: both are scaled by factors from 1 − scale to 1 +
  /// scale.
  public let scale: Double
  /// α: the factor of the smoothed field, in pixels.
  public let elasticity: Double
  /// σ: the standard deviation, in pixels, of the Gaussian that smooths the field of uniform numbers in (−1, 1).
  public let smoothing: Double

  /// The Gaussian up to three standard deviations; its sum is α for both directions together.
  private let weights: Matrix<Float>

  /// The usual strengths for images of this shape.
  ///
  /// - Precondition: As for ``init(shape:seed:shift:rotation:scale:elasticity:smoothing:)``.
  public init(_ kind: Kind, shape: [Int], seed: UInt64) {
    let size = Double(shape.suffix(2).min() ?? 0) / 28
    self.init(
      shape: shape, seed: seed, shift: 1 / 14, rotation: 15, scale: 0.15,
      // The magnitude of the smoothed field decreases as σ grows.
      elasticity: kind == .elastic ? 34 * size * size : 0, smoothing: 4 * size)
  }

  /// Deformations of chosen strengths; 0 means none.
  ///
  /// - Precondition: Traps if the shape has fewer than two dimensions or a dimension of 0, if a strength is negative or
  ///   not finite, if the rotation is above 45° or the scale is 1 or more, or if α is positive and σ is not.
  public init(
    shape: [Int], seed: UInt64, shift: Double = 0, rotation: Double = 0, scale: Double = 0, elasticity: Double = 0,
    smoothing: Double = 0
  ) {
    guard shape.count >= 2, shape.allSatisfy({ $0 > 0 }) else {
      fail("cannot augment images of shape \(shape): height and width are needed")
    }
    guard [shift, rotation, scale, elasticity, smoothing].allSatisfy({ $0 >= 0 && $0.isFinite }), rotation <= 45,
      scale < 1, elasticity == 0 || smoothing > 0
    else {
      fail(
        "cannot augment by a shift of \(shift), rotation of \(rotation)°, scale of \(scale), α = \(elasticity),"
          + " σ = \(smoothing)")
    }
    self.shape = shape
    self.seed = seed
    self.shift = shift
    self.rotation = rotation
    self.scale = scale
    self.elasticity = elasticity
    self.smoothing = smoothing
    weights = elasticity == 0 ? Matrix(rows: 0, columns: 1) : Self.gaussian(smoothing, sum: elasticity.squareRoot())
  }

  private static func gaussian(_ deviation: Double, sum: Double) -> Matrix<Float> {
    let radius = max(Int((3 * deviation).rounded(.up)), 1)
    var weights = Matrix((-radius...radius).map { -Double($0 * $0) / (2 * deviation * deviation) })
    weights.apply(.exp)
    weights.scale(by: sum / weights.sum())
    return Matrix(weights.elements.map { Float($0) })
  }
}

// MARK: - Application

extension Augmentation {
  /// All samples in their form for an epoch, with their targets. The bits do not depend on the team.
  ///
  /// - Parameter team: The threads that share the work; by default the calling thread alone.
  /// - Shapes: the features are the pixels of ``shape``, each image in one column, either unscaled or all scaled alike.
  /// - Precondition: Traps if the number of features differs from the number of an image's pixels.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func applied<Scalar>(to samples: Samples<Scalar>, epoch: Int, team: Team = Team(workers: 1))
    -> Samples<Scalar>
  {
    var features = Matrix<Scalar>(rows: samples.features.rows, columns: samples.count)
    var scratch = Matrix<Float>(rows: scratchCount, columns: team.workerCount)
    features.withTile { features in
      scratch.withTile { scratch in
        samples.features.withReadOnlyTile { images in
          team.run { worker in
            for sample in worker.share(of: images.columns) {
              let column = sample..<sample + 1
              deform(
                images[columns: column], into: features[columns: column], sample: sample, epoch: epoch,
                scratch: scratch[columns: worker.index..<worker.index + 1])
            }
          }
        }
      }
    }
    return Samples(features: features, targets: samples.targets, weights: samples.weights)
  }

  /// The number of values of scratch memory that ``deform(_:into:sample:epoch:scratch:)`` needs.
  package var scratchCount: Int { 2 * fieldCount }

  /// Writes a sample's form for an epoch.
  ///
  /// - Parameters:
  ///   - image: The sample's pixels, pixel count × 1.
  ///   - result: Where the pixels are written, of the same shape; not the image itself.
  ///   - sample: The sample's index in the training data, below 2³¹. The index, the epoch and the seed determine the
  ///     result.
  ///   - epoch: The number of the epoch; any integer works.
  ///   - scratch: ``scratchCount`` × 1, used by this call alone; its contents on entry do not matter.
  /// - Precondition: Traps on other shapes.
  /// - Complexity: About 24 σ multiplications for each pixel with elasticity; allocates nothing.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func deform<Scalar>(
    _ image: Tile<Scalar>, into result: Tile<Scalar>, sample: Int, epoch: Int, scratch: Tile<Float>
  ) {
    let count = shape.reduce(1, *)
    guard image.rows == count, result.rows == count, scratch.rows >= scratchCount else {
      fail("cannot augment \(image.shape) into \(result.shape) as images of shape \(shape)")
    }
    let stream = Self.firstStream &+ UInt64(truncatingIfNeeded: epoch)
    var generator = Philox(seed: seed, stream: stream, position: UInt64(sample) << 33)
    let map = map(&generator)
    let displacement = displacement(stream: stream, firstBlock: UInt64(sample) << 32 + 3, scratch)
    for start in stride(from: 0, to: count, by: width * height) {
      result.reshaped(from: start, rows: width, columns: height).deform(
        image.reshaped(from: start, rows: width, columns: height), by: map, displacement: displacement)
    }
  }

  /// The streams of a seed before this one are used for other random numbers.
  private static var firstStream: UInt64 { 1 << 32 }

  private var height: Int { shape[shape.count - 2] }
  private var width: Int { shape[shape.count - 1] }

  /// Maps places of the result to places of the image: the shift is undone, then the place is rotated and divided by
  /// the scales about the middle.
  private func map(_ generator: inout Philox) -> ImageMap {
    // Five draws, from the first three blocks.
    func draw(_ most: Double) -> Double { most * (2 * generator.nextUniform() - 1) }
    let (shiftX, shiftY) = (draw(shift * Double(width)), draw(shift * Double(height)))
    // Cosine and sine are rational functions of the tangent of half the angle.
    let tangent = draw(Self.tangent(ofDegrees: rotation / 2))
    let square = tangent * tangent
    let (cosine, sine) = ((1 - square) / (1 + square), 2 * tangent / (1 + square))
    let (scaleX, scaleY) = (1 + draw(scale), 1 + draw(scale))
    let (xx, xy, yx, yy) = (cosine / scaleX, sine / scaleX, -sine / scaleY, cosine / scaleY)
    let (middleX, middleY) = (Double(width - 1) / 2, Double(height - 1) / 2)
    let (fromX, fromY) = (middleX + shiftX, middleY + shiftY)
    return ImageMap(
      xx: xx, xy: xy, x: middleX - xx * fromX - xy * fromY, yx: yx, yy: yy, y: middleY - yx * fromX - yy * fromY)
  }

  /// tan x by its continued fraction (Lambert 1761). It uses operations that round the same way everywhere, and is
  /// exact to rounding up to 45°.
  private static func tangent(ofDegrees degrees: Double) -> Double {
    let x = degrees * (.pi / 180)
    var denominator = 15.0
    for odd in stride(from: 13.0, through: 1, by: -2) { denominator = odd - x * x / denominator }
    return x / denominator
  }

  /// The number of values of a field. Both directions of a column or row of pixels lie side by side, rounded up to
  /// whole vectors.
  private var fieldCount: Int { max(Self.padded(2 * width) * height, Self.padded(2 * height) * width) }

  private static func padded(_ count: Int) -> Int {
    (count + Tile<Float>.lanes - 1) / Tile<Float>.lanes * Tile<Float>.lanes
  }

  /// A random field of displacements in the form that ``Tile/deform(_:by:displacement:)`` takes. Uniform numbers are
  /// convolved with the Gaussian along the columns of pixels and then along the rows.
  private func displacement(stream: UInt64, firstBlock: UInt64, _ scratch: Tile<Float>) -> Tile<Float> {
    let (acrossRows, acrossColumns) = (Self.padded(2 * width), Self.padded(2 * height))
    let (first, second) = (0, fieldCount)
    let result = scratch.reshaped(from: second, rows: acrossColumns, columns: width)
    guard elasticity > 0 else {
      result.scale(by: 0)
      return result
    }
    let noise = scratch.reshaped(from: first, rows: acrossRows, columns: height)
    noise.fillNoise(seed: seed, stream: stream, firstBlock: firstBlock)
    weights.withReadOnlyTile { weights in
      let smooth = scratch.reshaped(from: second, rows: acrossRows, columns: height)
      smooth.convolveRows(of: noise, weights: weights)
      let turned = scratch.reshaped(from: first, rows: acrossColumns, columns: width)
      turned.rows(0..<height).transpose(smooth.rows(0..<width))
      turned.rows(height..<2 * height).transpose(smooth.rows(width..<2 * width))
      result.convolveRows(of: turned, weights: weights)
    }
    return result
  }
}
