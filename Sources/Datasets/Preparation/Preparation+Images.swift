import PerceptronFiles
import Tensor

extension Preparation {
  /// Fits the preparation on labelled training images. The classes are 0 to the largest label. By default the pixels
  /// stay as they are.
  ///
  /// - Parameter samples: The 0-based indices of the images on which the scaling is fitted; nil for all.
  /// - Throws: ``FileError`` (`singleClass`) if all labels are the same, and ``FileError`` (`missingLabels`).
  public init<Scalar>(fittedOn images: ImageSet<Scalar>, samples: [Int]? = nil, scaling: Scaling.Method = .none)
    throws(FileError)
  {
    guard let largest = images.labels?.max() else { throw .missingLabels(path: images.path) }
    guard images.labels?.contains(where: { $0 != largest }) == true else {
      throw .singleClass(path: images.labelPath ?? images.path, column: "label", label: String(largest))
    }
    self.init(
      inputs: .pixels(shape: images.shape),
      inputScaling: Scaling(
        scaling,
        fittedOn: samples.flatMap { scaling == .none ? nil : images.features.gathered($0) } ?? images.features),
      outputs: .classes((0...largest).map(String.init), column: nil))
  }

  /// The scaled pixels of images. The images must have the shape that the preparation was fitted on.
  ///
  /// - Shapes: returns pixels × images.
  /// - Throws: ``FileError`` (`imagesForTable`) or ``FileError`` (`wrongImageShape`).
  public func features<Scalar>(of images: ImageSet<Scalar>) throws(FileError) -> Matrix<Scalar> {
    switch inputs {
    case .columns(let columns): throw .imagesForTable(path: images.path, columns: columns.map(\.name))
    case .pixels(let shape):
      guard images.shape == shape else {
        throw .wrongImageShape(path: images.path, found: images.shape, expected: shape)
      }
    }
    var features = images.features
    inputScaling.apply(to: &features)
    return features
  }

  /// The scaled pixels and the one-hot labels of images.
  ///
  /// - Throws: As ``features(of:)``, ``FileError`` (`labelOutOfRange`), and ``FileError`` (`labelsForValues`) if the
  ///   outputs are not classes.
  public func samples<Scalar>(of images: ImageSet<Scalar>) throws(FileError) -> Samples<Scalar> {
    let features: Matrix<Scalar> = try features(of: images)
    guard let labels = images.labels else { throw .missingLabels(path: images.path) }
    guard case .classes = outputs else { throw .labelsForValues(path: images.labelPath ?? images.path) }
    if let index = labels.firstIndex(where: { $0 >= outputCount }) {
      throw .labelOutOfRange(
        path: images.labelPath ?? images.path, index: index, label: labels[index], classes: outputCount)
    }
    return Samples(features: features, targets: oneHot(labels, classes: outputCount))
  }
}
