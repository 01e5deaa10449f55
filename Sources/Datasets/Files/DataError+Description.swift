extension DataError: CustomStringConvertible {
  /// One line that says where the error is, what was found, what was expected and how to mend it.
  public var description: String {
    switch self {
    case .cannotOpen(let path, let reason):
      "\(path): cannot be opened: \(reason); check the path and the permissions"
    case .cannotRead(let path, let reason):
      "\(path): cannot be read: \(reason); expected a readable file"
    case .cannotWrite(let path, let reason):
      "\(path): cannot be written: \(reason); choose another path, or free space or permissions there"
    case .tooLarge(let path, let problem):
      "\(path): cannot be written: \(problem)"
    case .exceedsMemory(let path, let bytes, let usable):
      "\(path): found \(Self.size(bytes)) or more to read, expected at most the \(Self.size(usable)) of memory that may still be used;"
        + " give a smaller file, or more memory"
    case .changed(let path):
      "\(path): the file was changed while it was read, expected one that stays as it is; read it again when it is complete"
    case .truncatedGzip(let path):
      "\(path): the gzip data end too early, expected their end mark; copy or download the file again"
    case .corruptGzip(let path, let detail):
      "\(path): the gzip data are damaged (\(detail)); copy or download the file again"
    case .emptyFile(let path):
      "\(path): the file is empty, expected data; check how it was made"
    case .wrongMagic(let path, let found, let expected):
      "\(path): not the IDX file wanted here: it begins with \(Self.hexadecimal(found)), expected \(expected);"
        + " check which file is given where"
    case .truncatedIDX(let path, let expected, let found):
      "\(path): the IDX file is truncated: found \(found) bytes, expected \(expected); copy or download it again"
    case .surplusIDX(let path, let expected, let found):
      "\(path): the IDX file is too long: found \(found) bytes, expected \(expected);"
        + " its dimensions or its values are wrong, write it again"
    case .oversizedIDX(let path, let dimensions):
      "\(path): the IDX header is wrong: found the dimensions \(Self.product(dimensions)), expected a product"
        + " that fits the file; copy or download it again"
    case .emptyIDX(let path, let dimensions):
      "\(path): the IDX file holds no values: found the dimensions \(Self.product(dimensions)),"
        + " expected each to be at least 1; write it again"
    case .badElement(let path, let number, let found, let expected):
      "\(path), value \(number): found \(found), expected \(expected); correct the file"
    case .countsDisagree(let images, let imageCount, let labels, let labelCount):
      "\(labels): found \(labelCount) labels, expected \(imageCount) as there are images in \(images);"
        + " give the two files of one set"
    case .labelOutOfRange(let path, let index, let label, let classes):
      "\(path), label \(index + 1): found \(label), expected 0 to \(classes - 1) (\(classes) classes);"
        + " correct the label or the number of classes"
    case .wrongImageShape(let path, let found, let expected):
      "\(path): found images of \(Self.product(found)), expected \(Self.product(expected)) as in training;"
        + " give images of that size, or train a model for these"
    case .imagesForTable(let path, let columns):
      "\(path): found images, expected a table with the columns \(listed(columns)) as in training; give a table"
    case .missingLabels(let path):
      "\(path): found images without labels, expected a label for each; give them as idx:IMAGES,LABELS"
    case .labelsForValues(let path):
      "\(path): found labels of images, expected none, as the model predicts values of images and not classes; use predict"
    case .badNPY(let path, let problem):
      "\(path): not a .npy file that can be read: \(problem); write it with numpy.save"
    case .arraysDisagree(let features, let samples, let labels, let labelCount):
      "\(labels): found labels of \(labelCount) samples, expected \(samples) as in \(features); give the two files of one set"
    case .badNPZ(let path, let problem):
      "\(path): not a .npz archive that can be read: \(problem); write it with numpy.savez"
    case .missingArray(let path, let expected, let found):
      "\(path): found the arrays \(listed(found)), expected \(expected); write it with numpy.savez(FILE, X=…, y=…)"
    case .wrongColumnCount(let path, let found, let columns):
      "\(path): found \(found) number\(found == 1 ? "" : "s") for each sample, expected \(columns.count), in the order of the columns"
        + " \(listed(columns)) as in training; give an array of samples × columns"
    case .numbersForTexts(let path, let column):
      "\(path): found numbers for the column \(quoted(column)), which held texts in training; give a table"
    case .notATable(let path, let kind, let advice):
      "\(path): found \(kind), expected a table as CSV text; \(advice)"
    case .tableForImages(let path):
      "\(path): found a table, expected images as in training; give them as idx:IMAGES,LABELS"
    case .singleClass(let path, let column, let label):
      "\(path): found the one class \(quoted(label)) in \(quoted(column)), expected at least two;"
        + " add rows of another class, or choose another target"
    case .manyColumns(let path, let most):
      "\(path): found more than \(most) columns, expected at most as many; a line end may be missing, or write the data as a .npy file"
    case .titleLine(let path, let line, let found, let expected):
      "\(path), line \(line): found \(found) field\(found == 1 ? "" : "s"), expected \(expected) as in the following lines;"
        + " remove line \(line) if it is a title, or put fields that hold the delimiter in quotes"
    case .raggedRow(let path, let line, let found, let expected):
      "\(path), line \(line): found \(found) field\(found == 1 ? "" : "s"), expected \(expected) as in the first row;"
        + " add or remove fields, or put fields that hold the delimiter in quotes"
    case .noRows(let path):
      "\(path): found a header but no row of data, expected at least one;"
        + " add rows, or say that the file has no header (--no-header)"
    case .unterminatedQuote(let path, let line):
      "\(path), line \(line): a quoted field opens here and the file ends inside it,"
        + " expected a closing \"; add it, and double each \" within a quoted field"
    case .textAfterQuote(let path, let line, let field):
      "\(path), line \(line), field \(field): found text after the closing \", expected the field's end;"
        + " double each \" within a quoted field"
    case .nulByte(let path, let line):
      "\(path), line \(line): found a NUL byte, expected text in UTF-8;"
        + " the file is binary or UTF-16, save it as UTF-8 text"
    // Windows' code page 1252 has all letters of Latin-1 at their places, and the euro sign and quotation marks
    // besides.
    case .invalidUTF8(let path, let line, let field):
      "\(path), line \(line), field \(field): found bytes that are not UTF-8, expected text in UTF-8;"
        + " convert the file, for example with iconv -f cp1252 -t utf-8"
    case .duplicateColumn(let path, let line, let name, let first, let second):
      "\(path), line \(line): found the column name \(quoted(name)) twice, in fields \(first) and \(second),"
        + " expected distinct names; rename one, or say that the file has no header (--no-header)"
    case .unknownColumn(let path, let name, let columns):
      "\(path): found no column \(quoted(name)), expected one of \(listed(columns)) or a number from 1 to"
        + " \(columns.count); correct the name"
    case .missingColumn(let path, let name, let columns):
      "\(path): found no column \(quoted(name)), which the model was trained with, among \(listed(columns));"
        + " rename or add the column, or check that the file has the header it had in training"
    case .repeatedColumn(let path, let name, let first, let second):
      "\(path): found the column \(quoted(name)) named twice, \(first == second ? "each time" : "\(first.rawValue) and") \(second.rawValue),"
        + " expected once; correct the names"
    case .nothingLeft(let path):
      "\(path): found no column that is left to learn from: --ignore, --only and --id leave out all but the target; leave out fewer"
    case .datesAsTarget(let path, let column, let areTimes):
      "\(path): found \(areTimes ? "times" : "dates") in the target \(quoted(column)), expected numbers or classes; give the target as a number,"
        + " \(areTimes ? "hours or minutes" : "days since some day") for example"
    case .textAmongNumbers(let path, let line, let column, let field, let text, let rows):
      "\(Self.place(path, line, column, field)): found \(quoted(text)), expected a number written as in most rows of this target"
        + (rows > 1 ? " (\(rows) rows hold no number)" : "")
        + "; correct the field or remove the row, or give --task classification if the numbers are names of classes"
    case .manyClasses(let path, let column, let found, let rows, let example):
      "\(path): found \(found) different texts, such as \(quoted(example)), in \(rows) rows of the target \(quoted(column)), which are too"
        + " many to be classes; write them as plain numbers if they are numbers, choose another target, or give --task classification"
    case .noUsableFeatures(let path):
      "\(path): found no column that something can be learnt from: each is left out, as the warnings say;"
        + " add columns of numbers, or of texts that repeat"
    case .notADate(let path, let line, let column, let field, let text, let pattern):
      "\(Self.place(path, line, column, field)): found \(quoted(text)), expected a date as in training (\(pattern));"
        + " correct the field or leave it empty"
    case .otherFormat(let path, let line, let column, let format):
      "\(Datasets.place(path, line)), column \(quoted(column)): found a plain number, expected \(format) as in training;"
        + " read the table in the format of the preparation"
    case .tooLargeForMemory(let path, let what, let bytes, let available, let column):
      "\(path): \(what) take \(Self.size(bytes)), more than the \(Self.size(available)) of memory that may be used;"
        + (column.map { " the most are of the column \($0);" } ?? "") + " leave out columns or rows, or raise the limit"
    case .notBinary(let path, let column, let found):
      "\(path): found \(found) different values in the target \(quoted(column)), expected two, as there are several targets"
        + " to be classified; name one target, or give --task regression if all are numbers"
    case .negativeWeight(let path, let line, let column, let weight):
      "\(Datasets.place(path, line)), column \(quoted(column)): found the sample weight \(weight), expected 0 or more;"
        + " correct the weight"
    case .noWeight(let path, let column):
      "\(path): found no sample weight above 0 in the column \(quoted(column)), expected at least one; correct the weights"
    case .longField(let path, let line, let field):
      "\(path), line \(line), field \(field): found a field of more than \(FieldScanner.longestField) bytes, expected at most as many;"
        + " a closing \" or a line end may be missing"
    case .noFeatures(let path, let target):
      "\(path): found no column besides the target \(quoted(target)), expected at least one feature;"
        + " check the delimiter: a comma, semicolon, tab or | is found if it cuts all rows alike (--delimiter)"
    case .notANumber(let path, let line, let column, let field, ""):
      "\(Self.place(path, line, column, field)): found an empty field, expected a number;"
        + " fill in the value or remove the row"
    case .notANumber(let path, let line, let column, let field, let text):
      "\(Self.place(path, line, column, field)): found \(quoted(text)), expected a number;"
        + " correct the field, or remove the column or the row\(line == 1 ? ", or say that the file has a header (--header)" : "")"
    case .notFinite(let path, let line, let column, let field, let text):
      "\(Self.place(path, line, column, field)): found \(quoted(text)), expected a finite number within range;"
        + " correct the field or remove the row"
    case .missingLabel(let path, let line, let column, let field, let text):
      "\(Self.place(path, line, column, field)): found \(text.isEmpty ? "an empty field" : quoted(text)),"
        + " expected a class label; fill in the label or remove the row"
        + (MissingSpellings.usual.contains(text) && !text.isEmpty
          ? ", or give --not-missing \(text) if it is a label" : "")
    case .unknownClass(let path, let line, let column, let label, let classes):
      "\(Datasets.place(path, line)), column \(quoted(column)): found the label \(quoted(label)), expected one of"
        + " \(listed(classes)); correct the label, or train with rows of that class"
    }
  }

  private static func place(_ path: String, _ line: Int, _ column: String, _ field: Int) -> String {
    "\(Datasets.place(path, line)), column \(quoted(column)) (field \(field))"
  }

  /// A number of bytes, for people.
  private static func size(_ bytes: Int) -> String {
    let units = ["bytes", "KB", "MB", "GB", "TB", "PB", "EB"]
    var (size, unit) = (Double(bytes), 0)
    while size >= 999.5, unit + 1 < units.count { (size, unit) = (size / 1000, unit + 1) }
    return size < 10 && unit > 0
      ? "\((size * 10).rounded() / 10) \(units[unit])" : "\(Int(size.rounded())) \(units[unit])"
  }

  private static func product(_ dimensions: [Int]) -> String {
    dimensions.map(String.init).joined(separator: " × ")
  }

  private static func hexadecimal(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
  }
}

/// A line of a file; arrays have rows instead.
func place(_ path: String, _ line: Int) -> String {
  let isArray = isNamed(path, ".npy", ".npy.gz") || path.lowercased().contains(".npz, array ")
  return "\(path), \(isArray ? "row" : "line") \(line)"
}

/// The text in quotes, on one line and of a sane length whatever a file holds.
func quoted(_ text: String) -> String {
  let longest = 40
  var result = "\""
  var count = 0
  for scalar in text.unicodeScalars {
    guard count < longest else {
      result += "…"
      break
    }
    result += scalar.properties.generalCategory == .control ? scalar.escaped(asASCII: true) : String(scalar)
    count += 1
  }
  return result + "\""
}

/// Names in quotes with commas between them, and not more than a line can bear.
func listed(_ names: [String]) -> String {
  let longest = 20
  let shown = names.prefix(longest).map(quoted).joined(separator: ", ")
  return names.count > longest ? "\(shown) and \(names.count - longest) more" : shown
}
