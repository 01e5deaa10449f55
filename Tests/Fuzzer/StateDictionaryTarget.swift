import PerceptronFiles
import PerceptronLayers
import PerceptronModelFiles
import Tensor

extension FuzzTarget {
  /// The first bytes, up to a zero, are the modules.
  static let stateDictionary = FuzzTarget(
    name: "state",
    seeds: {
      let vectors = ["weight", "bias", "running_mean", "running_var"]
      func tensors(_ module: String, _ names: [String], _ shape: [Int]) -> [SafeTensors.Tensor] {
        names.map { name in
          let shape = name == "weight" ? shape : [shape[0]]
          return SafeTensors.Tensor(
            name: "\(module).\(name)", shape: shape, values: (0..<shape.reduce(1, *)).map { Float($0) })
        }
      }
      let linear = tensors("0", ["weight", "bias"], [2, 3])
      let batch = tensors("net.1", vectors, [2])
      let layer = tensors("2.0", ["weight", "bias"], [2])
      let after = tensors("3", ["weight"], [1, 2])
      func seed(_ modules: [UInt8], _ tensors: [SafeTensors.Tensor]) -> [UInt8] {
        modules + [0] + (try! SafeTensors.encode(tensors))
      }
      return [
        seed([1, 4, 5], linear), seed([1, 4, 1], linear + after), seed([2, 4], batch), seed([3], layer),
        seed(
          [1, 2, 6, 5, 3, 1],
          linear + tensors("1", vectors, [2]) + tensors("4", ["weight"], [2]) + tensors("5", ["weight"], [1, 2])),
      ]
    },
    words: safeTensorsWords + [
      ".weight", ".bias", ".running_mean", ".running_var", "num_batches_tracked", "1.", "[1]",
    ],
    read: { bytes in
      guard let end = bytes.prefix(16).firstIndex(of: 0) else { return }
      let activations = Activation.allCases
      let modules = bytes[..<end].map { byte -> SequentialModule in
        switch byte {
        case 1: .linear
        case 2: .batchNorm
        case 3: .layerNorm
        case 4: .dropout(0.5)
        case 5: .rmsNorm
        default: .activation(activations[Int(byte) % activations.count])
        }
      }
      let file = Array(bytes[(end + 1)...])
      do throws(FileError) {
        let network = try withinBudget(file.count) { () throws(FileError) in
          try Network<Float>(SafeTensors(bytes: file, path: "state"), modules: modules)
        }
        let outputs = network.predict(Matrix(rows: network.inputSize, columns: 1, repeating: 1))
        if outputs.rows != network.outputSize { fail("\(outputs.shape) outputs") }
      } catch { check(error) }
    })
}
