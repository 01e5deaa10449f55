import Perceptron

/// The DATA of a command line: a table, or images.
enum DataSource: Sendable, Equatable {
  case table(String)
  /// A pair of IDX files; the labels may be absent where none are needed.
  case images(String, labels: String?)
  /// A directory with MNIST's four files.
  case mnist(String)

  init(_ argument: String) throws(CommandError) {
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
    } else if argument.hasSuffix(".npy") {
      throw .usage("\(argument): .npy files are not built yet; there are CSV, TSV and IDX files")
    } else {
      self = .table(argument)
    }
  }

  /// Refuses options that are for tables only.
  func check(_ arguments: Arguments) throws(CommandError) {
    guard case .table = self else {
      for name in ["--header", "--no-header"] where arguments.flag(name) {
        throw .usage("\(name) is for tables; images have no header")
      }
      return
    }
  }

  /// Refuses images without labels.
  func requireLabels() throws(CommandError) {
    if case .images(_, nil) = self { throw .usage("expected idx:IMAGES,LABELS: the labels are missing") }
  }

  /// Which of MNIST's files are meant.
  enum Part: String {
    case training = "train"
    case test = "t10k"
  }

  /// The image and label files, plain or with .gz, or nil for a table.
  func imageFiles(_ part: Part) -> (images: String, labels: String?)? {
    switch self {
    case .table: return nil
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
  func check(output path: String, _ part: Part) throws(CommandError) {
    let files: [String?] =
      if let (images, labels) = imageFiles(part) { [images, labels] } else if case .table(let path) = self {
        [path]
      } else { [] }
    for file in files.compactMap(\.self) where isSameFile(path, file) {
      throw .usage("-o \(path) is the data; name another file")
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
      self = .table(try Table(contentsOf: path, header: header))
    } else {
      fatalError("a data source is a table or images")
    }
  }

  func samples(_ preparation: Preparation) throws(DataError) -> Samples<Scalar> {
    switch self {
    case .table(let table): try preparation.samples(of: table)
    case .images(let images): try preparation.samples(of: images)
    }
  }

  func features(_ preparation: Preparation) throws(DataError) -> Matrix<Scalar> {
    switch self {
    case .table(let table): try preparation.features(of: table)
    case .images(let images): try preparation.features(of: images)
    }
  }
}
