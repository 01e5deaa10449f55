/// A plot of predicted values against true values, with the line on which both are equal.
package struct ScatterPlot {
  /// The maximal number of points; more points would only cover each other.
  package static let mostPoints = 2000

  private let name: String
  private let points: [(actual: Double, predicted: Double)]
  private let frame: Frame

  /// - Parameter name: The quantity that is predicted.
  package init(_ name: String, actual: [Double], predicted: [Double]) {
    self.name = name
    // The points are evenly spread, and the same in each run.
    let count = min(actual.count, Self.mostPoints)
    points = (0..<count).map { $0 * actual.count / count }.map { (actual[$0], predicted[$0]) }
    let values = points.flatMap { [$0.actual, $0.predicted] }
    let y = Axis("predicted", values)
    let left = Double(y.ticks.map(\.label.count).max() ?? 0) * 8.5 + 12
    frame = Frame(x: Axis("true", values), y: y, left: left, right: Frame.width - 20, top: 30, bottom: 410, height: 456)
  }

  /// The picture as SVG.
  package var svg: String {
    let (low, high) = (frame.y.range.lowerBound, frame.y.range.upperBound)
    let (start, end) = (frame.point(low, low), frame.point(high, high))
    var path = ""
    for point in points where point.actual.isFinite && point.predicted.isFinite {
      let place = frame.point(point.actual, point.predicted)
      path += "M\(place.x.coordinate) \(place.y.coordinate)h0"
    }
    let best = "M\(start.x.coordinate) \(start.y.coordinate)L\(end.x.coordinate) \(end.y.coordinate)"
    return frame.picture(
      "<path class=\"best\" d=\"\(best)\"/>\n"
        + "<path class=\"points a\" d=\"\(path)\"/>\n",
      description: "\(name): predicted against true values of \(points.count) samples")
  }
}
