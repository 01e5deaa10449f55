import FoundationEssentials
import Glibc
import PerceptronDatasets
import PerceptronFiles
import PerceptronLayers
import PerceptronModelFiles
import Tensor
import Testing

private typealias Values = SafeTensors.Tensor

private func tensor(_ name: String, _ shape: [Int], _ values: [Float]) -> Values {
  Values(name: name, shape: shape, values: values)
}

private func network(_ tensors: [Values], _ modules: [SequentialModule]) throws(FileError) -> Network<Float> {
  try Network(SafeTensors(bytes: try! SafeTensors.encode(tensors), path: "n"), modules: modules)
}

/// 2 → 2 with weights of one row each, and a bias.
private let linear = [tensor("0.weight", [2, 2], [1, 2, 3, 4]), tensor("0.bias", [2], [5, 6])]

private let goldenModules: [SequentialModule] = [
  .batchNorm, .linear, .batchNorm, .activation(.relu), .dropout(0.25), .linear, .layerNorm, .activation(.tanh),
  .batchNorm, .linear, .activation(.gelu), .layerNorm, .linear, .activation(.softmax),
]

private func goldenFile() throws -> SafeTensors {
  let data = try #require(Data(base64Encoded: goldenStateDictionary))
  return try SafeTensors(bytes: Array(data), path: "golden")
}

@Test("A state dictionary that PyTorch has saved gives PyTorch's outputs, in both precisions")
func goldenOutputsAreMet() throws {
  func check<Scalar: BLASScalar>(_: Scalar.Type) throws {
    let network = try Network<Scalar>(goldenFile(), modules: goldenModules)
    let inputs = Matrix(rows: 3, columns: 2, columnMajor: goldenInputs.joined().map { Scalar($0) })
    for (output, expected) in zip(network.predict(inputs).elements, goldenOutputs.joined()) {
      #expect(abs(output - Scalar(expected)) < 1e-6)
    }
    // The batch normalisations at the start and after tanh are in the weights; the layer normalisation after GELU has a
    // layer.
    #expect(network.layers.map(\.normalization) == [.batch, .layer, .none, .layer, .none])
    #expect(network.layers.map(\.dropout) == [0.25, 0, 0, 0, 0])
  }
  try check(Float.self)
  try check(Double.self)
}

@Test("A state dictionary is read from its file by one call, and a file that is not there is told")
func fromFile() throws {
  let path = "/tmp/perceptron-\(UInt64.random(in: 0 ... .max)).safetensors"
  defer { unlink(path) }
  try AtomicFile.write(SafeTensors.encode(linear), to: path)
  let read = try Network<Double>(stateDictionary: path, modules: [.linear, .activation(.relu)])
  #expect(read.predict([[1], [-1]]) == [[4], [5]])
  let error = #expect(throws: FileError.self) { try Network<Float>(stateDictionary: "/nowhere/n", modules: [.linear]) }
  #expect(error?.description.hasPrefix("/nowhere/n: cannot be opened: ") == true)
}

@Test(
  "The modules' numbers may have gaps, and all names the same beginning",
  arguments: ["%", "net.%", "model.layers.1%", "a.0.%", "_orig_mod.module.%"])
func names(pattern: String) throws {
  func name(_ rest: String) -> String { pattern.replacing("%", with: rest) }
  let read = try network(
    [
      tensor(name("2.weight"), [1, 2], [1, -1]), tensor(name("12.weight"), [2, 1], [3, 4]),
      tensor(name("12.bias"), [2], [0.5, 0.25]),
    ], [.linear, .activation(.relu), .linear])
  #expect(read.layers == [Dense(2, 1, .relu), Dense(1, 2)])
  // relu(5 − 2) = 3.
  #expect(read.predict([[5], [2]]) == [[9.5], [12.25]])
}

@Test("Modules of nested Sequentials are taken in the order of all numbers, and of a single module in any name")
func nesting() throws {
  let nested = try network(
    [
      tensor("1.0.weight", [1, 1], [10]), tensor("0.10.weight", [1, 1], [2]), tensor("0.10.bias", [1], [1]),
      tensor("0.2.weight", [1, 1], [-1]),
    ], [.linear, .linear, .linear])
  #expect(nested.layers.count == 3)
  // ((−1 · 3) · 2 + 1) · 10.
  #expect(nested.predict([[3]]) == [[-50]])
  for prefix in ["", "fc.", "head.fc."] {
    #expect(try network([tensor(prefix + "weight", [1, 1], [2])], [.linear]).predict([[3]]) == [[6]])
  }
}

