import Perceptron
import PerceptronFiles

/// The DATA argument of a command line: a table, images or arrays.
enum DataSource: Sendable, Equatable {
  /// A table in one or more files.
  case table([String])
  /// A table from standard input.
  case standardInput
  /// A pair of IDX files; the labels may be absent if they are not needed.
  case images(String, labels: String?)
  /// A directory with MNIST's four files.
  case mnist(String)
  /// A NumPy array of features and an array of labels, which may be absent if they are not needed. Or an archive of
  /// arrays, in which `labels` may be the name of an array.
  case arrays(String, labels: String?)

  /// - Parameters:
  ///   - labels: The file with a NumPy array's labels, from the option.
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
      self = argument == "-" ? .standardInput : .table(ByteFile.paths(matching: argument))
    }
  }

  /// Refuses options that apply only to CSV and TSV files.
  func check(_ arguments: Arguments) throws(CommandError) {
    if tablePaths != nil { return }
    for name in ["--header", "--no-header"] where arguments.flag(name) {
      throw .usage("\(name) is for tables; \(isArrays ? "arrays" : "images") have no header")
    }
    for name in ["--target", "--sample-weight", "--delimiter"] + (isArrays ? [] : TableOptions.options.map(\.name))
    where arguments.string(name) != nil {
      throw .usage("\(name) is for tables; \(isArrays ? "use --labels for arrays" : "images have one label each")")
    }
    for name in ["--group", "--time"] where arguments.string(name) != nil {
      throw .usage("\(name) is for tables; \(isArrays ? "arrays" : "images") have no column with a name")
    }
  }

  /// The files of a CSV or TSV table, or "-" for standard input; nil for images and arrays.
  var tablePaths: [String]? {
    switch self {
    case .table(let paths): paths
    case .standardInput: ["-"]
    case .images, .mnist, .arrays: nil
    }
  }

  private var isArrays: Bool { if case .arrays = self { true } else { false } }

  /// Refuses images and arrays without labels.
  func requireLabels(option: String = "--labels") throws(CommandError) {
    // The arrays of an archive are checked when it is read.
    if case .arrays(let path, nil) = self, !isNamed(path, ".npz") {
      throw .usage("\(option) is missing: \(path) needs a .npy file of labels")
    }
    if case .images(_, nil) = self { throw .usage("expected idx:IMAGES,LABELS: the labels are missing") }
  }

  /// The part of MNIST's files: training or test.
  enum Part: String {
    case training = "train"
    case test = "t10k"
  }

  /// Finds the image and label files, whose names have - or . and may end in .gz; nil for tables and arrays.
  func imageFiles(_ part: Part) -> (images: String, labels: String?)? {
    switch self {
    case .table, .standardInput, .arrays: return nil
    case .images(let images, let labels): return (images, labels)
    case .mnist(let directory):
      func path(_ name: String, _ type: String) -> String {
        let names = ["\(name)-\(type)", "\(name).\(type)"].flatMap { [$0, $0 + ".gz", $0 + ".GZ"] }
        let paths = names.map { "\(directory)/\(part.rawValue)-\($0)" }
        // If no file exists, the error names the first one.
        return paths.first(where: isReadable) ?? paths[0]
      }
      return (path("images", "idx3-ubyte"), path("labels", "idx1-ubyte"))
    }
  }
}

extension DataSource {
  /// Refuses an output file that is also an input file.
  func check(output path: String, option: String = "-o", _ part: Part) throws(CommandError) {
    let files: [String?] =
      switch self {
      case .table(let paths): paths
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

extension DataSource {
  /// Whether the training data are a table. Arrays are: only a model for images takes them as images.
  var isTabular: Bool {
    switch self {
    case .table, .standardInput, .arrays: true
    case .images, .mnist: false
    }
  }
}

/// A data set that has been read but not prepared.
enum RawData<Scalar: BLASScalar> {
  case table(Table)
  case images(ImageSet<Scalar>)

  /// - Parameters:
  ///   - preparation: The preparation of a model, if there is one: a model for images also accepts arrays.
  ///   - announces: Whether a message states which arrays of an archive are used.
  init(
    _ source: DataSource, part: DataSource.Part, format: Table.Format, needsLabels: Bool = true,
    for preparation: Preparation? = nil, announces: Bool = false, team: Team
  ) throws {
    switch source {
    case .table, .standardInput: self = .table(try Self.table(source.tablePaths!, format, sharedBy: nil, team))
    case .images, .mnist:
      let files = source.imageFiles(part)!
      self = .images(try ImageSet(images: files.images, labels: needsLabels ? files.labels : nil, team: team))
    case .arrays(let features, let labels):
      let arrays = try Arrays(features, labels: labels, part, needsLabels: needsLabels)
      if announces, let names = arrays.names { printError("\(printable(names))\n") }
      if let preparation, case .pixels(let shape) = preparation.inputs {
        self = .images(
          try ImageSet(
            images: arrays.features, shape: shape, labels: arrays.labels, classNames: preparation.classNames))
      } else {
        self = .table(try Table(features: arrays.features, labels: arrays.labels))
      }
    }
  }

  /// Reads a table, and prints what is odd about its files.
  ///
  /// - Parameter processes: The processes that each hold a share of the rows; nil if each holds all.
  static func table(
    _ paths: [String], _ format: Table.Format, sharedBy processes: Processes?, _ team: Team
  ) throws(FileError) -> Table {
    let table = try Table(contentsOf: paths, format: format, sharedBy: processes, team: team)
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
  /// A line that states which arrays of an archive these are; nil for two files.
  var names: String?

  /// The names by which features and their labels are found in archives. Names of the requested part, training or test,
  /// come first.
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
        path: path, expected: "labels called \"\(labelArray)\", or --labels NAME to choose another array",
        found: archive.names)
    }
    features = try archive.array(named: pair.features)
    labels = try labelFile ?? labelArray.map { try archive.array(named: $0) }
    names =
      "\(path): the features are the array \(pair.features) of the .npz archive"
      + (labelArray.map { ", the labels \($0)" } ?? "")
  }
}
