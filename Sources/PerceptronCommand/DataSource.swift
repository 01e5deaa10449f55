import Perceptron
import PerceptronFiles

/// The DATA of a command line: a table, or images.
enum DataSource: Sendable, Equatable {
  case table(String)
  /// A table that comes from standard input.
  case standardInput
  /// A pair of IDX files; the labels may be absent if none are needed.
  case images(String, labels: String?)
  /// A directory with MNIST's four files.
  case mnist(String)
  /// A NumPy array of features and one of labels, which may be absent if none are needed; or an archive of them, in
  /// which the labels may be one by its name.
  case arrays(String, labels: String?)

  /// - Parameters:
  ///   - labels: The file of a NumPy array's labels, which the option gave.
  init(_ argument: String, labels: String? = nil, option: String = "--labels") throws(CommandError) {
    if isNamed(argument, ".npy", ".npy.gz", ".npz") {
      self = .arrays(argument, labels: labels)
      return
    }
    if labels != nil { throw .usage("\(option) is for .npy and .npz files, found \(argument)") }
    if argument.hasPrefix("idx:") {
      let files = argument.dropFirst(4).split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      guard files.count <= 2, !files.contains("") else {
        throw .usage("expected idx:IMAGES,LABELS, found \(argument.debugDescription)")
      }
      self = .images(files[0], labels: files.count == 2 ? files[1] : nil)
    } else if argument.hasPrefix("mnist:") {
      let directory = String(argument.dropFirst(6))
      guard !directory.isEmpty else { throw .usage("expected mnist:DIRECTORY, found \(argument.debugDescription)") }
      self = .mnist(directory)
    } else {
      self = argument == "-" ? .standardInput : .table(argument)
    }
  }

  /// Refuses options that are for CSV and TSV files only.
  func check(_ arguments: Arguments) throws(CommandError) {
    if isTable { return }
    for name in ["--header", "--no-header"] where arguments.flag(name) {
      throw .usage("\(name) is for tables; \(isArrays ? "arrays" : "images") have no header")
    }
    for name in ["--target", "--sample-weight", "--delimiter"] + (isArrays ? [] : TableOptions.options.map(\.name))
    where arguments.string(name) != nil {
      throw .usage("\(name) is for tables; \(isArrays ? "arrays have --labels" : "images have one label each")")
    }
  }

  private var isTable: Bool {
    switch self {
    case .table, .standardInput: true
    case .images, .mnist, .arrays: false
    }
  }

  private var isArrays: Bool { if case .arrays = self { true } else { false } }

  /// Refuses images and arrays without labels.
  func requireLabels(option: String = "--labels") throws(CommandError) {
    // An archive is looked into when it is read.
    if case .arrays(let path, nil) = self, !isNamed(path, ".npz") {
      throw .usage("\(option) is missing: \(path) needs a .npy file of labels")
    }
    if case .images(_, nil) = self { throw .usage("expected idx:IMAGES,LABELS: the labels are missing") }
  }

  /// Which of MNIST's files are meant.
  enum Part: String {
    case training = "train"
    case test = "t10k"
  }

  /// The image and label files, with - or . in their names, plain or with .gz, or nil for a table and arrays.
  func imageFiles(_ part: Part) -> (images: String, labels: String?)? {
    switch self {
    case .table, .standardInput, .arrays: return nil
    case .images(let images, let labels): return (images, labels)
    case .mnist(let directory):
      func path(_ name: String, _ type: String) -> String {
        let names = ["\(name)-\(type)", "\(name).\(type)"].flatMap { [$0, $0 + ".gz", $0 + ".GZ"] }
        let paths = names.map { "\(directory)/\(part.rawValue)-\($0)" }
        // If none is there, the error names the first.
        return paths.first(where: isReadable) ?? paths[0]
      }
      return (path("images", "idx3-ubyte"), path("labels", "idx1-ubyte"))
    }
  }
}

extension DataSource {
  /// Refuses an output file that is one of the files to be read.
  func check(output path: String, option: String = "-o", _ part: Part) throws(CommandError) {
    let files: [String?] =
      switch self {
      case .table(let path): [path]
      case .standardInput: []
      case .arrays(let features, let labels):
        [features, labels.flatMap { isNamed($0, ".npy", ".npy.gz", ".npz") ? $0 : nil }]
      case .images, .mnist: imageFiles(part).map { [$0.images, $0.labels] } ?? []
      }
    for file in files.compactMap(\.self) where isSameFile(path, file) {
      throw .usage("\(option) \(path) is the data; name another file")
    }
  }
}