@Test("Modules with names are taken in the order of their numbers, of their sizes, or by their names")
func namedModules() throws {
  // 10 comes after 9: (3 · 2 + 1) · 10.
  let numbers = [
    tensor("fc10.weight", [1, 1], [10]), tensor("fc9.weight", [1, 1], [2]), tensor("fc9.bias", [1], [1]),
  ]
  #expect(try network(numbers, [.linear, .activation(.relu), .linear]).predict([[3]]) == [[70]])
  // The head takes what the body gives, and the norm is that of its size.
  let sizes = [
    tensor("head.weight", [1, 3], [1, 1, 1]), tensor("body.weight", [3, 2], [1, 0, 0, 1, 1, 1]),
    tensor("norm.weight", [3], [1, 1, 1]), tensor("norm.bias", [3], [5, 5, 5]),
  ]
  let sized = try network(sizes, [.linear, .layerNorm, .linear])
  #expect(sized.layers == [Dense(2, 3, normalization: .layer), Dense(3, 1)])
  #expect(abs(sized.predict([[1], [2]])[0, 0] - 15) < 1e-4)
  // Both fit the PReLU and the norm.
  let slopes = [
    tensor("fc1.weight", [2, 1], [1, 1]), tensor("relu.weight", [2], [1, 1]), tensor("norm.weight", [2], [1, 1]),
    tensor("fc2.weight", [1, 2], [1, 1]),
  ]
  let error = #expect(throws: FileError.self) { try network(slopes, [.linear, .prelu, .rmsNorm, .linear]) }
  #expect(error?.description.contains("which of \"norm\", \"relu\" is module 1 is not clear") == true)
  #expect(throws: Never.self) {
    try network(slopes, [.linear, .prelu.named("relu"), .rmsNorm, .linear])
  }
  let same = [tensor("net.out.weight", [1, 1], [10]), tensor("net.in.weight", [1, 1], [-1])]
  let list: [SequentialModule] = [.linear.named("in"), .activation(.relu), .linear.named("net.out")]
  #expect(try network(same, list).predict([[-3]]) == [[30]])
}

@Test("Another epsilon, slopes and bounds are those that the list gives")
func moduleParameters() throws {
  let norm = [
    tensor("0.weight", [1, 1], [1]), tensor("1.running_mean", [1], [1]), tensor("1.running_var", [1], [3]),
  ]
  // (5 − 1) / √(3 + 1)
  let batch = try network(norm, [.linear, .normalization(.batch, epsilon: 1)])
  #expect(abs(batch.predict([[5]])[0, 0] - 2) < 1e-6)
  let layer = try network(
    [tensor("0.weight", [2, 1], [1, -1])], [.linear, .normalization(.layer, epsilon: 3)])
  // 1 / √(1 + 3)
  #expect(abs(layer.predict([[1]])[0, 0] - 0.5) < 1e-6)
  let one = [tensor("0.weight", [2, 1], [1, -1])]
  func values(_ module: SequentialModule, _ more: [Values] = []) throws -> [Float] {
    try network(one + more, [.linear, module]).predict([[2]]).elements
  }
  #expect(try zip(values(.leakyReLU(slope: 0.25)), [2, -0.5]).allSatisfy { abs($0 - $1) < 1e-6 })
  #expect(try zip(values(.elu(alpha: 0.5)), [2, 0.5 * (exp(-2) - 1)]).allSatisfy { abs($0 - $1) < 1e-6 })
  #expect(try values(.clip(-0.5...1)) == [1, -0.5])
  #expect(try values(.prelu, [tensor("1.weight", [2], [3, 0.5])]) == [2, -1])
  #expect(
    "\([SequentialModule.linear.named("fc1"), .normalization(.batch, epsilon: 0.001), .leakyReLU(slope: 0.2)])"
      == "[linear=fc1, batch-norm:0.001, leaky-relu:0.2]")
}

@Test("Numbers of 16 bits are converted, and whole numbers ignored")
func numberFormats() throws {
  // 1.5 is 0x3E00 as F16 and 0x3FC0 as BF16.
  let header = """
    {"0.weight":{"dtype":"F16","shape":[1,1],"data_offsets":[0,2]},\
    "0.bias":{"dtype":"BF16","shape":[1],"data_offsets":[2,4]},\
    "0.num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[4,12]},\
    "flags":{"dtype":"BOOL","shape":[3],"data_offsets":[12,15]}}
    """
  let whole =
    (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) } + Array(header.utf8)
    + [0, 0x3E, 0xC0, 0x3F] + [UInt8](repeating: 0, count: 11)
  let file = try SafeTensors(bytes: whole, path: "n")
  #expect(try Network<Float>(file, modules: [.linear]).predict([[3]]) == [[6]])
  #expect(throws: FileError.unsupportedDataType(path: "n", name: "flags", found: "BOOL")) {
    try file.values(of: "flags", as: Float.self)
  }
}

