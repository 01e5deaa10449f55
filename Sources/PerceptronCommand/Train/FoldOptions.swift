import Perceptron
import PerceptronFiles

/// `--folds K`: cross-validation. Each of K networks learns from a part of the rows and is judged by another part.
struct FoldOptions {
  /// What decides the fold of a row.
  private enum Division {
    /// Chance, with a similar distribution of the target in each fold.
    case stratified
    /// The fields of this column: rows with the same field are in the same fold.
    case groups(String)
    /// The order of the numbers or dates in this column: the rows that a network learns from are earlier than the rows
    /// that judge it.
    case time(String)
  }

  /// The number of folds.
  let count: Int
  private let division: Division

  static let options = [
    Option(
      "--folds", "K",
      "cross-validation: K networks, each of which leaves out another K-th of the rows and is judged by it; with -o"
        + " their mean is the model (off)"),
    Option("--group", "NAME", "with --folds: rows with the same field in this column are in the same fold (off)"),
    Option(
      "--time", "NAME",
      "with --folds: the column with the numbers or dates in whose order the rows are divided; each network learns only"
        + " from what was before its fold (off)"),
  ]

  /// Nil without `--folds`.
  init?(_ arguments: Arguments) throws(CommandError) {
    let (group, time) = (arguments.string("--group"), arguments.string("--time"))
    guard let count = try arguments.integer("--folds", in: 2...networkCounts.upperBound) else {
      for (option, value) in [("--group", group), ("--time", time)] where value != nil {
        throw .usage("\(option) needs --folds")
      }
      return nil
    }
    for option in ["--validation", "--validation-split"] where arguments.string(option) != nil {
      throw .usage("--folds and \(option) exclude each other")
    }
    if group != nil && time != nil { throw .usage("--group and --time exclude each other") }
    self.count = count
    division = group.map(Division.groups) ?? time.map(Division.time) ?? .stratified
  }

  /// The column that decides the folds, which is not learnt from, and its option; nil if chance decides.
  private var column: (option: String, name: String)? {
    switch division {
    case .stratified: nil
    case .groups(let name): ("--group", name)
    case .time(let name): ("--time", name)
    }
  }

  /// The name of the column that decides the folds; nil if chance decides.
  var columnName: String? { column?.name }

  /// Such as "5 folds by patient".
  var description: String {
    switch division {
    case .stratified: "\(count) folds"
    case .groups(let name): "\(count) folds by \(name)"
    case .time(let name): "\(count) folds in the order of \(name)"
    }
  }

  /// Refuses a column that is used for something else.
  func check(_ table: Table, _ options: TrainOptions) throws {
    guard let column else { return }
    let index = try table.columnIndices(named: [column.name])[0]
    let isTarget = try table.targetIndices(options.target).contains(index)
    let purpose: ColumnPurpose? =
      isTarget
      ? options.target == nil ? .lastColumn : .target
      : options.sampleWeight == column.name
        ? .sampleWeight : options.columns.only?.contains(column.name) == true ? .only : nil
    guard let purpose else { return }
    throw CommandError.badData(
      "\(table.path): found the column \(quoted(column.name)) named twice, \(purpose.rawValue) and by \(column.option),"
        + " expected once; correct the names")
  }

  /// Divides the samples of DATA.
  ///
  /// - Parameter strata: A number for each sample; samples with similar numbers are spread over all folds.
  func splits<Scalar>(of data: RawData<Scalar>, strata: [Double], _ options: TrainOptions) throws -> [Split] {
    let splits = try unchecked(data, strata, options)
    if let fold = splits.firstIndex(where: { $0.training.count < 2 }) {
      throw few("the network of fold \(fold + 1) would learn from \(splits[fold].training.count) row", "2 or more")
    }
    return splits
  }

  /// Says which classes occur in a fold, but not in the rows that its network learns from.
  ///
  /// - Parameters:
  ///   - classes: The class of each sample.
  ///   - names: The classes' names.
  func noteMissingClasses(_ splits: [Split], classes: [Int], names: [String]) {
    let place = if case .time = division { "does not occur before this fold" } else { "occurs only in this fold" }
    for (fold, split) in splits.enumerated() {
      let learnt = Set(split.training.map { classes[$0] })
      let missing = Set(split.validation.map { classes[$0] }).subtracting(learnt).sorted().map { quoted(names[$0]) }
      if !missing.isEmpty {
        printError(
          "note: fold \(fold + 1): \(missing.joined(separator: ", ")) \(place), so that its network cannot learn it\n")
      }
    }
  }

  private func unchecked<Scalar>(
    _ data: RawData<Scalar>, _ strata: [Double], _ options: TrainOptions
  ) throws -> [Split] {
    if case .table(let table) = data, case .groups(let name) = division {
      let groups = try table.groups(inColumn: name, missing: options.columns.missing)
      let found = Set(groups).count
      guard found >= count else {
        throw few(
          "found \(found == 1 ? "one group, which spans all rows," : "\(found) groups") in the column \(quoted(name))",
          "\(count) or more")
      }
      return Split.folds(count, groupedBy: groups)
    }
    if case .table(let table) = data, case .time(let name) = division {
      let times = try table.times(inColumn: name, options: options.columns, warn: printWarning)
      let found = Set(times).count
      guard found > count else {
        throw few(
          "found \(found == 1 ? "one time" : "\(found) different times") in the column \(quoted(name))",
          "\(count + 1) or more")
      }
      return Split.folds(count, inOrderOf: times)
    }
    guard strata.count >= count else {
      throw few("found \(strata.count) sample\(strata.count == 1 ? "" : "s")", "\(count) or more")
    }
    var generator = Philox(seed: options.seed, stream: 2)
    return Split.folds(count, stratifiedBy: strata, using: &generator)
  }

  private func few(_ found: String, _ expected: String) -> CommandError {
    .badData("--folds \(count): \(found), expected \(expected); choose fewer folds, or add rows")
  }
}
