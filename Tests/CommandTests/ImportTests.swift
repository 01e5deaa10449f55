import Foundation
import Testing

/// The file of a Sequential of linear, relu and linear, 2 → 2 → 2.
private func stateDictionary() -> [UInt8] {
  let header = """
    {"net.0.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},\
    "net.0.bias":{"dtype":"F32","shape":[2],"data_offsets":[16,24]},\
    "net.2.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[24,40]},\
    "net.2.bias":{"dtype":"F32","shape":[2],"data_offsets":[40,48]}}
    """
  func bytes(_ number: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: number.littleEndian) { Array($0) } }
  return bytes(UInt64(header.utf8.count)) + header.utf8
    + ([1, 0, 0, 1, 0, 0, 1, -1, -1, 1, 0, 0] as [Float]).flatMap { bytes($0.bitPattern) }
}

@Test("A state dictionary becomes a model that answers for tables, with the names that are given")
func importedModel() throws {
  let workspace = try Workspace()
  try workspace.write(stateDictionary(), to: "net.safetensors")
  try workspace.write("a,b,kind\n3,1,left\n1,3,right\n", to: "t.csv")
  let result = try workspace.run(
    "import net.safetensors -o m --layers linear,relu,linear,softmax --columns a,b --classes left,right --target kind")
  #expect(result.status == 0)
  #expect(result.lines == ["Network(Dense(2 → 2, relu), Dense(2 → 2, softmax))", "wrote m"])
  // Softmax of (2, −2): 1 / (1 + e⁻⁴) = 0.98201….
  let prediction = try workspace.run("predict m t.csv --probabilities")
  #expect(prediction.lines.first == "kind,left,right")
  #expect(prediction.lines[1].hasPrefix("left,0.9820") && prediction.lines[2].hasPrefix("right,0.0179"))
  #expect(try workspace.run("evaluate m t.csv --json").output.contains("\"accuracy\":1"))
}

@Test("Names that are not given are those of a table without a header, and the task is that of the output's activation")
func importedDefaults() throws {
  let workspace = try Workspace()
  try workspace.write(stateDictionary(), to: "net.safetensors")
  try workspace.write("3,1,0\n1,3,1\n", to: "t.csv")
  #expect(try workspace.run("import net.safetensors -o m --layers linear,relu,linear,softmax").status == 0)
  #expect(try workspace.run("evaluate m t.csv --json").output.contains("\"accuracy\":1"))
  #expect(try workspace.run("import net.safetensors -o m --layers linear,relu,linear,sigmoid").status == 0)
  #expect(try workspace.run("predict m t.csv").lines == ["3,4", "1,0", "0,1"])
  #expect(try workspace.run("import net.safetensors -o m --layers linear,relu,linear --precision double").status == 0)
  #expect(try workspace.run("predict m t.csv").lines == ["3,4", "2.0,-2.0", "-2.0,2.0"])
  #expect(
    try workspace.run("import net.safetensors -o m --layers flatten,linear,relu,linear,softmax --image 1x2").status
      == 0)
  #expect(try workspace.run("inspect m").output.contains("images of 1 × 2 pixels"))
}