@Test("Normalisations without affine parameters scale by 1 and shift by 0, wherever they stand")
func withoutAffine() throws {
  // (x − 1) / √(4 − 10⁻⁵ + 10⁻⁵) = (x − 1) / 2.
  let statistics = [tensor("1.running_mean", [1], [1]), tensor("1.running_var", [1], [4 - 1e-5])]
  let first = tensor("0.weight", [1, 1], [1])
  let after = try network([first] + statistics, [.linear, .batchNorm])
  #expect(after.layers == [Dense(1, 1, normalization: .batch)])
  #expect(abs(after.predict([[5]])[0, 0] - 2) < 1e-6)
  let last = try network([first] + statistics, [.linear, .activation(.relu), .batchNorm])
  #expect(abs(last.predict([[5]])[0, 0] - 2) < 1e-6)
  #expect(abs(last.predict([[-5]])[0, 0] + 0.5) < 1e-6)
  let softmax = try network(
    [
      tensor("0.weight", [2, 1], [1, 1]), tensor("1.running_mean", [2], [0, 1]),
      tensor("1.running_var", [2], [1, 1]),
    ], [.linear, .batchNorm, .activation(.softmax)])
  #expect(abs(softmax.predict([[7]])[0, 0] - 0.731_05) < 1e-4)  // 1 / (1 + e⁻¹)
  // By its number the tensor's module is the second normalisation; the first has none.
  let both = try network(
    [tensor("0.weight", [2, 1], [1, -1]), tensor("3.weight", [2], [2, 3])],
    [.linear, .layerNorm, .activation(.relu), .layerNorm])
  #expect(abs(both.predict([[1]])[1, 0] + 3) < 1e-3)
}

@Test("RMS normalisation has PyTorch's default epsilon, and no shift")
func rmsNorm() throws {
  // RMSNorm's ε is the precision's, 1.19 · 10⁻⁷: 2 · 10⁻⁴ / √(10⁻⁸ + ε).
  let tensors = [tensor("0.weight", [1, 1], [1]), tensor("1.weight", [1], [2])]
  let found = try network(tensors, [.linear, .rmsNorm])
  #expect(found.layers == [Dense(1, 1, normalization: .rms)])
  #expect(abs(found.predict([[1e-4]])[0, 0] - 0.556_395) < 1e-5)
  // Without a shift of its own, it leaves what follows to a layer more.
  let (mean, variance) = (tensor("2.running_mean", [1], [1]), tensor("2.running_var", [1], [4 - 1e-5]))
  let both = try network(tensors + [mean, variance], [.linear, .rmsNorm, .batchNorm])
  #expect(both.layers == [Dense(1, 1, normalization: .rms), Dense(1, 1)])
  #expect(abs(both.predict([[5]])[0, 0] - 0.5) < 1e-5)
  let error = #expect(throws: FileError.self) {
    try network(tensors + [tensor("1.bias", [1], [1])], [.linear, .rmsNorm])
  }
  #expect(error?.description.contains("\"1.bias\" is not used: rms-norm has no tensor of that name") == true)
}

@Test(
  "A tensor that is missing, not used or of another shape is named",
  arguments: [
    (linear, [.linear, .activation(.relu), .linear], "n: there is no tensor for module 2, linear"),
    (linear, [.linear, .batchNorm], "n: there is no tensor for module 1, batch-norm"),
    (
      linear + [tensor("1.weight", [2], [1, 1])], [.linear],
      "n: tensor \"1.weight\" is not used: there are more modules than are listed"
    ),
    (
      linear + [tensor("0.scale", [2], [1, 1])], [.linear],
      "n: tensor \"0.scale\" is not used: no linear or normalization module has a tensor of that name"
    ),
    (
      linear + [tensor("1.weight", [1, 3], [1, 1, 1])], [.linear, .linear],
      "n: tensor \"1.weight\" is 1×3, expected outputs×2"
    ),
    ([tensor("0.weight", [1, 1, 1], [1])], [.linear], "n: tensor \"0.weight\" is 1×1×1, expected outputs×inputs"),
    (
      [tensor("0.weight", [1, 1], [1]), tensor("0.bias", [2], [1, 1])], [.linear],
      "n: tensor \"0.bias\" is 2, expected 1"
    ),
    (
      linear + [tensor("1.weight", [3], [1, 1, 1])], [.linear, .layerNorm],
      "n: tensor \"1.weight\" is 3, expected 2"
    ),
    (
      linear + [tensor("1.weight", [2], [1, 1]), tensor("1.bias", [2], [1, 1])], [.linear, .prelu],
      "n: tensor \"1.bias\" is not used: prelu has no tensor of that name"
    ),
    (
      linear + [tensor("1.weight", [2], [1, 1])], [.linear, .linear],
      "n: tensor \"1.weight\" is 2, which is not of module 1, linear"
    ),
    (
      [tensor("body.weight", [2, 2], [1, 1, 1, 1]), tensor("head.weight", [2, 2], [1, 1, 1, 1])], [.linear, .linear],
      "n: the order of the modules \"body\", \"head\" is not clear; name them, as in linear=body,relu"
    ),
    (
      [tensor("fc1.weight", [1, 1], [1])], [.linear.named("fc2")],
      "n: there is no module called \"fc2\", or it is listed twice"
    ),
    ([], [.dropout()], "n: there is no linear layer"),
    (
      linear, [.activation(.relu), .linear],
      "n: module 0, relu: the activation relu is before the first operation with a size"
    ),
  ] as [([SafeTensors.Tensor], [SequentialModule], String)])
