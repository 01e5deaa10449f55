import PerceptronFiles

extension FileError {
  package static func wrongShape(path: String, name: String, found: [Int], expected: [Int]) -> FileError {
    FileError(
      path: path, "tensor \(quoted(name)) is \(shapeText(found)), expected \(shapeText(expected)); save the model again"
    )
  }

  package static func missingMetadata(path: String, key: String) -> FileError {
    FileError(path: path, "metadata \(quoted(key)) is missing; save the model with this program")
  }

  /// A tensor holds an infinity or NaN.
  package static func notFinite(path: String, name: String) -> FileError {
    FileError(path: path, "tensor \(quoted(name)) holds a number that is not finite; train the model again")
  }

  package static func negativeVariance(path: String, name: String) -> FileError {
    FileError(path: path, "tensor \(quoted(name)) holds a variance below 0; train the model again")
  }

  /// The tensors of a state dictionary do not match the listed modules; `problem` names the tensor or the module.
  package static func otherModules(path: String, problem: String) -> FileError {
    FileError(path: path, "\(problem); list the modules as the nn.Sequential has them")
  }

  /// A later version of this program wrote the model.
  package static func newerVersion(path: String, found: Int, supported: Int) -> FileError {
    FileError(
      path: path,
      "written in version \(found) of the model format, expected \(supported) or earlier; "
        + "update this program")
  }
}

/// Returns a shape such as `128×784`, shortened to fit on a line.
func shapeText(_ shape: [Int]) -> String {
  let sizes = shape.prefix(8).map(String.init).joined(separator: "×")
  return shape.isEmpty ? "a single number" : shape.count <= 8 ? sizes : "\(sizes)×… of \(shape.count) sizes"
}
