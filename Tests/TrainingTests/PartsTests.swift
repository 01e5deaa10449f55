import Testing

@testable import PerceptronTraining

@Suite("Parts of an epoch")
struct PartsTests {
  @Test("The last batch has at least an eighth of the others, and the parts are as many as counted")
  func batches() {
    for isNormalized in [false, true] {
      for size in [2, 3, 8, 20, 64, 256] {
        let batches = Parts.batches(of: size, isNormalized: isNormalized)
        for count in 1...3 * size + 1 {
          var (left, parts) = (Array(0..<count)[...], [ArraySlice<Int>]())
          while !left.isEmpty {
            parts.append(batches.first(left))
            left = left[parts.last!.endIndex...]
          }
          #expect(parts.flatMap { $0 } == Array(0..<count))
          #expect(parts.count == batches.count(of: count))
          #expect(parts.dropLast().allSatisfy { $0.count == size })
          #expect(parts.last!.count <= batches.most)
          #expect(parts.count == 1 || parts.last!.count >= max(size / 8, isNormalized ? max(2, min(size / 4, 16)) : 1))
        }
      }
    }
  }

  @Test("A rest of fewer samples joins the batch before it")
  func rest() {
    #expect(Parts.batches(of: 256).count(of: 513) == 2)
    #expect(Parts.batches(of: 256).count(of: 2 * 256 + 32) == 3)
    #expect(Parts.batches(of: 256, isNormalized: true).first(Array(0..<300)[...]).count == 256)
    #expect(Parts.batches(of: 32, isNormalized: true).first(Array(0..<39)[...]).count == 39)
    #expect(Parts.batches(of: 32).first(Array(0..<39)[...]).count == 32)
  }
}
