import Foundation
import PerceptronDatasets
import Tensor
import Testing

@Test("A table in files gives the same samples as one in memory", arguments: [nil, Array(0..<30_000)])
func tableInFiles(rows: [Int]?) throws {
  let directory = "/tmp/perceptron-\(UInt64.random(in: 0 ... .max))"
  try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
  defer { try? FileManager.default.removeItem(atPath: directory) }
  var generator = Philox(seed: 1)
  var text = "a,b,c,d,kind,late,day,y\n"
  for row in 0..<40_000 {
    let numbers = (0..<4).map { _ in String(Int(generator.nextUniform() * 1e6)) }
    let missing = row % 101 == 0 ? "" : numbers[0]
    text += "\(missing),\(numbers[1]),\(numbers[2]),7,\("xyz".randomElement(using: &generator)!),"
    text += "\(row == 39_000 ? "often" : String(row % 5)),2026-0\(row % 9 + 1)-11,\(numbers[3])\n"
  }
  func samples() throws -> (Preparation, Samples<Float>) {
    let table = try Table(Array(text.utf8), path: "t.csv", partSize: 1 << 14, pieceSize: 1 << 18)
    let preparation = try Preparation(fittedOn: table, samples: rows, scaling: .smoothClip, team: Team(workers: 2))
    return (preparation, try preparation.samples(of: table, team: Team(workers: 2)))
  }
  let (preparation, inMemory) = try samples()
  let (other, inFiles) = try MatrixFiles.keep(in: directory, samples)
  #expect(preparation == other && preparation.inputCount > 10)
  #expect(inFiles.features.isInFile && !inMemory.features.isInFile)
  #expect((inFiles == inMemory) == true)

  // Parts of an epoch have the samples in the order of the indices, and the weights that they have among all.
  let weights = Matrix<Float>(rows: 1, columns: 40_000, columnMajor: (0..<40_000).map { Float($0 % 3) })
  let all = Samples(features: inFiles.features, targets: inFiles.targets, weights: weights)
  let indices = [39_999, 0, 17, 16, 39_999, 20_000]
  let part = all.copied(indices[1...], takers: []).samples
  let expected = all.gathered(indices[1...])
  #expect(part.features == expected.features && part.targets == expected.targets)
  #expect(part.relativeWeights == all.relativeWeights?.gathered(Array(indices[1...])))
  #expect(part.wholeCount == 40_000 && part.count == 5 && part.featureBound == all.featureBound)
}
