import PerceptronFiles
import Tensor

extension ImageSet {
  /// Takes images from a NumPy array, for a model of images of the given shape.
  ///
  /// The array's dimensions are images × the shape, possibly with additional dimensions of 1, or images × pixels.
  /// Unsigned bytes are divided by 255, as in IDX files; other numbers are not changed.
  /// - Parameters:
  ///   - labels: The class of each image, given by its name in `classNames`; nil if there are none.
  ///   - classNames: Empty if the model predicts values; labels are then not accepted.
  /// - Throws: ``FileError`` (`wrongImageShape`) and the errors of labels that do not fit.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public init(images: NPY, shape: [Int], labels: NPY? = nil, classNames: [String]) throws(FileError) {
    let found = Array(images.shape.dropFirst())
    guard found == [shape.reduce(1, *)] || found.filter({ $0 != 1 }) == shape.filter({ $0 != 1 }), images.texts == nil
    else { throw .wrongImageShape(path: images.path, found: found, expected: shape) }
    features = try Self.features(
      of: images.elements, dividedBy: images.type == .u1 ? 255 : 1, rows: images.sampleSize, count: images.count,
      path: images.path)
    self.shape = shape
    path = images.path
    labelPath = labels?.path
    self.labels = try labels.map { labels throws(FileError) in
      guard !classNames.isEmpty else { throw .labelsForValues(path: labels.path) }
      // A table holds only these labels, so the classes are found as in any table.
      let table = try Table(features: labels)
      guard labels.count == images.count, labels.sampleSize == 1 else {
        throw .countsDisagree(
          images: images.path, imageCount: images.count, labels: labels.path, labelCount: labels.elements.count)
      }
      return try table.classLabels(inColumn: 0, among: classNames)
    }
  }
}
