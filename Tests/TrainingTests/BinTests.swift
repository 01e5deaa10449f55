import PerceptronDatasets
import PerceptronLayers
import PerceptronTraining
import Tensor
import Testing

/// 400 samples of a number with ties and of a constant, and a target with steps; or one of three classes.
private func samples(classes: Bool = false) -> Samples<Float> {
  let x = (0..<400).map { Float($0 * 37 % 400 / 2) / 4 }
  let noise = (0..<400).map { Float($0 * $0 * 7 % 101) / 101 }
  var features = Matrix<Float>(rows: 2, columns: 400, repeating: 3)
  for (index, value) in x.enumerated() { features[0, index] = value }
  let values = zip(x, noise).map { x, noise in
    (x < 10 ? 0 : x < 22 ? 2 : 1) + (x > 30 ? noise : 0) + (x > 40 ? x / 8 : 0)
  }
  let labels = (0..<400).map { noise[$0] < 0.2 ? $0 % 3 : x[$0] < 12 ? 0 : x[$0] < 33 ? 1 : 2 }
  return Samples(
    features: features,
    targets: classes ? oneHot(labels, classes: 3) : Matrix(rows: 1, columns: 400, columnMajor: values))
}

// From scikit-learn 1.9: DecisionTreeRegressor and DecisionTreeClassifier with max_leaf_nodes, min_samples_leaf = 7 and
// min_impurity_decrease = 1e-4.
private let trees: [(bins: Int, classes: Bool, thresholds: [Double])] = [
  (4, false, [9.875, 21.875, 40.125]), (4, true, [11.875, 32.625, 34.625]),
  (
    12, false,
    [9.875, 21.875, 30.125, 32.375, 35.875, 37.375, 40.125, 42.875, 44.375, 46.875, 48.875]
  ),
  (
    12, true, [11.875, 13.625, 14.875, 16.375, 17.375, 32.625, 33.625, 34.625, 35.625, 47.625, 48.875]
  ),
  (
    48, false,
    [
      9.875, 21.875, 30.125, 32.375, 33.875, 35.875, 37.375, 40.125, 42.875, 44.375, 45.875, 46.875, 48.875,
    ]
  ),
  (
    48, true,
    [
      0.875, 2.375, 3.625, 4.625, 6.125, 7.125, 8.625, 9.625, 11.875, 13.625, 14.875, 16.375, 17.375, 18.875, 21.625,
      22.625, 24.125, 25.625, 27.125, 28.375, 29.875, 30.875, 32.625, 33.625, 34.625, 35.625, 37.625, 38.625, 39.875,
      41.125, 42.875, 45.625, 46.625, 47.625, 48.875,
    ]
  ),
]

@Test("Bins of trees have the thresholds that scikit-learn's trees have", arguments: trees.indices)
func treeBins(index: Int) {
  let (bins, classes, thresholds) = trees[index]
  let fit = BinFit(samples(classes: classes), count: bins, usesTargets: true)
  #expect(fit.edges(ofFeature: 0) == [0] + thresholds + [49.75])
  #expect(fit.edges(ofFeature: 1) == [3])
}

@Test("Bins of quantiles are between those that NumPy has, and equal ones are one")
func quantileBins() {
  #expect(
    BinFit(samples(), count: 4, usesTargets: false).edges(ofFeature: 0) == [0, 12.4375, 24.875, 37.3125, 49.75])
  let edges = BinFit(samples(), count: 7, usesTargets: false).edges(ofFeature: 0)
  #expect(zip(edges, [0, 7, 14.25, 21.25, 28.5, 35.5, 42.75, 49.75]).allSatisfy { abs($0 - $1) < 1e-12 })
  #expect(BinFit(samples(), count: 48, usesTargets: false).edges(ofFeature: 1) == [3])
  let few = Samples<Double>(features: [[1, 1, 1, 1, 2, 5]], targets: [[0, 0, 0, 0, 0, 0]])
  #expect(BinFit(few, count: 10, usesTargets: false).edges(ofFeature: 0).prefix(2) == [1, 1.5])
  #expect(BinFit(few, count: 10, usesTargets: true).edges(ofFeature: 0) == [1, 5])
  let one = Samples<Double>(features: [[7]], targets: [[1]])
  #expect(BinFit(one, count: 10, usesTargets: true).edges(ofFeature: 0) == [7])
}

@Test("A recipe's bins are those of the samples of its network, and a constant number stays as it is")
func recipeBins() {
  let preparation = Preparation(
    inputs: .columns([.number(name: "a", mean: 0), .number(name: "b", mean: 0)]), inputScaling: .unscaled(2),
    outputs: .values(columns: ["y"], scaling: .unscaled(1)))
  var recipe = Recipe.table(.regression, sampleCount: 400)
  #expect(recipe.bins == 48)
  (recipe.encoding, recipe.bins, recipe.hidden) = (.quantileBins, 4, [5])
  let all: Network<Float> = recipe.network(for: preparation, fittedOn: samples(), output: .identity, seed: 1)
  #expect(
    all.embedding == Embedding(2, numbers: [0], encoding: .pieces(edges: [[0, 12.4375, 24.875, 37.3125, 49.75]])))
  // As in a cross-validation.
  let part = samples().gathered((0..<400).filter { samples().features[0, $0] <= 20 })
  let own: Network<Float> = recipe.network(for: preparation, fittedOn: part, output: .identity, seed: 1)
  #expect(own.embedding == Embedding(2, numbers: [0], encoding: .pieces(edges: [[0, 5, 10, 15, 20]])))
  let constant = samples().gathered([0, 200])
  recipe.encoding = .treeBins
  let none: Network<Float> = recipe.network(
    for: preparation, fittedOn: Samples(features: [[3, 3], [1, 1]], targets: constant.targets), output: .identity,
    seed: 1)
  #expect(none.embedding?.numbers == [] && none.embedding?.outputSize == 2)
}

@Test("A training with bins has the same bits for any number of threads, and after a checkpoint")
func binBits() throws {
  let preparation = Preparation(
    inputs: .columns([.number(name: "a", mean: 0), .number(name: "b", mean: 0)]), inputScaling: .unscaled(2),
    outputs: .values(columns: ["y"], scaling: .unscaled(1)))
  var recipe = Recipe.table(.regression, sampleCount: 400, epochs: 40)
  (recipe.encoding, recipe.hidden) = (.treeBins, [200])
  func trainer(_ workers: Int) -> Trainer<Float> {
    let network: Network<Float> = recipe.network(for: preparation, fittedOn: samples(), output: .identity, seed: 1)
    return recipe.trainer(of: network, loss: .meanSquaredError, seed: 1, team: Team(workers: workers))
  }
  var whole = trainer(1)
  try whole.fit(on: samples(), epochs: 40)
  for workers in [2, 3] {
    var parts = trainer(workers)
    try parts.fit(on: samples(), epochs: 17)
    var rest = trainer(workers)
    try rest.restore(Checkpoint(parts))
    try rest.fit(on: samples(), epochs: 40)
    #expect(rest.network.parameters == whole.network.parameters, "\(workers)")
  }
  recipe.bins = 3
  var other = trainer(1)
  #expect(throws: (any Error).self) { try other.restore(Checkpoint(whole)) }
}
