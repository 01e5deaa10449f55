/// Everything that can be wrong with a data file, or with writing a file, as one error.
///
/// Each case holds what is needed to find the place: the path and, as far as they apply, the line (1-based, the line
/// on which the row begins), the column's name and its 1-based field number. ``description`` is one line of text.
public enum DataError: Error, Sendable, Equatable {
  // Files.
  /// The file could not be opened; `reason` is the system's text for errno.
  case cannotOpen(path: String, reason: String)
  /// Reading failed after the file had been opened; `reason` is the system's text for errno.
  case cannotRead(path: String, reason: String)
  /// The file could not be written; `reason` is the system's text for errno. What was there before is untouched.
  case cannotWrite(path: String, reason: String)
  /// The file was not written, since its format cannot hold what was to be; `problem` says what that is. What was there
  /// before is untouched.
  case tooLarge(path: String, problem: String)
  /// What the file holds takes about so many bytes of memory, of which fewer may be used.
  case exceedsMemory(path: String, bytes: Int, usable: Int)
  /// The file is another than it was when its reading began.
  case changed(path: String)
  /// The gzip stream ends before its end mark.
  case truncatedGzip(path: String)
  /// The gzip stream is damaged; `detail` is zlib's text.
  case corruptGzip(path: String, detail: String)
  /// The file holds no bytes, or nothing but blank lines.
  case emptyFile(path: String)

  // IDX files.
  /// The first four bytes are not those of a wanted IDX file.
  case wrongMagic(path: String, found: UInt32, expected: String)
  /// The file ends before its values do; both counts are of bytes, after decompression.
  case truncatedIDX(path: String, expected: Int, found: Int)
  /// The file goes on after its last value; both counts are of bytes, after decompression.
  case surplusIDX(path: String, expected: Int, found: Int)
  /// The product of the dimensions is beyond any file's size.
  case oversizedIDX(path: String, dimensions: [Int])
  /// One of the dimensions is zero.
  case emptyIDX(path: String, dimensions: [Int])
  /// The value with the 1-based number is of no use.
  case badElement(path: String, number: Int, found: String, expected: String)
  /// The images and their labels are not equally many.
  case countsDisagree(images: String, imageCount: Int, labels: String, labelCount: Int)
  /// The label at the 0-based `index` is not below the number of classes.
  case labelOutOfRange(path: String, index: Int, label: Int, classes: Int)

  /// Images that are to be learnt from have no labels.
  case missingLabels(path: String)
  /// Labels were given for a model that predicts values of images, not classes.
  case labelsForValues(path: String)
  /// The images have another shape than those that the model was trained on.
  case wrongImageShape(path: String, found: [Int], expected: [Int])
  /// Images were given to a model that takes the columns of a table.
  case imagesForTable(path: String, columns: [String])

  // NumPy arrays.
  /// The file is not a .npy file that is read; `problem` says what was found.
  case badNPY(path: String, problem: String)
  /// Features and labels are not of equally many samples.
  case arraysDisagree(features: String, samples: Int, labels: String, labelCount: Int)

  /// The file is not a .npz archive that is read; `problem` says what was found.
  case badNPZ(path: String, problem: String)
  /// A .npz archive has no array of this name, or none that is known as features or labels.
  case missingArray(path: String, expected: String, found: [String])
  /// An array has not as many numbers for each sample as the model has columns.
  case wrongColumnCount(path: String, found: Int, columns: [String])
  /// A model takes texts in a column, which an array of numbers cannot hold.
  case numbersForTexts(path: String, column: String)

