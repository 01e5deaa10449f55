import PerceptronFiles

/// Numbers of named rows, as bars or as points.
package struct RowChart {
  private let series: [LineChart.Series]
  private let deviations: [Double]?
  private let frame: Frame

  /// Draws a bar from 0 to the value of each row, with a line for its deviation.
  ///
  /// - Parameter name: The quantity that the bars show.
  package init(_ name: String, rows: [String], bars values: [Double], deviations: [Double]) {
    series = [LineChart.Series(name, values, style: "a")]
    self.deviations = deviations
    let ends = zip(values, deviations).flatMap { [$0 - $1, $0 + $1] }
    let width = Double(values.map(\.short.count).max() ?? 0) * 8.5 + 12
    frame = Self.frame(x: Axis(name, values + ends, .linearFromZero), rows, right: Frame.width - width)
  }

  /// Draws a point for each row and series; the series' names are above them.
  ///
  /// - Parameters:
  ///   - name: The quantity that the points show.
  ///   - values: Further values that the scale includes.
  package init(_ name: String, rows: [String], points series: [LineChart.Series], scaleOf values: [Double] = []) {
    self.series = series
    deviations = nil
    frame = Self.frame(x: Axis(name, series.flatMap(\.values) + values), rows, right: Frame.width - 20)
  }

  private static func frame(x: Axis, _ rows: [String], right: Double) -> Frame {
    let left = Double(rows.map(\.count).max() ?? 0) * 8 + 14
    let bottom = 30 + 26 * Double(rows.count)
    return Frame(
      x: x, y: Axis(rows: rows), left: min(left, right / 2), right: right, top: 30, bottom: bottom,
      height: bottom + 46)
  }

  /// The picture as SVG.
  package var svg: String {
    let rows = frame.y.ticks
    let description = rows.enumerated().map { row, tick in
      "\(tick.label) \(series.map { shown($0.values[row]) }.joined(separator: " "))"
    }
    return frame.picture(
      deviations == nil ? names + points : bars,
      description: "\(frame.x.name) of \(rows.count) rows: \(description.joined(separator: ", "))")
  }

  private var bars: String {
    zip(frame.y.ticks, zip(series[0].values, deviations ?? [])).map { tick, bar in
      let (value, deviation) = bar
      let label = text(shown(value), x: Frame.width, y: y(tick) + 5, anchor: "end") + "\n"
      guard value.isFinite else { return label }
      let (start, end) = (x(0), x(value))
      let line = deviation.isFinite ? "M\(x(value - deviation)) \(y(tick).coordinate)H\(x(value + deviation))" : ""
      return "<path class=\"bar a\" d=\"M\(start) \(y(tick).coordinate)H\(end)\"/><path class=\"axis\" d=\"\(line)\"/>"
        + label
    }.joined()
  }

  private var points: String {
    series.map { one in
      zip(frame.y.ticks, one.values).map { tick, value in
        value.isFinite
          ? "<circle class=\"\(one.style)\" cx=\"\(x(value))\" cy=\"\(y(tick).coordinate)\" r=\"5\"/>" : ""
      }.joined() + "\n"
    }.joined()
  }

  private var names: String {
    var start = frame.left
    return series.map { one in
      defer { start += Double(one.name.count) * 8.6 + 18 }
      return text(one.name, x: start, y: 14, anchor: "start", style: "name \(one.style)") + "\n"
    }.joined()
  }

  private func shown(_ value: Double) -> String { value.isFinite ? value.short : "–" }

  private func x(_ value: Double) -> String { frame.point(value, 0).x.coordinate }

  private func y(_ tick: Axis.Tick) -> Double { frame.point(0, tick.value).y }
}