/// A data set that has been read but not prepared.
enum RawData<Scalar: BLASScalar> {
  case table(Table)
  case images(ImageSet<Scalar>)

  /// - Parameters:
  ///   - preparation: What a model takes, if there is one: images may be given to it as arrays.
  ///   - announces: Whether it is said which arrays of an archive are taken.
  init(
    _ source: DataSource, part: DataSource.Part, format: Table.Format, needsLabels: Bool = true,
    for preparation: Preparation? = nil, announces: Bool = false, team: Team
  ) throws {
    switch source {
    case .table(let path): self = .table(try Self.table(path, format, team))
    case .standardInput: self = .table(try Self.table("-", format, team))
    case .images, .mnist:
      let files = source.imageFiles(part)!
      self = .images(try ImageSet(images: files.images, labels: needsLabels ? files.labels : nil, team: team))
    case .arrays(let features, let labels):
      let arrays = try Arrays(features, labels: labels, part, needsLabels: needsLabels)
      if announces, let names = arrays.names { printError("\(printable(names))\n") }
      if let preparation, case .pixels(let shape) = preparation.inputs {
        self = .images(
          try ImageSet(arrays.features, shape: shape, labels: arrays.labels, classNames: preparation.classNames))
      } else {
        self = .table(try Table(features: arrays.features, labels: arrays.labels))
      }
    }
  }

  private static func table(_ path: String, _ format: Table.Format, _ team: Team) throws(FileError) -> Table {
    let table = try Table(contentsOf: path, format: format, team: team)
    table.warnings.forEach(printWarning)
    return table
  }

  var count: Int {
    switch self {
    case .table(let table): table.rowCount
    case .images(let images): images.count
    }
  }

  func samples(
    _ preparation: Preparation, sampleWeight: String? = nil, team: Team
  ) throws(FileError) -> Samples<Scalar> {
    switch self {
    case .table(let table):
      try preparation.samples(of: table, sampleWeight: sampleWeight, team: team, warn: printWarning)
    case .images(let images): try preparation.samples(of: images)
    }
  }

  func features(_ preparation: Preparation, team: Team) throws(FileError) -> Matrix<Scalar> {
    switch self {
    case .table(let table): try preparation.features(of: table, team: team, warn: printWarning)
    case .images(let images): try preparation.features(of: images)
    }
  }
}

/// The NumPy arrays of a data source.
private struct Arrays {
  let features: NPY
  let labels: NPY?
  /// Which arrays of an archive these are, as a line; nil for two files.
  var names: String?

  /// What features and their labels are called in archives; in the first place those of the training or of the test
  /// data.
  private static func knownNames(_ part: DataSource.Part) -> [(features: String, labels: String)] {
    let suffix = part == .training ? "train" : "test"
    return [
      ("x_\(suffix)", "y_\(suffix)"), ("X_\(suffix)", "y_\(suffix)"),
      ("\(suffix)_images", "\(suffix)_labels"), ("X", "y"), ("x", "y"), ("features", "labels"), ("data", "target"),
      ("images", "labels"), ("arr_0", "arr_1"),
    ]
  }

  init(_ path: String, labels labelName: String?, _ part: DataSource.Part, needsLabels: Bool) throws {
    let labelName = needsLabels ? labelName : nil
    guard isNamed(path, ".npz") else {
      (features, labels) = (try NPY(contentsOf: path), try labelName.map { try NPY(contentsOf: $0) })
      return
    }
    let labelFile = try labelName.flatMap { name in
      isNamed(name, ".npy", ".npy.gz") ? try NPY(contentsOf: name) : nil
    }
    let archive = try NPZ(contentsOf: path)
    let known = Self.knownNames(part)
    guard let pair = known.first(where: { archive.names.contains($0.features) }) else {
      throw FileError.missingArray(
        path: path, expected: "features called \(known.map(\.features).joined(separator: ", "))", found: archive.names)
    }
    let labelArray = labelFile == nil && needsLabels ? labelName ?? pair.labels : nil
    if labelName == nil, let labelArray, !archive.names.contains(labelArray) {
      throw FileError.missingArray(
        path: path, expected: "labels called \"\(labelArray)\", or --labels NAME that says which they are",
        found: archive.names)
    }
    features = try archive.array(named: pair.features)
    labels = try labelFile ?? labelArray.map { try archive.array(named: $0) }
    names =
      "\(path): the features are the array \(pair.features) of the .npz archive"
      + (labelArray.map { ", the labels \($0)" } ?? "")
  }
}
