import Foundation
import PerceptronDatasets
import PerceptronFiles
import Testing

@Suite struct FileKindTests {
  // The first bytes of each file, as its own program writes them.
  @Test(arguments: [
    ("PK\u{3}\u{4}\u{14}\u{0}\u{0}\u{0}\u{8}\u{0}....p.csv", "a zip archive", "unzip FILE"),
    ("PK\u{3}\u{4}\u{14}\u{0}\u{6}\u{0}\u{8}\u{0}....[Content_Types].xml", "an Excel workbook (xlsx)", "as CSV"),
    ("PK\u{3}\u{4}\u{2D}\u{0}\u{0}\u{0}\u{0}\u{0}....X.npy", "NumPy arrays (npz, from numpy.savez)", ".npz"),
    ("BZh91AY&SY", "a bzip2 (.bz2) file", "bunzip2"),
    ("PAR1\u{15}\u{4}", "a Parquet file", "read_parquet"),
    ("ARROW1\u{0}\u{0}", "an Arrow or Feather file", "read_feather"),
    ("SQLite format 3\u{0}", "an SQLite database", "sqlite3 -header -csv"),
    ("%PDF-1.7\n", "a PDF document", "give a table"),
    ("\u{FEFF}\n <!DOCTYPE html><html>", "an HTML page", "download"),
    ("<?xml version=\"1.0\"?>", "XML", "read_xml"),
    ("[{\"a\": 1}]", "JSON", "read_json"),
    ("[\n  {\n", "JSON", "read_json"),
    ("{\"a\":1,\"b\":2}\n{\"a\":2,\"b\":3}\n", "JSON, perhaps one value per line (then add lines=True)", "read_json"),
    ("% A comment\n%\n\n@RELATION iris\n", "a Weka ARFF file", "@data"),
    (
      "\u{0}\u{0}\u{8}\u{3}\u{0}\u{0}\u{0}\u{2}\u{0}\u{0}\u{0}\u{1}\u{0}\u{0}\u{0}\u{1}\u{5}\u{6}", "an IDX file",
      "idx:"
    ),
    ("\u{10}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}{\"a\":", "a model or a checkpoint (safetensors)", "the data"),
  ])
  func `a file of another kind is named, with what to do`(start: String, kind: String, advice: String) {
    expect(Array(start.utf8), kind, advice)
  }

  @Test(arguments: [
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "an xz file", "unxz"),
    ([0x28, 0xB5, 0x2F, 0xFD, 0x24], "a zstd file", "unzstd"),
    ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], "a 7z archive", "7z x"),
    ([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A], "an HDF5 file", "h5py"),
    ([0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1], "an Excel workbook (xls)", "as CSV"),
    ([0x80, 0x04, 0x95, 0x1A, 0, 0, 0, 0, 0, 0, 0], "a Python pickle", "to_csv"),
    ([0xFF, 0xFE, 0x61, 0, 0x2C, 0], "text in UTF-16", "iconv -f utf-16 -t utf-8"),
    ([0xFF, 0xFE, 0, 0, 0x61, 0, 0, 0], "text in UTF-32", "iconv -f utf-32 -t utf-8"),
    ([0x89, 0x50, 0x4E, 0x47], "a picture (PNG)", "idx:"),
    ([0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0], "a NumPy array", ".npy"),
  ])
  func `so is one that is no text`(start: [UInt8], kind: String, advice: String) { expect(start, kind, advice) }

  @Test func `texts that begin alike are tables`() throws {
    for text in [
      "{a},b\n1,2\n", "[a],b\n1,2\n", "\"[1\",b\n1,2\n", "%a,b\n1,2\n", "@relations,b\n1,2\n", "PK,b\n1,2\n",
      "BZh,b\n1,2\n",
      "<a>,b\n1,2\n", "MM,b\n1,2\n", "7z,b\n1,2\n",
    ] { #expect(try Table(Array(text.utf8), path: "t.csv").rowCount == 1, "\(text)") }
  }

  private func expect(_ bytes: [UInt8], _ kind: String, _ advice: String) {
    let error = #expect(throws: FileError.self) { _ = try Table(bytes, path: "t.csv") }
    #expect(error?.code == "notATable")
    #expect(error?.description.hasPrefix("t.csv: found \(kind), expected a table as CSV text; ") == true)
    #expect(error?.description.contains(advice) == true)
    #expect(error?.kind == .badData && error?.description.hasPrefix("t.csv: found \(kind), expected a table") == true)
  }
}
