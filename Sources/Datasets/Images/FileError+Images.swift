import PerceptronFiles

extension FileError {
  /// The first four bytes do not belong to an IDX file of the expected kind.
  package static func wrongMagic(path: String, found: UInt32, expected: String) -> FileError {
    FileError(
      path: path,
      "not the kind of IDX file expected here: it begins with \(hexadecimal(found)), expected \(expected);"
        + " check that each file is in the right place")
  }

  /// The file ends before its last value; both counts are in bytes, after decompression.
  package static func truncatedIDX(path: String, expected: Int, found: Int) -> FileError {
    FileError(
      path: path, "the IDX file is truncated: found \(found) bytes, expected \(expected); copy or download it again")
  }

  /// The file goes on after its last value; both counts are in bytes, after decompression.
  package static func surplusIDX(path: String, expected: Int, found: Int) -> FileError {
    FileError(
      path: path,
      "the IDX file is too long: found \(found) bytes, expected \(expected);"
        + " its dimensions or its values are wrong, write it again")
  }

  /// The product of the dimensions is larger than any file.
  package static func oversizedIDX(path: String, dimensions: [Int]) -> FileError {
    FileError(
      path: path,
      "the IDX header is wrong: found the dimensions \(product(dimensions)), expected a product"
        + " that fits the file; copy or download it again")
  }

  /// One of the dimensions is zero.
  package static func emptyIDX(path: String, dimensions: [Int]) -> FileError {
    FileError(
      path: path,
      "the IDX file holds no values: found the dimensions \(product(dimensions)),"
        + " expected each to be at least 1; write it again")
  }

  /// The value with this 1-based number is not usable.
  package static func badElement(path: String, number: Int, found: String, expected: String) -> FileError {
    FileError(path: path, at: "value \(number)", "found \(found), expected \(expected); correct the file")
  }

  /// The number of labels differs from the number of images.
  package static func countsDisagree(images: String, imageCount: Int, labels: String, labelCount: Int) -> FileError {
    FileError(
      path: labels,
      "found \(labelCount) labels, expected \(imageCount), one for each image in \(images);"
        + " give two files that belong together")
  }

  /// The label at the 0-based `index` is not below the number of classes.
  package static func labelOutOfRange(path: String, index: Int, label: Int, classes: Int) -> FileError {
    FileError(
      path: path, at: "label \(index + 1)",
      "found \(label), expected 0 to \(classes - 1) (\(classes) classes);"
        + " correct the label or the number of classes")
  }

  /// Images to learn from have no labels.
  package static func missingLabels(path: String) -> FileError {
    FileError(path: path, "found images without labels, expected a label for each; give them as idx:IMAGES,LABELS")
  }

  /// Labels were given for a model that predicts values of images, not classes.
  package static func labelsForValues(path: String) -> FileError {
    FileError(
      path: path,
      "found labels of images, expected none, because the model predicts values and not classes;"
        + " use predict")
  }

  /// The shape of the images differs from the shape in training.
  package static func wrongImageShape(path: String, found: [Int], expected: [Int]) -> FileError {
    FileError(
      path: path,
      "found images of \(product(found)), expected \(product(expected)) as in training;"
        + " give images of that size, or train a model for these")
  }

  /// Images were given to a model that takes the columns of a table.
  package static func imagesForTable(path: String, columns: [String]) -> FileError {
    FileError(
      path: path, "found images, expected a table with the columns \(listed(columns)) as in training; give a table")
  }

  /// A table was given to a model that takes images.
  package static func tableForImages(path: String) -> FileError {
    FileError(path: path, "found a table, expected images as in training; give them as idx:IMAGES,LABELS")
  }
}

private func product(_ dimensions: [Int]) -> String { dimensions.map(String.init).joined(separator: " × ") }

private func hexadecimal(_ value: UInt32) -> String {
  let digits = String(value, radix: 16)
  return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
}
