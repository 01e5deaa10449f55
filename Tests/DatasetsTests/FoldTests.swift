import PerceptronDatasets
import Tensor
import Testing

/// Traps in `#expect` are avoided by comparing whole values.
private func checkCover(_ splits: [Split], _ count: Int) {
  #expect(splits.flatMap(\.validation).sorted() == Array(0..<count))
  for split in splits { #expect((split.training + split.validation).sorted() == Array(0..<count)) }
}

@Test(
  "Stratified folds hold each sample once, have equal sizes, and the same share of each class", arguments: [2, 5, 7])
func stratifiedFolds(count: Int) {
  var generator = Philox(seed: 3)
  // 70 of class 0, 21 of class 1 and 9 of class 2.
  let classes = (0..<100).map { $0 % 10 < 7 ? 0.0 : $0 % 10 < 9 || $0 == 9 ? 1 : 2 }
  let splits = Split.folds(count, stratifiedBy: classes, using: &generator)
  #expect(splits.count == count)
  checkCover(splits, 100)
  for split in splits {
    #expect(abs(split.validation.count - 100 / count) <= 1)
    for one in [0.0, 1, 2] {
      let (all, here) = (classes.count { $0 == one }, split.validation.count { classes[$0] == one })
      #expect(abs(Double(here) - Double(all) / Double(count)) < 2)
    }
  }
}

@Test("A validation part is divided into parts of the same distribution, each of which the others learn from")
func dividedValidation() {
  // A fifth of 110 samples, of which 15 are of the rare class.
  let classes = (0..<110).map { $0 < 15 ? 1.0 : 0 }
  for seed in 0..<10 as Range<UInt64> {
    var generator = Philox(seed: seed)
    let fifth = Split.folds(5, stratifiedBy: classes, using: &generator)[0]
    var other = Philox(seed: seed)
    #expect(Split.firstFold(of: 5, stratifiedBy: classes, using: &other) == fifth && other == generator)
    let parts = fifth.divided(among: 4, stratifiedBy: classes, using: &generator)
    #expect(parts.map(\.validation.count).sorted() == [5, 5, 6, 6])
    #expect(parts.flatMap(\.validation).sorted() == fifth.validation)
    #expect((2...4).contains(fifth.validation.count { classes[$0] == 1 }))
    for part in parts {
      #expect((part.training + part.validation).sorted() == Array(0..<110))
      #expect(part.validation.count { classes[$0] == 1 } <= 2 && part.training == part.training.sorted())
    }
  }
}

@Test("Folds of numbers have similar means, and depend on the seed alone")
func foldsOfNumbers() {
  let values = (0..<200).map { Double($0 * 37 % 200) }
  func folds(_ seed: UInt64) -> [Split] {
    var generator = Philox(seed: seed)
    return Split.folds(4, stratifiedBy: values, using: &generator)
  }
  checkCover(folds(1), 200)
  for split in folds(1) {
    let mean = split.validation.reduce(0) { $0 + values[$1] } / Double(split.validation.count)
    #expect(abs(mean - 99.5) < 3)
  }
  #expect(folds(1) == folds(1) && folds(1) != folds(2))
}

@Test("A group is in one fold as a whole, and the folds have similar sizes")
func groupedFolds() {
  // Group g has g + 1 samples.
  let groups = (0..<12).flatMap { group in Array(repeating: group * 7, count: group + 1) }
  let splits = Split.folds(3, groupedBy: groups)
  checkCover(splits, groups.count)
  for split in splits {
    #expect(Set(split.training.map { groups[$0] }).isDisjoint(with: split.validation.map { groups[$0] }))
    #expect(split.validation.count == 26)
  }
}

@Test("Folds in the order of time learn from what was before, and equal times stay together")
func foldsInTime() {
  // Ten samples a day for 12 days, in a mixed order.
  let times = (0..<120).map { Double($0 * 49 % 120 / 10) }
  let splits = Split.folds(3, inOrderOf: times)
  #expect(splits.map(\.validation.count) == [30, 30, 30] && splits.map(\.training.count) == [30, 60, 90])
  for split in splits {
    #expect(split.training.map { times[$0] }.max()! < split.validation.map { times[$0] }.min()!)
  }
  // One day has most of the samples: the blocks are unequal, and none is empty.
  let uneven = Array(repeating: 5.0, count: 50) + [1, 2, 6, 7, 8]
  for split in Split.folds(4, inOrderOf: uneven) {
    #expect(!split.validation.isEmpty)
    #expect(split.training.map { uneven[$0] }.max()! < split.validation.map { uneven[$0] }.min()!)
  }
}
