import Tensor

/// What a network asks of a layer: its part of a training step, tile by tile.
///
/// A layer is a value that knows its sizes. Its parameters stand in a range of the network's one parameter vector, its gradient in the same
/// range of the gradient vector, and its inputs and outputs in the workspace: a layer owns no memory and allocates none.
///
/// Each of a layer's jobs is cut into tiles, which workers do in any order at the same time. How a job is cut depends on shapes alone, so the
/// results have the same bits for any number of workers.
///
/// - Shapes: inputs inputSize × batch, outputs and their error outputSize × batch, parameters and gradient parameterCount × 1.
package protocol Layer: Sendable {
  var inputSize: Int { get }
  var outputSize: Int { get }
  var parameterCount: Int { get }
  var activation: Activation { get }

  /// Whether the outputs need the products of all strips of the weights first.
  func addsStrips(batch: Int) -> Bool

  /// The strips of the weights.
  func weightStrips(batch: Int) -> TileGrid

  /// Multiplies one strip of the weights with its rows of the inputs, into the outputs or the scratch.
  func multiplyStrip<Scalar>(
    _ strip: Int, inputs: Tile<Scalar>, parameters: Tile<Scalar>, into outputs: Tile<Scalar>, scratch: Tile<Scalar>)

  /// How the outputs are cut.
  func outputGrid(batch: Int) -> TileGrid

  /// Computes one tile of the outputs A = g(Z), and returns a bound on the magnitudes in it.
  func computeOutputs<Scalar>(
    _ part: TilePart, inputs: Tile<Scalar>, parameters: Tile<Scalar>, into outputs: Tile<Scalar>, scratch: Tile<Scalar>
  ) -> Double

  /// How the error of the layer before, whose activation is `previous`, is cut.
  func errorGrid(batch: Int, previous: Activation) -> TileGrid

  /// Takes this layer's error δ = ∂L/∂Z to one tile of the error ∂L/∂Z₋₁ of the layer before, whose outputs the inputs are,
  /// and returns the largest magnitude in it.
  func propagateError<Scalar>(
    _ part: TilePart, error: Tile<Scalar>, parameters: Tile<Scalar>, inputs: Tile<Scalar>, previous: Activation,
    into previousError: Tile<Scalar>
  ) -> Double

  /// The number of tiles in which the gradient is computed.
  func gradientTileCount(batch: Int) -> Int

  /// Computes one tile of the gradient ∂L/∂parameters and puts it to use.
  ///
  /// - Parameters:
  ///   - offset: How many of the network's parameters stand before this layer's.
  ///   - gradient: Memory for the gradient; of no size where the update needs none.
  /// - Returns: What the update adds to the loss for the tile's weights as they were.
  func useGradient<Scalar>(
    _ tile: Int, error: Tile<Scalar>, inputs: Tile<Scalar>, update: TileUpdate<Scalar>, parameters: Tile<Scalar>,
    from offset: Int, gradient: Tile<Scalar>
  ) -> Double
}
