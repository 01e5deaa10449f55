import PerceptronDatasets
import Tensor
import Testing

/// Images of one blot each, away from the edges.
private func blots(_ count: Int, size: Int = 28) -> Samples<Float> {
  var features = Matrix<Float>(rows: size * size, columns: count)
  for sample in 0..<count {
    for y in size / 4..<3 * size / 4 {
      for x in size / 4 + sample % 3..<3 * size / 4 { features[y * size + x, sample] = 1 }
    }
  }
  return Samples(features: features, targets: Matrix(rows: 1, columns: count))
}

/// The form of one image, given as rows of pixels.
private func deformed(_ rows: [[Double]], _ augmentation: Augmentation, sample: Int = 0, epoch: Int = 0) -> [[Double]] {
  let width = rows[0].count
  let features = Matrix(rows: rows.count * width, columns: 1, columnMajor: rows.flatMap(\.self))
  let all = Samples(
    features: features.gathered([Int](repeating: 0, count: sample + 1)), targets: Matrix(rows: 1, columns: sample + 1))
  let pixels = augmentation.applied(to: all, epoch: epoch).features[columns: sample..<sample + 1].elements
  return stride(from: 0, to: pixels.count, by: width).map { Array(pixels[$0..<$0 + width]) }
}

/// The sum of an image's pixels, and their middle.
private func moments(_ image: [[Double]]) -> (sum: Double, x: Double, y: Double) {
  var (sum, x, y) = (0.0, 0.0, 0.0)
  for (row, pixels) in image.enumerated() {
    for (column, pixel) in pixels.enumerated() {
      sum += pixel
      x += pixel * Double(column)
      y += pixel * Double(row)
    }
  }
  return (sum, x / sum, y / sum)
}

@Test("With all strengths 0 an image stays as it is, to the bit")
func identity() {
  let samples = blots(3)
  #expect(Augmentation(shape: [28, 28], seed: 1).applied(to: samples, epoch: 4) == samples)
}

@Test("A shift moves pixels by the same distance, between neighbours in proportion")
func shift() {
  let image = [[0, 0, 0, 0, 0], [0, 0, 8, 0, 0], [0, 0, 0, 0, 0.0]]
  let result = deformed(image, Augmentation(shape: [3, 5], seed: 2, shift: 0.2))
  // The blot of 8 is spread over four pixels, whose shares say how far it went: at most 1 to a side and 0.6 up or down.
  let blot = moments(result)
  #expect(abs(blot.sum - 8) < 1e-5)
  var generator = Philox(seed: 2, stream: 1 << 32)
  let x = 2 + 1.0 * (2 * generator.nextUniform() - 1)
  let y = 1 + 0.6 * (2 * generator.nextUniform() - 1)
  #expect(abs(blot.x - x) < 1e-5 && abs(blot.y - y) < 1e-5)
  // The share beyond a whole pixel stands in the next one.
  let (left, top) = (Int(x), Int(y))
  let expected = 8 * (x - Double(left)) * (y - Double(top))
  #expect(abs(result[top + 1][left + 1] - expected) < 1e-4)
}

@Test("Beyond an edge stands what is at the edge")
func edges() {
  let result = deformed([[3, 3], [3, 3]], Augmentation(.elastic, shape: [2, 2], seed: 1))
  #expect(result == [[3, 3], [3, 3]])
}

@Test("A rotation and a scaling keep the middle", arguments: [0, 1, 2, 3])
func middle(sample: Int) {
  var image = [[Double]](repeating: [Double](repeating: 0, count: 9), count: 9)
  image[4][7] = 1
  let augmentation = Augmentation(shape: [9, 9], seed: 1, rotation: 30, scale: 0.3)
  let blot = moments(deformed(image, augmentation, sample: sample))
  // A pixel three places to the right of the middle is turned by up to 30°, and as far away up to 30 %.
  let (x, y) = (blot.x - 4, blot.y - 4)
  let distance = (x * x + y * y).squareRoot()
  #expect(distance > 1.9 && distance < 4.1 && abs(y) < 0.6 * distance)
  #expect(abs(x - 3) + abs(y) > 0.01)
  image[4][7] = 0
  image[4][4] = 1
  #expect(abs(deformed(image, augmentation, sample: sample)[4][4] - 1) < 1e-5)
}

@Test(
  "The ink of an image is about kept, and no pixel leaves the range", arguments: Augmentation.Kind.allCases)
