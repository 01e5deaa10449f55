import PerceptronCharts
import Testing

@Test("Ticks stand at round numbers that enclose the values")
func ticks() {
  #expect(Axis("y", [0.13, 0.92]).ticks.map(\.label) == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"])
  #expect(Axis("y", [-30, 70]).ticks.map(\.value) == [-40, -20, 0, 20, 40, 60, 80])
  #expect(Axis("y", [0, 240_000]).ticks.last?.label == "250 k")
  #expect(Axis("epoch", [1, 100], .whole).ticks.map(\.label) == ["1", "20", "40", "60", "80", "100"])
  #expect(Axis("epoch", [1], .whole).ticks.map(\.label) == ["1"])
}

@Test("Losses over decades stand on a logarithmic axis")
func logarithm() {
  let axis = Axis("loss", [1e-5, 1], .automatic)
  #expect(axis.isLogarithmic && axis.ticks.map(\.label) == ["10⁻⁵", "10⁻⁴", "0.001", "0.01", "0.1", "1"])
  #expect(abs(axis.position(1e-3) - 0.4) < 1e-12)
  #expect(!Axis("loss", [0, 1], .automatic).isLogarithmic)
}

@Test(
  "Values that are equal, huge or not finite have an axis",
  arguments: [
    [], [3, 3], [0], [.nan, .infinity], [-1e308, 1e308], [1e-300, 2e-300], [.nan, 1, 2],
  ])
func oddValues(_ values: [Double]) {
  let axis = Axis("y", values, .automatic)
  #expect(axis.range.lowerBound < axis.range.upperBound && axis.ticks.count < 12)
  #expect(axis.ticks.allSatisfy { (-0.001...1.001).contains(axis.position($0.value)) })
}

@Test("A chart marks the best epoch, leaves gaps, and names its curves in escaped text")
func lineChart() {
  let svg = LineChart(
    "loss", epochs: [1, 2, 3, 4], [.init("a<b", [4, .nan, 2, 3], style: "a")], best: 3
  ).svg
  #expect(svg.contains("best epoch 3") && svg.contains("a&lt;b") && !svg.contains("a<b") && !svg.contains("nan\""))
  #expect(svg.components(of: "<circle") == 3 && svg.components(of: "r=\"5\"") == 1)
  #expect(svg.contains("<title>") && svg.hasPrefix("<svg"))
}

@Test("A chart of many epochs draws few points and keeps the peaks")
func manyEpochs() {
  var values = (0..<100_000).map { 1 / Double($0 + 1) }
  values[54_321] = 7
  for index in 54_000..<54_321 { values[index] = .nan }
  let shown = LineChart.shown(values)
  #expect(shown.count <= 800 && shown.contains(54_321) && shown == shown.sorted())
}

@Test("A scatter plot of many samples shows some of them")
func scatter() {
  let values = (0..<100_000).map(Double.init)
  let svg = ScatterPlot("y", actual: values, predicted: values).svg
  #expect(svg.components(of: "h0") == ScatterPlot.mostPoints)
}

@Test("Curves over another quantity have its axis, and a common scale if values are added")
func otherQuantity() {
  let svg = LineChart("share", over: "size", [1, 2, 40], [.init("y", [0.2, 0.3, 0.4], style: "c")], scaleOf: [7]).svg
  #expect(svg.contains(">size</text>") && svg.contains("share over 3 values of size: y from 0.2 to 0.4"))
  #expect(svg.components(of: "<circle class=\"c\"") == 3 && svg.contains(">7</text>") && !svg.contains("epoch"))
}

@Test("Bars begin at 0, with their deviations, and a value that is not finite has none")
func bars() throws {
  let svg = RowChart("loss", rows: ["a<b", "c"], bars: [2, .nan], deviations: [0.5, 1]).svg
  #expect(svg.components(of: "class=\"bar a\"") == 1 && svg.contains(">a&lt;b</text>") && !svg.contains("nan\""))
  // The bar is four times as long as half of its deviation line.
  let numbers = svg.matches(of: /<path class="(?:bar a|axis)" d="M([0-9.]+) [0-9.]+H([0-9.]+)"\/>/)
    .map { Double($0.2)! - Double($0.1)! }
  #expect(abs(numbers[1] / numbers[2] - 2) < 0.02)
}

@Test("Points of rows stand in the rows, and the series are named")
func rowPoints() {
  let svg = RowChart(
    "mean", rows: ["x", "y", "z"],
    points: [.init("one", [1, 2, 3], style: "a"), .init("two", [3, .infinity, 1], style: "b")]
  ).svg
  #expect(svg.components(of: "<circle class=\"a\"") == 3 && svg.components(of: "<circle class=\"b\"") == 2)
  #expect(svg.contains("class=\"name a\"") && svg.contains(">two</text>"))
}

@Test("Text is escaped, and has no control characters")
func escaping() { #expect("<a b=\"c\">'&\u{1}".escaped == "&lt;a b=&quot;c&quot;&gt;&#39;&amp;\u{FFFD}") }

@Test("A PNG file has its signature, its size and the check sum of an empty end")
func png() {
  let picture = PNG([0, 128, 255, 7, 8, 9], width: 3, height: 2, kind: .gray)
  let bytes = picture.bytes
  #expect(
    bytes[..<8] == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] && bytes[16..<24] == [0, 0, 0, 3, 0, 0, 0, 2])
  #expect(bytes.suffix(12) == [0, 0, 0, 0, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82])
  #expect(picture.address.hasPrefix("data:image/png;base64,iVBORw0KGgo"))
}

extension String {
  /// How often a text occurs.
  fileprivate func components(of text: String) -> Int { ranges(of: text).count }
}
