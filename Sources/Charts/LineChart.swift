import PerceptronFiles

/// Curves over the epochs or over another quantity, each labelled with its name at its end.
package struct LineChart {
  package struct Series {
    package let name: String
    /// One value per epoch or per value of the other quantity; a value that is not finite makes a gap in the curve.
    package let values: [Double]
    /// The class of its colour in the style sheet.
    package let style: String

    package init(_ name: String, _ values: [Double], style: String) {
      (self.name, self.values, self.style) = (name, values, style)
    }
  }

  private let series: [Series]
  /// What the values belong to, in ascending order.
  private let places: [Double]
  private let best: Int?
  private let frame: Frame

  /// - Parameters:
  ///   - name: The quantity that the curves show, and its unit.
  ///   - epochs: The epochs that the values belong to.
  ///   - best: The epoch to mark.
  package init(_ name: String, epochs: [Int], _ series: [Series], best: Int? = nil, scale: Axis.Scale = .automatic) {
    let places = epochs.map(Double.init)
    self.init(y: Axis(name, series.flatMap(\.values), scale), x: Axis("epoch", places, .whole), places, series, best)
  }

  /// - Parameters:
  ///   - name: The quantity that the curves show, and its unit.
  ///   - x: The name of the quantity that the values depend on.
  ///   - places: The values of that quantity, in ascending order.
  ///   - values: Further values that the scale includes.
  package init(
    _ name: String, over x: String, _ places: [Double], _ series: [Series], scaleOf values: [Double] = []
  ) {
    self.init(y: Axis(name, series.flatMap(\.values) + values), x: Axis(x, places), places, series, nil)
  }

  private init(y: Axis, x: Axis, _ places: [Double], _ series: [Series], _ best: Int?) {
    (self.series, self.places, self.best) = (series, places, best)
    let labelWidth = Double(y.ticks.map(\.label.count).max() ?? 0) * 8.5 + 12
    let nameWidth = Double(series.map(\.name.count).max() ?? 0) * 8.6 + 14
    frame = Frame(
      x: x, y: y, left: labelWidth, right: Frame.width - nameWidth, top: 44, bottom: 244, height: 290)
  }

  /// The picture as SVG.
  package var svg: String {
    var result = ""
    if let best {
      let x = frame.point(Double(best), 0).x
      let anchor = x < frame.left + 60 ? "start" : x > frame.right - 60 ? "end" : "middle"
      result += "<path class=\"best\" d=\"M\(x.coordinate) \(frame.top.coordinate)V\(frame.bottom.coordinate)\"/>"
      result += text("best epoch \(best)", x: x, y: frame.top - 8, anchor: anchor) + "\n"
    }
    for one in series { result += curve(one) }
    return frame.picture(result + names, description: description)
  }

  private var description: String {
    let ends = series.map { one in
      "\(one.name) from \(one.values.first?.short ?? "–") to \(one.values.last?.short ?? "–")"
    }
    let count = places.count
    let over =
      frame.x.name == "epoch" ? "\(count) epoch\(count == 1 ? "" : "s")" : "\(count) values of \(frame.x.name)"
    return "\(frame.y.name) over \(over): \(ends.joined(separator: ", "))"
      + (best.map { "; the best epoch is \($0)" } ?? "")
  }

  private func curve(_ one: Series) -> String {
    var (path, dots) = ("", "")
    var isOpen = false
    let indices = Self.shown(one.values)
    for (place, index) in indices.enumerated() {
      guard one.values[index].isFinite else {
        isOpen = false
        continue
      }
      let point = frame.point(places[index], one.values[index])
      let next = place + 1 < indices.count ? one.values[indices[place + 1]] : .nan
      if isOpen || next.isFinite {
        path += "\(isOpen ? "L" : "M")\(point.x.coordinate) \(point.y.coordinate)"
      }
      // A point without neighbours is not part of a line and needs a dot. If there are few points, all get dots.
      let isBest = best.map(Double.init) == places[index]
      if places.count <= 20 || !isOpen && !next.isFinite || isBest {
        let radius = isBest ? "5" : "3"
        dots +=
          "<circle class=\"\(one.style)\" cx=\"\(point.x.coordinate)\" cy=\"\(point.y.coordinate)\" r=\"\(radius)\"/>"
      }
      isOpen = true
    }
    return (path.isEmpty ? "" : "<path class=\"curve \(one.style)\" d=\"\(path)\"/>") + dots + "\n"
  }

  /// The indices of the values to draw. If there are more than 1000 values, these are the least and the largest of each
  /// of 400 stretches, since a screen does not show more.
  package static func shown(_ values: [Double]) -> [Int] {
    guard values.count > 1000 else { return Array(values.indices) }
    let stretches = 400
    return (0..<stretches).flatMap { number in
      let stretch = number * values.count / stretches..<(number + 1) * values.count / stretches
      let finite = stretch.filter { values[$0].isFinite }
      guard let least = finite.min(by: { values[$0] < values[$1] }),
        let most = finite.max(by: { values[$0] < values[$1] })
      else { return [stretch.lowerBound] }
      return least == most ? [least] : [min(least, most), max(least, most)]
    }
  }

  /// The series' names at the ends of their curves, placed apart from each other.
  private var names: String {
    let ends = series.compactMap { one in
      one.values.lastIndex(where: \.isFinite).map { (series: one, y: frame.point(1, one.values[$0]).y) }
    }.sorted { $0.y < $1.y }
    var (result, last) = ("", -Double.infinity)
    for (place, end) in ends.enumerated() {
      // Leaves room for the names below.
      let lowest = frame.bottom - Double(ends.count - 1 - place) * 18
      let y = max(min(end.y, lowest), last + 18)
      result +=
        text(end.series.name, x: frame.right + 9, y: y + 5, anchor: "start", style: "name \(end.series.style)") + "\n"
      last = y
    }
    return result
  }
}