func mass(kind: Augmentation.Kind) {
  let samples = blots(200)
  let result = Augmentation(kind, shape: [28, 28], seed: 3).applied(to: samples, epoch: 0)
  let before = samples.features.columnSums().elements
  let after = result.features.columnSums().elements
  let changes = zip(before, after).map { old, new in abs(new / old - 1) }
  #expect(changes.allSatisfy { $0 < 1 } && changes.contains { $0 > 0.05 })
  let (total, newTotal) = (before.reduce(0, +), after.reduce(0, +))
  #expect(abs(newTotal / total - 1) < 0.1)
  #expect(result.features.elements.allSatisfy { (0...1).contains($0) })
}

@Test("The bits depend on seed, epoch and sample alone", arguments: Augmentation.Kind.allCases)
func sameBits(kind: Augmentation.Kind) {
  let samples = blots(30)
  let augmentation = Augmentation(kind, shape: [28, 28], seed: 7)
  let once = augmentation.applied(to: samples, epoch: 2)
  for workers in [2, 3, 8] {
    #expect(augmentation.applied(to: samples, epoch: 2, team: Team(workers: workers)) == once)
  }
  // A sample's form does not depend on which others there are.
  #expect(augmentation.applied(to: samples.gathered(0..<11), epoch: 2).features == once.features[columns: 0..<11])
  #expect(augmentation.applied(to: samples, epoch: 3) != once)
  #expect(Augmentation(kind, shape: [28, 28], seed: 8).applied(to: samples, epoch: 2) != once)
  // Samples 0 and 3 are the same image.
  #expect(samples.features[columns: 0..<1] == samples.features[columns: 3..<4])
  #expect(once.features[columns: 0..<1] != once.features[columns: 3..<4])
}

@Test("Both precisions get the same deformation")
func precisions() {
  let samples = blots(4)
  let double = Samples<Double>(
    features: Matrix(rows: 784, columns: 4, columnMajor: samples.features.elements.map { Double($0) }),
    targets: Matrix(rows: 1, columns: 4))
  let augmentation = Augmentation(.elastic, shape: [28, 28], seed: 7)
  let narrow = augmentation.applied(to: samples, epoch: 0).features.elements
  let wide = augmentation.applied(to: double, epoch: 0).features.elements
  #expect(zip(narrow, wide).allSatisfy { abs(Double($0) - $1) < 1e-6 })
}

@Test("An elastic field is smooth: neighbouring pixels move alike")
func smoothness() {
  // An image whose value is the horizontal place shows where each pixel came from.
  let size = 28
  let features = Matrix<Double>(rows: size * size, columns: 1, columnMajor: (0..<size * size).map { Double($0 % size) })
  let augmentation = Augmentation(shape: [size, size], seed: 1, elasticity: 34, smoothing: 4)
  let result = augmentation.applied(to: Samples(features: features, targets: Matrix(rows: 1, columns: 1)), epoch: 0)
  let moves = (0..<size * size).map { result.features[$0, 0] - Double($0 % size) }
  #expect(moves.contains { abs($0) > 1 } && moves.allSatisfy { abs($0) < 8 })
  for y in 0..<size { for x in 1..<size { #expect(abs(moves[y * size + x] - moves[y * size + x - 1]) <= 1) } }
}

@Test("All planes of an image are deformed alike")
func planes() {
  let one = blots(2)
  let two = Samples(
    features: Matrix(
      rows: 2 * 784, columns: 2,
      columnMajor: (0..<2).flatMap { sample in
        let plane = one.features[columns: sample..<sample + 1].elements
        return plane + plane
      }), targets: one.targets)
  let result = Augmentation(.elastic, shape: [2, 28, 28], seed: 1).applied(to: two, epoch: 0).features.elements
  #expect(result[0..<784] == result[784..<1568])
  let plain = Augmentation(.elastic, shape: [28, 28], seed: 1).applied(to: one, epoch: 0).features.elements
  #expect(Array(result[0..<784]) == Array(plain[0..<784]))
}

@Test(
  "Images of any size are deformed within their memory", arguments: [[1, 1], [1, 40], [40, 1], [5, 9], [33, 17]])
func sizes(shape: [Int]) {
  let count = shape[0] * shape[1]
  let samples = Samples(
    features: Matrix<Double>(rows: count, columns: 3, repeating: 0.25), targets: Matrix(rows: 1, columns: 3))
  let result = Augmentation(.elastic, shape: shape, seed: 1).applied(to: samples, epoch: 0)
  #expect(result.features.elements.allSatisfy { abs($0 - 0.25) < 1e-12 })
}
