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
      "--layers linear,relu,linear --task classification",
      "--task classification needs softmax or sigmoid outputs, found identity; add it to --layers"
    ),
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
      --layers: expected linear, batch-norm, layer-norm, rms-norm, dropout, flatten or an activation (identity, \
      sigmoid, tanh, relu, leaky-relu, elu, selu, gelu, silu, mish, hard-swish, softplus, softsign, exponential, \
      softmax), found "rellu"
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
