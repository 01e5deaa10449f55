import PerceptronDatasets

// The preparation as nodes. Numbers are scaled in double precision, whatever the network's precision, as in Scaling.

extension ONNXGraphBuilder {
  /// Declares the graph's inputs and returns the scaled features, samples × features, in the given type.
  ///
  /// A date column has one input for each of its numbers.
  mutating func features(_ preparation: Preparation, _ type: ONNXTensor.DataType) -> String {
    let encoders = preparation.encoders
    let numberType = preparation.inputsThatNeedDouble.isEmpty ? type : .double
    guard case .columns = preparation.inputs else {
      let pixels = input("input", numberType, preparation.inputCount)
      guard !preparation.inputScaling.isIdentity else { return pixels }
      return scaled(pixels, means: nil, encoders.flatMap(\.scales), preparation.missing, numberType, type)
    }
    guard encoders.contains(where: { !$0.isNumber }) else {
      let numbers = input("input", numberType, encoders.count)
      return scaled(
        numbers, means: encoders.flatMap(\.column.means), encoders.flatMap(\.scales), preparation.missing, numberType,
        type)
    }
    // This comes first, so that the inputs get the columns' names.
    let inputs = encoders.enumerated().map { index, encoder in
      let name = encoder.column.name.isEmpty ? "column \(index + 1)" : encoder.column.name
      return switch encoder.column {
      case .number: [input(name, numberType, 1)]
      case .category: [input(name, .string, 1)]
      case .date(_, let format, _, _): format.parts.map { input("\(name) \($0)", numberType, 1) }
      }
    }
    var parts: [String] = []
    var index = 0
    while index < encoders.count {
      if case .category(_, let values, let gathersOthers) = encoders[index].column {
        parts.append(
          oneHot(
            inputs[index][0], values, gathersOthers, isConstant: encoders[index].isConstantCategory,
            preparation.missing,
            type))
        index += 1
        continue
      }
      // Adjacent number columns are scaled together.
      let end = encoders[index...].firstIndex { $0.scales.isEmpty } ?? encoders.count
      let run = inputs[index..<end].flatMap(\.self)
      let numbers = run.count == 1 ? run[0] : node("Concat", run, ["axis": .int(1)])
      parts.append(
        scaled(
          numbers, means: encoders[index..<end].flatMap(\.column.means), encoders[index..<end].flatMap(\.scales),
          preparation.missing, numberType, type))
      index = end
    }
    return parts.count == 1 ? parts[0] : node("Concat", parts, ["axis": .int(1)])
  }

  /// Returns numbers, samples × features, after missing values are replaced by the means and all are scaled.
  private mutating func scaled(
    _ numbers: String, means: [Double]?, _ scales: [FeatureScale], _ missing: MissingSpellings,
    _ numberType: ONNXTensor.DataType, _ type: ONNXTensor.DataType
  ) -> String {
    let count = scales.count
    var value = numberType == .float ? cast(numbers, to: .double) : numbers
    // A missing number that nothing replaces stays NaN, and so becomes the answer.
    if let means, means.contains(where: { !$0.isNaN }) {
      let means = constant(ONNXTensor("means", .double, [1, count], means))
      var isMissing = node("IsNaN", [value])
      for number in missing.numbers.sorted() {
        let number = constant(ONNXTensor("missing", .double, [], [number]))
        isMissing = node("Or", [isMissing, node("Equal", [value, number])])
      }
      value = node("Where", [isMissing, means, value])
    }
    if scales.contains(where: { $0.quantiles != nil }) {
      value = normal(share(of: value, scales.map { $0.quantiles! }))
    } else if scales.contains(where: { $0.offset != 0 || $0.factor != 1 }) {
      value = node("Sub", [value, constant(ONNXTensor("offsets", .double, [1, count], scales.map(\.offset)))])
      value = node("Mul", [value, constant(ONNXTensor("factors", .double, [1, count], scales.map(\.factor)))])
    }
    if scales.contains(where: \.isClipped) { value = smoothlyClipped(value) }
    return type == .float ? cast(value, to: .float) : value
  }

  /// y / √(1 + (y / 3)²). Numbers that are so far that their squares could overflow are cut first.
  private mutating func smoothlyClipped(_ value: String) -> String {
    func number(_ name: String, _ value: Double) -> ONNXTensor { ONNXTensor(name, .double, [], [value]) }
    let cut = node("Clip", [value, constant(number("lowest", -1e9)), constant(number("highest", 1e9))])
    let third = node("Div", [cut, constant(number("three", 3))])
    let sum = node("Add", [node("Mul", [third, third]), constant(number("one", 1))])
    return node("Div", [cut, node("Sqrt", [sum])])
  }

