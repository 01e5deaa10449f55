import PerceptronDatasets
import PerceptronLayers
import PerceptronModelFiles
import Tensor
import Testing

private func model<Scalar: BLASScalar>(
  _ inputs: Preparation.Inputs, _ inputScaling: Scaling, targets: Scaling,
  missing: MissingSpellings = MissingSpellings(),
  _: Scalar.Type = Float.self
) -> TrainedModel<Scalar> {
  let preparation = Preparation(
    inputs: inputs, inputScaling: inputScaling,
    outputs: .values(columns: (0..<targets.offsets.count).map { "y\($0)" }, scaling: targets), missing: missing)
  return TrainedModel(
    network: Network([Dense(preparation.inputCount, preparation.outputCount, .identity)]), loss: .meanSquaredError,
    preparation: preparation)
}

private func standard(_ offsets: [Double], _ factors: [Double]) -> Scaling {
  Scaling(method: .standard, offsets: offsets, factors: factors)
}

private let columns = Preparation.Inputs.columns(["a", "b"].map { .number(name: $0, mean: 0) })
private let usual = standard([50, -2], [1, 1])
private let (float, double, string) = (1, 11, 8)

@Test("A graph in single precision takes numbers as double if one of them is too far from 0")
func inputTypes() {
  func types(_ scaling: Scaling) -> [Int] {
    model(columns, scaling, targets: usual).onnx().graph.inputs.map(\.dataType)
  }
  #expect(types(usual) == [float])
  // 2⁻²⁴ · 167 is less than 10⁻⁵, 2⁻²⁴ · 168 is more; the sign and the unit do not matter.
  #expect(types(standard([167, 0], [1, 1])) == [float] && types(standard([168, 0], [1, 1])) == [double])
  #expect(
    types(standard([0, -1.7e9], [1, 1.0 / 30])) == [double] && types(standard([0, -1.7e9], [1, 1e-8])) == [float])
  #expect(types(standard([0, 0], [1e-40, 1])) == [double] && types(standard([0, 0], [1, 1e40])) == [double])
  #expect(types(.unscaled(2)) == [float])
  func quantiles(_ values: [Double]) -> Scaling { Scaling([Quantiles(values), Quantiles([0, 1, 2])]) }
  #expect(types(quantiles([0.1, 0.2, 0.3])) == [float] && types(quantiles([1e8, 1e8 + 1, 1e8 + 2])) == [double])
  // Float has 0.5 as it is, so that it stays equal to the quantiles, but not 0.1.
  #expect(types(quantiles([0, 0.5, 0.5, 1])) == [float] && types(quantiles([0, 0.1, 0.1, 1])) == [double])
  #expect(model(columns, standard([0, 1e9], [1, 1]), targets: usual).numbersThatNeedDouble.inputs == ["b"])
}

@Test("A feature without influence may be rounded, a number that stands for a missing one may not")
func otherReasons() {
  let constant = model(columns, standard([1e9, 0], [0, 1]), targets: usual)
  #expect(constant.onnx().graph.inputs.map(\.dataType) == [float])
  func types(_ missing: Set<String>) -> [Int] {
    model(columns, usual, targets: usual, missing: MissingSpellings(additional: missing)).onnx().graph.inputs
      .map(\.dataType)
  }
  #expect(types(["-999", "0.5", "none"]) == [float] && types(["-99.9"]) == [double])
}

@Test(
  "A date of a few years needs double, since a day is a small part of its year, and numbers beside it are double too")
func dates() throws {
  let dates = Preparation.Inputs.columns([
    .number(name: "a", mean: 0),
    .date(name: "day", format: try #require(DateFormat("Y-M-D")), means: [2024, 6, 3]), .number(name: "b", mean: 0),
  ])
  let centuries = model(dates, standard([0, 1900, 6, 3, 0], [1, 0.02, 0.3, 0.5, 1]), targets: usual)
  #expect(centuries.numbersThatNeedDouble.inputs.isEmpty)
  #expect(centuries.onnx().graph.inputs.map(\.dataType) == Array(repeating: float, count: 5))
  let years = model(dates, standard([0, 2024, 6, 3, 0], [1, 0.5, 0.3, 0.5, 1]), targets: usual)
  #expect(years.numbersThatNeedDouble.inputs == ["day"])
  #expect(years.onnx().graph.inputs.map(\.dataType) == Array(repeating: double, count: 5))
  let beside = model(dates, standard([0, 1900, 6, 3, 1e9], [1, 0.02, 0.3, 0.5, 1]), targets: usual)
  #expect(beside.numbersThatNeedDouble.inputs == ["b"])
}

@Test("Texts stay texts beside numbers as double, and a graph in double precision is as it was")
func otherInputTypes() {
  let mixed = Preparation.Inputs.columns([
    .number(name: "a", mean: 0), .category(name: "c", values: ["x", "y"]), .number(name: "b", mean: 0),
  ])
  let far = model(mixed, standard([0, 1e9], [1, 1]), targets: usual)
  #expect(far.onnx().graph.inputs.map(\.dataType) == [double, string, double])
  #expect(far.numbersThatNeedDouble.inputs == ["b"])
  let exact = model(columns, standard([0, 1e9], [1, 1]), targets: standard([1e9], [1]), Double.self)
  #expect(exact.numbersThatNeedDouble.inputs.isEmpty && exact.numbersThatNeedDouble.outputs.isEmpty)
  #expect(exact.onnx().graph.inputs.map(\.dataType) == [double])
}

@Test("A graph in single precision gives values as double if one of them is too far from 0")
func outputTypes() {
  let (near, far) = (
    model(columns, usual, targets: usual), model(columns, usual, targets: standard([0, 2_460_000], [1, 0.01]))
  )
  #expect(near.onnx().graph.outputs.map(\.dataType) == [float] && near.numbersThatNeedDouble.outputs.isEmpty)
  #expect(far.onnx().graph.outputs.map(\.dataType) == [double] && far.numbersThatNeedDouble.outputs == ["y1"])
  #expect(far.onnx().graph.inputs.map(\.dataType) == [float])
}
