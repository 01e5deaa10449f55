extension FileError {
  /// The file is of another kind; `found` says how this was recognised.
  package static func notSafeTensors(path: String, found: String) -> FileError {
    FileError(path: path, "not a safetensors file: \(found); give the path of a saved model")
  }

  /// The file ends before its header or its tensors are complete.
  package static func cutShort(path: String, section: SafeTensors.Section, promised: Int, found: Int) -> FileError {
    FileError(
      path: path, "cut short: the file promises \(promised) bytes of \(section) and holds \(found); copy the file again"
    )
  }

  /// The file continues after the tensors that its header promises.
  package static func tooLong(path: String, promised: Int, found: Int) -> FileError {
    FileError(
      path: path,
      "too long: the header promises \(promised) bytes of tensors, the file holds \(found); "
        + "copy the file again")
  }

  /// The header cannot be read from this byte on.
  package static func badHeader(path: String, byte: Int, problem: String) -> FileError {
    FileError(path: path, "damaged header: byte \(byte): \(problem); copy or save the file again")
  }

  /// What the header says about one tensor contradicts itself or the other tensors.
  package static func badTensor(path: String, name: String, problem: String) -> FileError {
    FileError(path: path, "damaged header: tensor \(quoted(name)): \(problem); copy or save the file again")
  }

  /// A tensor is stored in an unsupported number format.
  package static func unsupportedDataType(path: String, name: String, found: String) -> FileError {
    FileError(
      path: path,
      "tensor \(quoted(name)) is stored as \(quoted(found)), expected F64, F32, F16 or BF16; "
        + "convert it and save the file again")
  }

  /// The file's checksum does not match its bytes.
  package static func wrongChecksum(path: String) -> FileError {
    FileError(path: path, "damaged: its checksum is not that of its bytes; copy or save the file again")
  }

  package static func missingTensor(path: String, name: String) -> FileError {
    FileError(path: path, "no tensor \(quoted(name)), which the model needs; save the model again")
  }

  package static func badMetadata(path: String, key: String, problem: String) -> FileError {
    FileError(path: path, "metadata \(quoted(key)): \(problem); save the model again")
  }
}
