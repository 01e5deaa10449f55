import Perceptron

/// The DATA of a command line: a table, or images.
enum DataSource: Sendable, Equatable {
  case table(String)
  /// A pair of IDX files; the labels may be absent where none are needed.
  case images(String, labels: String?)
  /// A directory with MNIST's four files.
  case mnist(String)
  /// A NumPy array of features and one of labels, which may be absent where none are needed.
  case arrays(String, labels: String?)

  /// - Parameters:
  ///   - labels: The file of a NumPy array's labels, which the option gave.
  init(_ argument: String, labels: String? = nil, option: String = "--labels") throws(CommandError) {
    if argument.hasSuffix(".npy") {
      self = .arrays(argument, labels: labels)
      return
    }
    if labels != nil { throw .usage("\(option) is for .npy files, found \(argument)") }
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
      self = .table(argument)
    }
  }

  /// Refuses options that are for CSV and TSV files only.
  func check(_ arguments: Arguments) throws(CommandError) {
    guard case .table = self else {
      for name in ["--header", "--no-header"] where arguments.flag(name) {
        throw .usage("\(name) is for tables; \(isArrays ? "arrays" : "images") have no header")
      }
      for name in ["--target", "--sample-weight"] + (isArrays ? [] : TableOptions.options.map(\.name))
      where arguments.string(name) != nil {
        throw .usage("\(name) is for tables; \(isArrays ? "arrays have --labels" : "images have one label each")")
      }
      return
    }
  }

  private var isArrays: Bool { if case .arrays = self { true } else { false } }

  /// Refuses images and arrays without labels.
  func requireLabels(option: String = "--labels") throws(CommandError) {
    if case .arrays(let path, nil) = self { throw .usage("\(option) is missing: \(path) needs a .npy file of labels") }
    if case .images(_, nil) = self { throw .usage("expected idx:IMAGES,LABELS: the labels are missing") }
  }

  /// Which of MNIST's files are meant.
  enum Part: String {
    case training = "train"
    case test = "t10k"
  }

  /// The image and label files, plain or with .gz, or nil for a table and arrays.
  func imageFiles(_ part: Part) -> (images: String, labels: String?)? {
    switch self {
    case .table, .arrays: return nil
    case .images(let images, let labels): return (images, labels)
    case .mnist(let directory):
      // Where neither is there, the error names the plain one.
      func path(_ name: String) -> String {
        let plain = "\(directory)/\(part.rawValue)-\(name)"
        return isReadable(plain + ".gz") && !isReadable(plain) ? plain + ".gz" : plain
      }
      return (path("images-idx3-ubyte"), path("labels-idx1-ubyte"))
    }
  }
}

extension DataSource {
  /// Refuses an output file that is one of the files to be read.
  func check(output path: String, option: String = "-o", _ part: Part) throws(CommandError) {
    let files: [String?] =
      switch self {
      case .table(let path): [path]
      case .arrays(let features, let labels): [features, labels]
      case .images, .mnist: imageFiles(part).map { [$0.images, $0.labels] } ?? []
      }
    for file in files.compactMap(\.self) where isSameFile(path, file) {
      throw .usage("\(option) \(path) is the data; name another file")
    }
  }
}

/// How a table is read: `--header`, `--no-header`.
func headerMode(_ arguments: Arguments) throws(CommandError) -> Table.Header {
  switch (arguments.flag("--header"), arguments.flag("--no-header")) {
  case (true, true): throw .usage("--header and --no-header exclude each other")
  case (true, false): .present
  case (false, true): .absent
  case (false, false): .automatic
  }
}

/// A data set that has been read but not prepared.
enum RawData<Scalar: BLASScalar> {
  case table(Table)
  case images(ImageSet<Scalar>)

  init(_ source: DataSource, part: DataSource.Part, header: Table.Header, needsLabels: Bool = true, team: Team)
    throws
  {
    if let files = source.imageFiles(part) {
      self = .images(try ImageSet(images: files.images, labels: needsLabels ? files.labels : nil, team: team))
    } else if case .table(let path) = source {
      let table = try Table(contentsOf: path, header: header, team: team)
      table.warnings.forEach(printWarning)
      self = .table(table)
    } else if case .arrays(let features, let labels) = source {
      self = .table(
        try Table(
          features: NPY(contentsOf: features), labels: needsLabels ? labels.map { try NPY(contentsOf: $0) } : nil))
    } else {
      fatalError("a data source is a table, images or arrays")
    }
  }

  var count: Int {
    switch self {
    case .table(let table): table.rowCount
    case .images(let images): images.count
    }
  }

  func samples(
    _ preparation: Preparation, sampleWeight: String? = nil, team: Team
  ) throws(DataError) -> Samples<Scalar> {
    switch self {
    case .table(let table):
      try preparation.samples(of: table, sampleWeight: sampleWeight, team: team, warn: printWarning)
    case .images(let images): try preparation.samples(of: images)
    }
  }

  func features(_ preparation: Preparation, team: Team) throws(DataError) -> Matrix<Scalar> {
    switch self {
    case .table(let table): try preparation.features(of: table, team: team, warn: printWarning)
    case .images(let images): try preparation.features(of: images)
    }
  }
}