  /// Returns one feature for each of the strings: 1 for the string that is present. A missing value in a table is the
  /// string "" if the list contains it. Spaces at either end of a string are ignored.
  private mutating func oneHot(
    _ text: String, _ values: [String], _ gathersOthers: Bool, isConstant: Bool, _ missing: MissingSpellings,
    _ type: ONNXTensor.DataType
  ) -> String {
    var codes: [String: Int] = [:]
    let areTruthValues = values.areTruthValues
    for (code, value) in values.enumerated() {
      let spellings =
        areTruthValues ? [value, value.lowercased(), value.uppercased(), value.lowercased().capitalized] : [value]
      for spelling in spellings where codes[spelling] == nil { codes[spelling] = code }
    }
    let spellings = Set(missing.spellings)
    // Without a category of their own, missing values have no feature, not even the feature for other strings.
    let code = values.firstIndex(of: "") ?? -1
    for name in spellings where codes[name] == nil && (code >= 0 || gathersOthers) { codes[name] = code }
    for (key, code) in codes {
      for spaced in [" " + key, key + " ", " " + key + " "] where codes[spaced] == nil { codes[spaced] = code }
    }
    let keys = codes.keys.sorted()
    let encoded = node(
      "LabelEncoder", [text],
      [
        "keys_strings": .strings(keys), "values_int64s": .ints(keys.map { codes[$0]! }),
        "default_int64": .int(gathersOthers ? values.count : -1),
      ],
      domain: "ai.onnx.ml")
    let count = values.count + (gathersOthers ? 1 : 0)
    // A constant column's only string has no feature of its own, so no code equals it.
    let all = constant(ONNXTensor("codes", [1, count], isConstant ? [-2] : Array(0..<count)))
    return cast(node("Equal", [encoded, all]), to: type)
  }
}

extension ColumnEncoder {
  fileprivate var isNumber: Bool { if case .number = column { true } else { false } }
}

extension String {
  fileprivate var capitalized: String { prefix(1).uppercased() + dropFirst() }
}

// MARK: - Quantiles

extension ONNXGraphBuilder {
  /// The share of the training data below each number, as defined by Quantiles: the sum over neighbouring quantiles v
  /// and w
  ///
  ///     share = Σ clip((x − v) g + h, 0, 1) / (quantiles − 1)
  ///
  /// with g = 1 / (w − v) and h = 0. If v = w, g is so large that the term is a step from 0 to 1, and x = v gets h: ½,
  /// so that it is in the middle of equal quantiles; 0 if they are the first, and 1 if they are the last.
  private mutating func share(of numbers: String, _ quantiles: [Quantiles]) -> String {
    let intervals = max(1, quantiles.map { $0.values.count - 1 }.max() ?? 1)
    var (starts, slopes, shifts) = ([Double](), [Double](), [Double]())
    var (factors, summands) = ([Double](), [Double]())
    for feature in quantiles {
      let values = feature.values
      let (first, last) = (values[0], values[values.count - 1])
      for (v, w) in zip(values, values.dropFirst()) {
        starts.append(v)
        slopes.append(min(1 / (w - v), 1e300))
        shifts.append(v < w || v == first ? 0 : v == last ? 1 : 0.5)
      }
      let padding = [Double](repeating: 0, count: intervals - (values.count - 1))
      starts += padding
      slopes += padding
      shifts += padding
      // A constant feature is mapped to the middle, whatever its value.
      factors.append(first < last ? 1 / Double(values.count - 1) : 0)
      summands.append(first < last ? 0 : 0.5)
    }
    let shape = [1, quantiles.count, intervals]
    let axis = constant(ONNXTensor("last axis", [1], [2]))
    var value = node("Unsqueeze", [numbers, axis])
    value = node("Sub", [value, constant(ONNXTensor("quantiles", .double, shape, starts))])
    value = node("Mul", [value, constant(ONNXTensor("quantile slopes", .double, shape, slopes))])
    value = node("Add", [value, constant(ONNXTensor("quantile shifts", .double, shape, shifts))])
    value = node("Clip", [value, number(0), number(1)])
    value = node("ReduceSum", [value, axis], ["keepdims": .int(0)])
    let features = [1, quantiles.count]
    value = node("Mul", [value, constant(ONNXTensor("share factors", .double, features, factors))])
    return node("Add", [value, constant(ONNXTensor("share summands", .double, features, summands))])
  }

  /// Φ⁻¹(p) to about seven digits, with p kept between 10⁻⁷ and 1 − 10⁻⁷. Two rational functions are used: one of
  /// 0.180625 − … near the middle, one of √(−log p) elsewhere (Wichura 1988, algorithm AS 241, PPND7, without the
  /// branch for p below 10⁻¹¹).
  private mutating func normal(_ share: String) -> String {
    let p = node("Clip", [share, number(1e-7), number(1 - 1e-7)])
    let q = node("Sub", [p, number(0.5)])
    let square = node("Sub", [number(0.180625), node("Mul", [q, q])])
    let middle = node(
      "Div",
      [
        node("Mul", [q, polynomial(square, [59.109374720, 159.29113202, 50.434271938, 3.3871327179])]),
        polynomial(square, [67.187563600, 78.757757664, 17.895169469, 1]),
      ])
    let tail = node("Min", [p, node("Sub", [number(1), p])])
    let root = node("Sqrt", [node("Neg", [node("Log", [tail])])])
    let r = node("Sub", [root, number(1.6)])
    let outside = node(
      "Div",
      [
        polynomial(r, [0.17023821103, 1.3067284816, 2.7568153900, 1.4234372777]),
        polynomial(r, [0.12021132975, 0.73700164250, 1]),
      ])
    let isCentral = node("LessOrEqual", [node("Abs", [q]), number(0.425)])
    return node("Where", [isCentral, middle, node("Mul", [node("Sign", [q]), outside])])
  }

  /// Horner's scheme, starting with the coefficient of the highest power.
  private mutating func polynomial(_ x: String, _ coefficients: [Double]) -> String {
    var value = number(coefficients[0])
    for coefficient in coefficients.dropFirst() {
      value = node("Add", [node("Mul", [value, x]), number(coefficient)])
    }
    return value
  }

  private mutating func number(_ value: Double) -> String { constant(ONNXTensor("constant", .double, [], [value])) }
}
