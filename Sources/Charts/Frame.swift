import PerceptronFiles

/// The area that two axes span, in the units of an SVG picture, whose y grows downwards.
struct Frame {
  let x, y: Axis
  let left, right, top, bottom: Double
  let height: Double

  static let width = 520.0

  func point(_ xValue: Double, _ yValue: Double) -> (x: Double, y: Double) {
    (left + x.position(xValue) * (right - left), bottom - y.position(yValue) * (bottom - top))
  }

  /// The SVG picture, with the axes beneath the content.
  ///
  /// - Parameter description: What the picture shows, for people who cannot see it.
  func picture(_ content: String, description: String) -> String {
    """
    <svg viewBox="0 0 \(Self.width.fixed(0)) \(height.fixed(0))" role="img" aria-label="\(description.escaped)">
    <title>\(description.escaped)</title>
    \(axes)\(content)</svg>

    """
  }

  private var axes: String {
    var result = ""
    for tick in y.ticks {
      let y = point(x.range.lowerBound, tick.value).y
      result += "<path class=\"grid\" d=\"M\(left.coordinate) \(y.coordinate)H\(right.coordinate)\"/>"
      result += text(tick.label, x: left - 8, y: y + 5, anchor: "end") + "\n"
    }
    for tick in x.ticks {
      let x = point(tick.value, y.range.lowerBound).x
      result += "<path class=\"axis\" d=\"M\(x.coordinate) \(bottom.coordinate)v5\"/>"
      result += text(tick.label, x: x, y: bottom + 20, anchor: "middle") + "\n"
    }
    result += "<path class=\"axis\" d=\"M\(left.coordinate) \(bottom.coordinate)H\(right.coordinate)\"/>\n"
    result += text(x.name, x: right, y: bottom + 40, anchor: "end") + "\n"
    return result + text(y.name + (y.isLogarithmic ? ", logarithmic" : ""), x: 0, y: 14, anchor: "start") + "\n"
  }
}

/// A text element of an SVG picture.
func text(_ text: String, x: Double, y: Double, anchor: String, style: String = "label") -> String {
  "<text class=\"\(style)\" x=\"\(x.coordinate)\" y=\"\(y.coordinate)\" text-anchor=\"\(anchor)\">"
    + "\(text.escaped)</text>"
}

extension Double {
  /// The number with one decimal digit; a tenth of a unit is finer than a screen's resolution.
  var coordinate: String { fixed(1) }
}
