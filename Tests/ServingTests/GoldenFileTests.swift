import Foundation
import PerceptronDatasets
import PerceptronFiles
import PerceptronModelFiles
import PerceptronServing
import PerceptronTraining
import Tensor
import Testing

// Files that version 0.1.0 wrote, in November 2026: a classifier of numbers, dates and texts, with batch normalisation
// and a missing value, and the checkpoint of its training. They stay readable.

@Test("A model of version 0.1.0 is read, and predicts the same bits")
func goldenModel() throws {
  let bytes = [UInt8](try #require(Data(base64Encoded: goldenModelFile)))
  let model = try TrainedModel<Float>(ModelFile(bytes, path: "golden.perceptron"))
  #expect(model.preparation.classNames == ["setosa", "versicolor", "virginica"])
  let predictor = Predictor(model)
  let records: [[InputValue]] = [
    [1.7, 0.2, "2024-01-05", "red"], [4.3, nil, "2024-06-10", "blue"], [5.6, 2.1, "2025-02-20", "unseen"],
  ]
  let expected: [[UInt32]] = [
    [0x3E60_238D, 0x3B87_A5F0, 0x3F46_E7D1],
    [0x3E85_615A, 0x3F28_47B9, 0x3DA8_3CCB],
    [0x3EB8_557D, 0x3EEF_0A05, 0x3E31_40FE],
  ]
  for (record, expected) in zip(records, expected) {
    let outputs = try predictor.predict(record).outputs.map { Float($0) }
    // Without fused multiply-adds the last bits are others.
    if InstructionSet.current == .baseline {
      for (output, bits) in zip(outputs, expected) { #expect(abs(output - Float(bitPattern: bits)) < 1e-6) }
    } else {
      #expect(outputs.map(\.bitPattern) == expected)
    }
  }
}

@Test("A checkpoint of version 0.1.0 is read")
func goldenCheckpoint() throws {
  let bytes = [UInt8](try #require(Data(base64Encoded: goldenCheckpointFile)))
  let checkpoint = try Checkpoint<Float>(bytes, path: "golden.checkpoint")
  #expect(checkpoint.counts["epoch"] == 3)
  #expect(try checkpoint.encoded == bytes)
}

private let goldenModelFile =
  """
  YAYAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJjaGVja3N1bSI6IjBhZTY4NGQzIiwiZm9ybWF0IjoicGVyY2VwdHJvbiIsImxheWVycyI6Ilt7XCJh\
  Y3RpdmF0aW9uXCI6XCJyZWx1XCIsXCJpbnB1dHNcIjo3LFwibm9ybWFsaXphdGlvblwiOlwiYmF0Y2hcIixcIm91dHB1dHNcIjo1LFwidHlwZVwi\
  OlwiZGVuc2VcIn0se1wiYWN0aXZhdGlvblwiOlwic29mdG1heFwiLFwiaW5wdXRzXCI6NSxcIm91dHB1dHNcIjozLFwidHlwZVwiOlwiZGVuc2Vc\
  In1dIiwibG9zcyI6ImNyb3NzLWVudHJvcHkiLCJwcmVwYXJhdGlvbiI6IntcImNsYXNzZXNcIjpbXCJzZXRvc2FcIixcInZlcnNpY29sb3JcIixc\
  InZpcmdpbmljYVwiXSxcImNvbHVtbnNcIjpbe1wibWVhblwiOjMuOTExNjY2NjY2NjY2NjY1NyxcIm5hbWVcIjpcImxlbmd0aFwifSx7XCJtZWFu\
  XCI6MS4yNDQ0MDY3Nzk2NjEwMTY4LFwibmFtZVwiOlwid2lkdGhcIn0se1wiZGF0ZVwiOlwiWS1NLURcIixcIm1lYW5zXCI6WzIwMjQuNTM0ODA3\
  NDk1NTcxNCwzLjAwMDAwMDAwMDAwMDAwMDQsMy45NjY2NjY2NjY2NjY2NjddLFwibmFtZVwiOlwic2VlblwifSx7XCJuYW1lXCI6XCJjb2xvclwi\
  LFwidGV4dHNcIjpbXCJibHVlXCIsXCJyZWRcIl19XSxcInNjYWxpbmdcIjp7XCJmYWN0b3JzXCI6WzAuNTY5MzMwNDMzNDI1OTMyNCwxLjM0NjIx\
  MzgxNTcyNzc3OTcsMi4yMzg2MzYyNjAwNDE0OTI0LDAuNDYyOTEwMDQ5ODg2Mjc1NywwLjQ4OTk2MzI4MTM0OTk1OV0sXCJtZXRob2RcIjpcInN0\
  YW5kYXJkXCIsXCJvZmZzZXRzXCI6WzMuOTExNjY2NjY2NjY2NjY2NiwxLjI0NDQwNjc3OTY2MTAxNywyMDI0LjUzNDgwNzQ5NTU3MSwzLDMuOTY2\
  NjY2NjY2NjY2NjY3XX0sXCJ0YXJnZXRzXCI6W1wic3BlY2llc1wiXX0iLCJ0cmFpbmluZyI6IntcImJhdGNoIHNpemVcIjpcIjYwXCIsXCJkYXRh\
  XCI6XCJ0LmNzdlwiLFwiZXBvY2hzXCI6XCIzXCIsXCJsZWFybmluZyByYXRlXCI6XCIwLjAwMVwiLFwib3B0aW1pemVyXCI6XCJhZGFtXCIsXCJz\
  YW1wbGVzXCI6XCI2MFwiLFwic2VlZFwiOlwiN1wiLFwidHJhaW5pbmcgbG9zc1wiOlwiMS4xOTIzNzU4MDg0NTc1MzM1XCIsXCJ2ZXJzaW9uXCI6\
  XCIwLjEuMFwifSIsInZlcnNpb24iOiIyIn0sIjAud2VpZ2h0Ijp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOls1LDddLCJkYXRhX29mZnNldHMiOlsw\
  LDE0MF19LCIwLmJpYXMiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzVdLCJkYXRhX29mZnNldHMiOlsxNDAsMTYwXX0sIjEud2VpZ2h0Ijp7ImR0\
  eXBlIjoiRjMyIiwic2hhcGUiOls1XSwiZGF0YV9vZmZzZXRzIjpbMTYwLDE4MF19LCIxLmJpYXMiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzVd\
  LCJkYXRhX29mZnNldHMiOlsxODAsMjAwXX0sIjEucnVubmluZ19tZWFuIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOls1XSwiZGF0YV9vZmZzZXRz\
  IjpbMjAwLDIyMF19LCIxLnJ1bm5pbmdfdmFyIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOls1XSwiZGF0YV9vZmZzZXRzIjpbMjIwLDI0MF19LCIz\
  LndlaWdodCI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMyw1XSwiZGF0YV9vZmZzZXRzIjpbMjQwLDMwMF19LCIzLmJpYXMiOnsiZHR5cGUiOiJG\
  MzIiLCJzaGFwZSI6WzNdLCJkYXRhX29mZnNldHMiOlszMDAsMzEyXX19ICCzN9I9MkiCPAiMQL6hXT+/AtTJPuTozT7CGi4/vO8lvjim/L7C3I4/\
  IBadvS7x1j2x5jQ/5tlJvtvFY74rcyk/YX4FPnJWFL63YIC/4dqQve2I/j1G16O+39/rvkSth73MNt6+uASvPlvKar4L20C+834JPqIepr9lDX09\
  vAN/PesOrz6DYFQ+p0Ibv+yRlLrSQXS6dtWvOjSn9DjKBig6gDt/P1RigD9uO38/TGKAPwM8fz+KiUS7y5REO/KWRLsvl0Q7xpFEu0h7/j3MIRI+\
  XfsEvMu+dL11v0w8GFlqPxp1WD+k5os/VrqIP04CjT9e4kW/nq2KPdDAhLx5XRA/xN6IPwdFjL/1l+C+0KVdP65COr+B2cS+4GcmP6Q0Ary6n4y/\
  3Jqpu92jdz/c3kS7KKBEOwt+RLs=
  """

private let goldenCheckpointFile =
  """
  gAYAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJjaGVja3N1bSI6IjdmNWUwYTE0IiwiY291bnQgZHJhd3MiOiIxNzciLCJjb3VudCBlcG9jaCI6IjMi\
  LCJjb3VudCBzYW1wbGVzIGRvbmUiOiIwIiwiY291bnQgc3RhbGUgZXBvY2hzIjoiMCIsImNvdW50IHN0ZXAiOiIzIiwiY291bnQgc3RlcCBpbiBl\
  cG9jaCI6IjAiLCJmb3JtYXQiOiJwZXJjZXB0cm9uIGNoZWNrcG9pbnQiLCJub3RlIC0taGlkZGVuIjoiNSIsIm5vdGUgLS1ub3JtYWxpemF0aW9u\
  IjoiYmF0Y2giLCJub3RlIC0tc2VlZCI6IjciLCJub3RlIGRhdGEiOiI4MTQzMmQ2MyIsIm5vdGUgZXBvY2hzIjoiMyIsIm5vdGUga2VybmVscyI6\
  IkFWWC01MTIsIE9wZW5CTEFTIFNreWxha2VYIiwibm90ZSBzY2hlZHVsZSI6ImNvbnN0YW50IiwicHJlY2lzaW9uIjoiZmxvYXQiLCJzZXR0aW5n\
  IEwxIjoiMC4wIiwic2V0dGluZyBMMiI6IjAuMCIsInNldHRpbmcgYmF0Y2ggc2l6ZSI6IjYwIiwic2V0dGluZyBjbGlwcGVkIG5vcm0iOiJub25l\
  Iiwic2V0dGluZyBpbnB1dCBkcm9wb3V0IjoiMC4wIiwic2V0dGluZyBsYWJlbCBzbW9vdGhpbmciOiIwLjAiLCJzZXR0aW5nIGxhcmdlc3Qgbm9y\
  bSI6Im5vbmUiLCJzZXR0aW5nIGxvc3MiOiJjcm9zcy1lbnRyb3B5Iiwic2V0dGluZyBuZXR3b3JrIjoiTmV0d29yayhEZW5zZSg3IOKGkiA1LCBy\
  ZWx1LCBiYXRjaCBub3JtYWxpemF0aW9uKSwgRGVuc2UoNSDihpIgMywgc29mdG1heCkpIiwic2V0dGluZyBudW1iZXIgb2YgZXBvY2hzIHRvIHdh\
  cm0gdXAiOiIwIiwic2V0dGluZyBvcHRpbWl6ZXIiOiJhZGFtKGxlYXJuaW5nUmF0ZTogMC4wMDEsIGJldGExOiAwLjksIGJldGEyOiAwLjk5OSwg\
  ZXBzaWxvbjogMWUtMDgsIHdlaWdodERlY2F5OiAwLjApIiwic2V0dGluZyByYW5kb20gc3RyZWFtIjoiMSIsInNldHRpbmcgc2NoZWR1bGUiOiJj\
  b25zdGFudCIsInNldHRpbmcgc2VlZCI6IjciLCJzZXR0aW5nIHdlaWdodCBkZWNheSI6IjAuMCIsInZlcnNpb24iOiIyIn0sImxvc3Mgc3VtIjp7\
  ImR0eXBlIjoiRjY0Iiwic2hhcGUiOlsxXSwiZGF0YV9vZmZzZXRzIjpbMCw4XX0sIm9yZGVyIjp7ImR0eXBlIjoiRjY0Iiwic2hhcGUiOls2MF0s\
  ImRhdGFfb2Zmc2V0cyI6WzgsNDg4XX0sInBsYXRlYXUiOnsiZHR5cGUiOiJGNjQiLCJzaGFwZSI6WzFdLCJkYXRhX29mZnNldHMiOls0ODgsNDk2\
  XX0sInBsYXRlYXUgZmFjdG9yIjp7ImR0eXBlIjoiRjY0Iiwic2hhcGUiOlsxXSwiZGF0YV9vZmZzZXRzIjpbNDk2LDUwNF19LCJyZXBvcnRzIjp7\
  ImR0eXBlIjoiRjY0Iiwic2hhcGUiOlsxOF0sImRhdGFfb2Zmc2V0cyI6WzUwNCw2NDhdfSwic2Vjb25kcyBpbiBlcG9jaCI6eyJkdHlwZSI6IkY2\
  NCIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6WzY0OCw2NTZdfSwic2VyaWVzIGZpZ3VyZXMiOnsiZHR5cGUiOiJGNjQiLCJzaGFwZSI6WzEy\
  XSwiZGF0YV9vZmZzZXRzIjpbNjU2LDc1Ml19LCJtb21lbnRzIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsyLDY4XSwiZGF0YV9vZmZzZXRzIjpb\
  NzUyLDEyOTZdfSwicGFyYW1ldGVycyI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMSw2OF0sImRhdGFfb2Zmc2V0cyI6WzEyOTYsMTU2OF19LCJz\
  dGF0aXN0aWNzIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsxLDEwXSwiZGF0YV9vZmZzZXRzIjpbMTU2OCwxNjA4XX19ICAgICAgIAAAYB254lFA\
  AAAAAAAAPEAAAAAAAAAUQAAAAAAAAEtAAAAAAAAASUAAAAAAAIBEQAAAAAAAADdAAAAAAAAAP0AAAAAAAAA9QAAAAAAAgExAAAAAAACASkAAAAAA\
  AAAcQAAAAAAAAERAAAAAAACASUAAAAAAAAAxQAAAAAAAAD5AAAAAAAAAAAAAAAAAAABNQAAAAAAAABhAAAAAAAAARkAAAAAAAAAqQAAAAAAAADVA\
  AAAAAAAAIkAAAAAAAIBHQAAAAAAAAEBAAAAAAAAASkAAAAAAAAAwQAAAAAAAACBAAAAAAAAAQkAAAAAAAADwPwAAAAAAAEVAAAAAAAAAR0AAAAAA\
  AAAoQAAAAAAAgEJAAAAAAACATUAAAAAAAABMQAAAAAAAAAhAAAAAAACAS0AAAAAAAIBBQAAAAAAAAEFAAAAAAAAASEAAAAAAAAAQQAAAAAAAADlA\
  AAAAAACAQ0AAAAAAAIBFQAAAAAAAAC5AAAAAAAAAJEAAAAAAAIBIQAAAAAAAgEZAAAAAAAAAO0AAAAAAAAAmQAAAAAAAADNAAAAAAAAANkAAAAAA\
  AAA0QAAAAAAAAABAAAAAAAAALEAAAAAAAAA6QAAAAAAAAENAAAAAAAAAMkAAAAAAAIBAQAAAAAAAADhAAAAAAAAA8H8AAAAAAADwPwAAAAAAAPA/\
  AAAAredP8z8AAAAAAAAAAPyp8dJNYlA/QhuS8EP5ID8AAAAAAAAQQAAAAAAAAABAREREO90x8z8AAAAAAAAAAPyp8dJNYlA/DJj/Ef8QGD8AAAAA\
  AAAQQAAAAAAAAAhA3t3dp/gT8z8AAAAAAAAAAPyp8dJNYlA/LQcSxfjxFj8AAAAAAAAQQC0HEsX48RY/AAAAAAAA+H8AAAAAAAD4fwAAAAAAAPh/\
  AAAAAAAA+H8AAAAAAAD4fwAAAAAAAPh/AAAAAAAA+H8AAAAAAAD4fwAAAAAAAPh/AAAAAAAA+H8AAAAAAAD4fwAAAAAAAPh/yhkEvg/Ey7s5Ij49\
  Qv0oO6TMuDz6Jwa+Mh7Nu+IkWj0W/Sg700WhPN1KD77Vfe67DpaNPSN8HTtT1aM7rCYeu6Jj/DoLv129F5PKOsxmXD2DTt28z/KGPNHyIz2OogY8\
  nQUZPYKZMTwXRSs7ls83PCJboLVLOuk7gJkxvBRFK7uazze8Ma2gNUo66btuEg0x6SYsMPUoWrEZBCExmZkNsNjZWj2r9my8F0q4PXczM73kRno7\
  J+ENPectVbyxy109lG4BvR318DzA4De9nS3JOwy7Hj1+8gM9gaUjPf/Lk72p4MM8xuIEPRrTZr1f2pa9fTpHO4ugkD1A63S9JjfpuxQJiT2uKZ87\
  7tKUvAURWjyJIjI6SvzSNZF7uDjbQJI0yniuNym6NzqJ29U16dLyOLM+kjS05IQ3AKFROlazEDYwlUw5Wwl+NFeSiTUJEH403usmNCzf+jgHzNEz\
  t/z3OMeN+jcsbTk3gkuJOF1mOTaiCm84UA2hNnpWlTTEXaw2/7ZaLEvMCjZLDaE2dFaVNMxdrDa551osSswKNjE6GiFLv/YfANLsIRXzVyHTysIf\
  qub0OCwNDze7Yq05QNujOF/9ITVUsE04bAvoNhMK+zhK+io4DjYUOHDUrDg9lc41EtKAOAJ9MTgXlYg468FeObXBwzdrXDQ49P0HOWZNaDnTT8o0\
  VolVOUohGTk6NAs2Ws0/OT96gDWB32E31THzNrM30j287yW+28VjvkbXo77zfgk+MkiCPDim/L4rcyk/39/rvqIepr8IjEC+wtyOP2F+BT5ErYe9\
  ZQ19PaFdP78gFp29clYUvsw23r68A389AtTJPi7x1j23YIC/uASvPusOrz7k6M0+seY0P+HakL1bymq+g2BUPsIaLj/m2Um+7Yj+PQvbQL6nQhu/\
  7JGUutJBdLp21a86NKf0OMoGKDqAO38/VGKAP247fz9MYoA/Azx/P4qJRLvLlEQ78pZEuy+XRDvGkUS7XuJFvwdFjL/gZyY/nq2KPfWX4L6kNAK8\
  0MCEvNClXT+6n4y/eV0QP65COr/cmqm7xN6IP4HZxL7do3c/3N5EuyigRDsLfkS7SHv+PcwhEj5d+wS8y750vXW/TDwYWWo/GnVYP6Tmiz9Wuog/\
  TgKNPw==
  """
