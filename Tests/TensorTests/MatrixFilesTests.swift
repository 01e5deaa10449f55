import Foundation
import Tensor
import Testing

private func withDirectory(_ body: (String) throws -> Void) throws {
  let path = "/tmp/perceptron-\(UInt64.random(in: 0 ... .max))"
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  defer { try? FileManager.default.removeItem(atPath: path) }
  try body(path)
}

@Test("A large matrix in a file is one like any other, and leaves no file")
func matrixInFile() throws {
  try withDirectory { directory in
    let large = MatrixFiles.keep(in: directory) { Matrix<Float>(rows: 1024, columns: 600) }
    #expect(large.isInFile && large.maxMagnitude() == 0)
    let small = MatrixFiles.keep(in: directory) { Matrix<Float>(rows: 10, columns: 10) }
    #expect(
      !small.isInFile && MatrixFiles.mistake(in: directory) == nil && !Matrix<Float>(rows: 1024, columns: 600).isInFile)
    var filled = large
    filled.withMutableSpan { elements in for index in elements.indices { elements[index] = Float(index % 1000) } }
    #expect(large.maxMagnitude() == 0 && !filled.isInFile)
    let copy = MatrixFiles.keep(in: directory) { filled.gathered(Array(0..<600)) }
    #expect(copy.isInFile && copy == filled)
    // A copy of columns is where the matrix is.
    let some = copy.gathered(Array(0..<500))
    #expect(some.isInFile && some == filled[columns: 0..<500] && !filled.gathered(Array(0..<500)).isInFile)
    let columns = copy[columns: 100..<200]
    #expect(columns.isInFile && columns == filled[columns: 100..<200])
    let files = try FileManager.default.contentsOfDirectory(atPath: directory)
    #expect(files.isEmpty)
  }
}

@Test("The threads of a task decide by themselves where their matrices are")
func matrixFilesOfThread() throws {
  try withDirectory { directory in
    let areInFiles = MatrixFiles.keep(in: directory) {
      Team(workers: 2).map(2) { _ in
        MatrixFiles.keep(in: directory) { Matrix<Double>(rows: 512, columns: 600).isInFile }
      }
    }
    #expect(areInFiles == [true, true])
    #expect(MatrixFiles.keep(in: directory) { MatrixFiles.room } > 0)
    #expect(MatrixFiles.keep(in: directory + "/none") { MatrixFiles.room } == 0)
  }
}

@Test("A matrix for which a directory has no room ends the program with a line")
func matrixFilesWithoutRoom() async {
  let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    _ = MatrixFiles.keep(in: "/proc/none") { Matrix<Float>(rows: 1024, columns: 1024) }
  }
  let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  #expect(message.contains("out of memory: cannot allocate 1048576 elements of Float"), "\(message)")
}
