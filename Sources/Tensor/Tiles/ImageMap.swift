/// An affine map from a pixel (x, y) of a result to its source position in an image.
package struct ImageMap: Sendable {
  let xx, xy, x: Float
  let yx, yy, y: Float

  /// (x, y) ↦ (xx · x + xy · y + x₀, yx · x + yy · y + y₀).
  package init(xx: Double, xy: Double, x: Double, yx: Double, yy: Double, y: Double) {
    (self.xx, self.xy, self.x) = (Float(xx), Float(xy), Float(x))
    (self.yx, self.yy, self.y) = (Float(yx), Float(yy), Float(y))
  }
}