@Test(
  "A mistake in what an import is told is one line",
  arguments: [
    ("--layers linear,relu,linear --classes a,b", "--classes is for classification"),
    (
      "--layers linear,relu,linear,relu --task classification",
      "--task classification needs outputs that are logits, softmax or sigmoid, found relu"
    ),
    ("--layers linear,batch-norm:0", "--layers: expected an epsilon above 0 after batch-norm:, found \"0\""),
    ("--layers linear,leaky-relu:x", "--layers: expected a slope after leaky-relu:, found \"x\""),
    ("--layers linear,clip:2:1", "--layers: clip:2:1: the first bound is above the second"),
    ("--layers linear --output y", "--output is for ONNX graphs; a state dictionary has no outputs of its own"),
    ("--layers linear,relu,linear --columns a", "--columns: expected 2 names, for the inputs, found 1"),
    ("--layers linear,relu,linear --columns a,a", "--columns: the names must be different and not empty"),
    ("--layers linear,relu,linear --image 2x2", "--image: expected HEIGHTxWIDTH of 2 pixels, found \"2x2\""),
    ("--layers linear,relu,linear --image 1x2 --columns a,b", "--image and --columns exclude each other"),
    ("--layers linear,relu,linear,softmax --classes a,b,c", "--classes: expected 2 names, for the outputs, found 3"),
    (
      "--layers linear,relu",
      """
      net.safetensors: tensor "net.2.weight" is not used: there are more modules than are listed; \
      list the modules as the nn.Sequential has them
      """
    ),
    (
      "--layers linear,rellu",
      """
      --layers: expected linear, batch-norm, layer-norm, rms-norm, prelu, clip:0:6, dropout, flatten or an activation \
      (identity, sigmoid, tanh, relu, leaky-relu, elu, selu, gelu, gelu-tanh, silu, mish, hard-swish, softplus, \
      softsign, exponential, softmax), found "rellu"
      """
    ),
  ])
func importMistakes(options: String, line: String) throws {
  let workspace = try Workspace()
  try workspace.write(stateDictionary(), to: "net.safetensors")
  let result = try workspace.run("import net.safetensors -o m \(options)")
  #expect(result.error == "error: \(line)")
  #expect(try workspace.files == ["net.safetensors"])
}

@Test("Logits become probabilities if classes are asked for, and what has no number is refused")
func importedLogits() throws {
  let workspace = try Workspace()
  try workspace.write(stateDictionary(), to: "net.safetensors")
  try workspace.write("3,1\n1,3\n", to: "t.csv")
  let words = "import net.safetensors -o m --layers linear,relu,linear --task classification --classes a,b"
  #expect(try workspace.run(words).status == 0)
  #expect(try workspace.run("predict m t.csv").lines == ["3", "a", "b"])
  let shares = try workspace.run("predict m t.csv --probabilities").lines[1].split(separator: ",").compactMap {
    Double($0)
  }
  #expect(shares.count == 2 && abs(shares[0] + shares[1] - 1) < 1e-6)
  try workspace.write("3,1\n,3\n", to: "gap.csv")
  let missing = try workspace.run("predict m gap.csv")
  #expect(missing.status == 65 && missing.error.contains("line 2"))
}

@Test("A file of another tool is known by its first bytes, whatever its name, and told how to be exported")
func foreignFiles() throws {
  let workspace = try Workspace()
  try workspace.write([0x89] + Array("HDF\r\n".utf8), to: "model.h5")
  try workspace.write(Array("PK\u{3}\u{4}".utf8) + Array("archive/data.pkl".utf8), to: "model.pt")
  try workspace.write(Array("PK\u{3}\u{4}".utf8) + Array("config.json".utf8), to: "model.keras")
  try workspace.write([0x80, 4, 0x95, 1], to: "model.joblib")
  for (name, what, advice) in [
    ("model.h5", "an HDF5 file", "model.export"), ("model.pt", "an archive of pickles", "save_file"),
    ("model.keras", "a .keras archive", "model.export"), ("model.joblib", "a pickle", "skl2onnx"),
  ] {
    let result = try workspace.run("import \(name) -o m")
    #expect(result.status == 65 && result.error.contains(what) && result.error.contains(advice), "\(result.error)")
  }
  try workspace.write(stateDictionary(), to: "net.bin")
  #expect(try workspace.run("import net.bin -o m --layers linear,relu,linear,softmax").status == 0)
  #expect(try workspace.run("export m graph.onnx").status == 0)
  try workspace.write(workspace.read("graph.onnx"), to: "graph.ort")
  #expect(try workspace.run("import graph.ort -o again").status == 0)
  #expect(try workspace.run("import m -o again").error.contains("is already a model"))
}