func mistakes(tensors: [SafeTensors.Tensor], modules: [SequentialModule], line: String) {
  let error = #expect(throws: FileError.self) { _ = try network(tensors, modules) }
  #expect(error?.description == line + "; list the modules as the nn.Sequential has them")
}

@Test("Statistics that are missing or negative, and numbers that are not finite, are named")
func badNumbers() {
  let norm = tensor("1.weight", [2], [1, 1])
  let mean = tensor("1.running_mean", [2], [1, 1])
  let variance = tensor("1.running_var", [2], [1, -1])
  func error(_ tensors: [Values], _ modules: [SequentialModule] = [.linear, .batchNorm]) -> FileError? {
    do throws(FileError) { _ = try network(tensors, modules) } catch { return error }
    return nil
  }
  #expect(error(linear + [norm]) == .missingTensor(path: "n", name: "1.running_mean"))
  #expect(error(linear + [norm, mean]) == .missingTensor(path: "n", name: "1.running_var"))
  #expect(error(linear + [mean, variance]) == .negativeVariance(path: "n", name: "1.running_var"))
  #expect(error([tensor("0.weight", [1, 1], [.nan])], [.linear]) == .notFinite(path: "n", name: "0.weight"))
  #expect(error([tensor("0.bias", [1], [1])], [.linear]) == .missingTensor(path: "n", name: "0.weight"))
}

@Test("A state dictionary cut at any byte, or with a flipped bit in its header, is an error or a network, never a trap")
func damagedStateDictionary() throws {
  let whole = Array(try #require(Data(base64Encoded: goldenStateDictionary)))
  func isRead(_ bytes: [UInt8]) -> Bool {
    (try? Network<Float>(SafeTensors(bytes: bytes, path: "n"), modules: goldenModules)) != nil
  }
  #expect(isRead(whole))
  for count in whole.indices { #expect(!isRead(Array(whole[..<count]))) }
  let headerEnd = 8 + Int(whole[0]) + Int(whole[1]) << 8
  var readable = 0
  for bit in 0..<8 * headerEnd {
    var bytes = whole
    bytes[bit / 8] ^= 1 << UInt8(bit % 8)
    if isRead(bytes) { readable += 1 }
  }
  // The numbers and words before the modules' are free, and the spaces at the end.
  #expect(readable < headerEnd)
}

@Test("Names and added layers that would take much memory for a small file are refused")
func largeForTheFile() {
  let dots = String(repeating: ".", count: 17)
  let named = #expect(throws: FileError.self) { try network([tensor(dots + "weight", [1, 1], [1])], [.linear]) }
  #expect(named?.description.contains("has more than 16 dots in its name") == true)
  let many = (0..<16_385).map { tensor("\($0).bias", [0], []) }
  let crowded = #expect(throws: FileError.self) { try network(many, [.linear]) }
  #expect(crowded?.description.contains("found 16385 tensors, expected at most 16384") == true)
  // Each activation but the first needs a layer of 1024 × 1024.
  let column = tensor("0.weight", [1024, 1], [Float](repeating: 1, count: 1024))
  let activations = [SequentialModule](repeating: .activation(.relu), count: 3)
  #expect(throws: Never.self) { try network([column], [.linear] + activations.prefix(2)) }
  let added = #expect(throws: FileError.self) { try network([column], [.linear] + activations) }
  #expect(
    added?.description.contains("module 3, relu: an operation on 1024 units does not follow a linear layer") == true)
}