  // Tables.
  /// The file is of another kind; `kind` says what it is and `advice` what to do.
  case notATable(path: String, kind: String, advice: String)
  /// A table was given to a model that takes images.
  case tableForImages(path: String)
  /// There is one class only, so there is nothing to learn.
  case singleClass(path: String, column: String, label: String)
  /// The first row has more fields than any table that is meant.
  case manyColumns(path: String, most: Int)
  /// The first row has fewer fields than all others have, as a title has.
  case titleLine(path: String, line: Int, found: Int, expected: Int)
  /// A row has more or fewer fields than the first row.
  case raggedRow(path: String, line: Int, found: Int, expected: Int)
  /// The file has a header but no data.
  case noRows(path: String)
  /// A quoted field, opened on `line`, is never closed.
  case unterminatedQuote(path: String, line: Int)
  /// Text stands between a closing quote and the end of its field.
  case textAfterQuote(path: String, line: Int, field: Int)
  /// A NUL byte, which no text file has.
  case nulByte(path: String, line: Int)
  /// A text field is not UTF-8.
  case invalidUTF8(path: String, line: Int, field: Int)
  /// A field is longer than any that is meant.
  case longField(path: String, line: Int, field: Int)
  /// Two columns have one name in the header on this line; both numbers are 1-based.
  case duplicateColumn(path: String, line: Int, name: String, first: Int, second: Int)
  /// No column has this name or number.
  case unknownColumn(path: String, name: String, columns: [String])
  /// The table lacks a column that the model was trained on.
  case missingColumn(path: String, name: String, columns: [String])
  /// A column is named for two purposes, or twice for one.
  case repeatedColumn(path: String, name: String, first: ColumnPurpose, second: ColumnPurpose)
  /// All columns but the targets and the sample weights are left out, as was asked for.
  case nothingLeft(path: String)
  /// One of several targets to be classified has not two classes.
  case notBinary(path: String, column: String, found: Int)
  /// A sample weight is below 0.
  case negativeWeight(path: String, line: Int, column: String, weight: Double)
  /// All sample weights are 0.
  case noWeight(path: String, column: String)
  /// A column of dates is to be learnt, which is no task as it stands.
  case datesAsTarget(path: String, column: String, areTimes: Bool)
  /// A target of numbers holds a few other texts, this one first, in so many rows.
  case textAmongNumbers(path: String, line: Int, column: String, field: Int, text: String, rows: Int)
  /// A target has more classes than make sense.
  case manyClasses(path: String, column: String, found: Int, rows: Int, example: String)
  /// No column is left that something can be learnt from.
  case noUsableFeatures(path: String)
  /// A field that has to be a date is something else.
  case notADate(path: String, line: Int, column: String, field: Int, text: String, pattern: String)
  /// Fields were read as plain numbers though the column's numbers were written in another format in training.
  case otherFormat(path: String, line: Int, column: String, format: String)
  /// What the table becomes does not fit the memory that may be used.
  case tooLargeForMemory(path: String, what: String, bytes: Int, available: Int, column: String?)
  /// Besides the target the table has no column.
  case noFeatures(path: String, target: String)
  /// A field that has to be a number is something else.
  case notANumber(path: String, line: Int, column: String, field: Int, text: String)
  /// A number that is infinite, not a number, or beyond the range of the type that has to hold it.
  case notFinite(path: String, line: Int, column: String, field: Int, text: String)
  /// A class label is missing; `text` is what stands there.
  case missingLabel(path: String, line: Int, column: String, field: Int, text: String)
  /// A class label is none of the classes that there are.
  case unknownClass(path: String, line: Int, column: String, label: String, classes: [String])

  /// What a program can do about an error, and with which exit code it ends.
  public enum Kind: Sendable, Equatable {
    /// An input file is not there or may not be read (sysexits' `EX_NOINPUT`, 66).
    case missingInput
    /// An input file is there but what it holds is wrong (`EX_DATAERR`, 65).
    case badData
    /// The system failed to read or to write (`EX_IOERR`, 74).
    case ioFailure
  }

  /// The kind of the error.
  public var kind: Kind {
    switch self {
    case .cannotOpen: .missingInput
    case .cannotRead, .cannotWrite, .tooLarge: .ioFailure
    default: .badData
    }
  }
}
