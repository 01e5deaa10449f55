import PerceptronFiles
import Tensor

/// Images, with labels if there are any.
public struct ImageSet<Scalar: BLASScalar>: Sendable, Equatable {
  /// The pixels, with each image in one column: features × samples. Unsigned bytes are divided by 255; other numbers
  /// are not changed.
  public let features: Matrix<Scalar>
  /// The dimensions of one image: height and width, or all dimensions of the file after the number of images.
  public let shape: [Int]
  /// The class of each image; nil if the set was read without labels.
  public let labels: [Int]?
  /// The file of the images, for messages.
  public let path: String
  /// The file of the labels; nil if there is none.
  let labelPath: String?

  /// The number of images.
  public var count: Int { features.columns }

  /// Reads images and labels from IDX files, plain or gzipped. Images have 2 to 4 dimensions and labels have 1.
  ///
  /// - Parameters:
  ///   - images: the path of the images; their first dimension is the number of images.
  ///   - labels: the path of the labels; nil if there are none.
  ///   - classes: the number of classes; every label must be below it. Nil accepts any label.
  ///   - team: the threads that share the scaling of the pixels, which takes longer than reading them; by default the
  ///     calling thread alone.
  /// - Throws: a ``FileError`` that says what is wrong with a file, or that the two files do not match.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public init(images: String, labels: String? = nil, classes: Int? = nil, team: Team = Team(workers: 1))
    throws(FileError)
  {
    path = images
    labelPath = labels
    let pixels = try IDX(contentsOf: images, ranks: 2...4)
    let count = pixels.dimensions[0]
    self.shape = Array(pixels.dimensions.dropFirst())
    self.labels =
      if let labels {
        try Self.labels(in: labels, classes: classes, count: count, of: images)
      } else {
        nil
      }
    let size = pixels.values.count / pixels.type.size / count
    features =
      pixels.type == .u1
      ? Self.features(ofBytes: pixels.values, rows: size, count: count, team)
      : try Self.features(of: pixels.numbers, rows: size, count: count, path: images)
  }

  /// The pixels as numbers from 0 to 1.
  @inline(__always)
  private static func features(ofBytes bytes: ArraySlice<UInt8>, rows: Int, count: Int, _ team: Team) -> Matrix<Scalar>
  {
    // The division is done only once for each of the 256 possible values.
    let scaled = (0..<256).map { Scalar($0) / 255 }
    var features = Matrix<Scalar>(rows: rows, columns: count)
    features.withTile { tile in
      bytes.withUnsafeBufferPointer { values in
        scaled.withUnsafeBufferPointer { scaled in
          team.run { worker in
            let share = worker.share(of: tile.columns)
            for index in share.lowerBound * tile.rows..<share.upperBound * tile.rows {
              tile[index] = scaled[Int(values[index])]
            }
          }
        }
      }
    }
    return features
  }

  /// The numbers, divided by `divisor`.
  static func features(
    of numbers: [Double], dividedBy divisor: Scalar = 1, rows: Int, count: Int, path: String
  ) throws(FileError) -> Matrix<Scalar> {
    var features = Matrix<Scalar>(rows: rows, columns: count)
    let firstBad = features.withTile { tile in
      for (index, number) in numbers.enumerated() {
        let value = Scalar(number) / divisor
        guard value.isFinite else { return index as Int? }
        tile[index] = value
      }
      return nil
    }
    if let index = firstBad {
      throw .badElement(
        path: path, number: index + 1, found: "\(numbers[index])", expected: "a finite number within range")
    }
    return features
  }

  /// The largest label that is accepted, because each number up to the largest label is a class.
  private static var largestLabel: Int { 9999 }

  private static func labels(
    in path: String, classes: Int?, count: Int, of images: String
  ) throws(FileError) -> [Int] {
    let file = try IDX(contentsOf: path, ranks: 1...1)
    guard file.dimensions[0] == count else {
      throw .countsDisagree(images: images, imageCount: count, labels: path, labelCount: file.dimensions[0])
    }
    let numbers = file.numbers
    if let index = numbers.firstIndex(where: { !(0...Double(largestLabel)).contains($0) || $0 != $0.rounded() }) {
      throw .badElement(
        path: path, number: index + 1, found: Table.name(of: numbers[index]),
        expected: "a label, a whole number from 0 to \(largestLabel)")
    }
    let labels = numbers.map { Int($0) }
    if let classes, let index = labels.firstIndex(where: { $0 >= classes }) {
      throw .labelOutOfRange(path: path, index: index, label: labels[index], classes: classes)
    }
    return labels
  }
}
