import Tensor

/// What a network asks of a layer.
///
/// A layer is a value that knows its sizes. Its parameters stand in a range of the network's one parameter vector, its gradient in the same
/// range of the gradient vector, and its inputs and outputs in the workspace: a layer owns no memory and allocates none.
///
/// - Shapes: inputs inputSize × batch, outputs outputSize × batch, parameters and gradient parameterCount × 1.
package protocol Layer: Sendable {
  var inputSize: Int { get }
  var outputSize: Int { get }
  var parameterCount: Int { get }

  /// Computes the outputs from the inputs.
  func forward<Scalar>(_ inputs: Tile<Scalar>, parameters: Tile<Scalar>, into outputs: Tile<Scalar>)

  /// Takes the loss's gradient from the outputs back to the parameters, and to the inputs where `inputError` is given.
  ///
  /// - Parameters:
  ///   - error: ∂L/∂outputs; the layer may overwrite it.
  ///   - gradient: becomes ∂L/∂parameters.
  ///   - inputError: becomes ∂L/∂inputs. The first layer of a network is given none.
  func backward<Scalar>(
    _ error: Tile<Scalar>, inputs: Tile<Scalar>, outputs: Tile<Scalar>, parameters: Tile<Scalar>,
    gradient: Tile<Scalar>, inputError: Tile<Scalar>?)
}
