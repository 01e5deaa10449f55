import Perceptron
import PerceptronCharts

/// The part of a report that shows how classes are confused with each other.
struct ClassificationErrors {
  private let metrics: ClassificationMetrics
  private let names: [String]

  /// A table of more classes than this is too large to read.
  private static let mostClasses = 20

  init<Scalar>(outputs: Matrix<Scalar>, targets: Matrix<Scalar>, names: [String]) {
    metrics = ClassificationMetrics(outputs: outputs, targets: targets)
    self.names = names
  }

  /// The confusion matrix and the scores of the classes. If there are many classes, this is a picture, the worst scores
  /// and the most frequent mistakes.
  var markup: String {
    "<div class=\"charts tables\">\n<div>\n\(names.count <= Self.mostClasses ? table : map)</div>\n"
      + "<div>\n\(scores)</div>\n</div>\n"
      + (names.count <= Self.mostClasses ? "" : mistakes)
  }

  private var table: String {
    let head = names.map { "<th scope=\"col\">\($0.escaped)</th>" }.joined()
    let rows = metrics.confusion.indices.map { actual in
      let row = metrics.confusion[actual]
      let count = max(row.reduce(0, +), 1)
      let cells = row.indices.map { predicted in
        // The square root makes rare mistakes visible.
        let share = (Double(row[predicted]) / Double(count)).squareRoot()
        return
          "<td style=\"--share:\(share.fixed(3));--c:var(--\(predicted == actual ? "a" : "b"))\">\(row[predicted])</td>"
      }
      return "<tr><th scope=\"row\">\(names[actual].escaped)</th>\(cells.joined())</tr>\n"
    }
    return """
      <h3>Confusion</h3>
      <div class="scroll" tabindex="0"><table class="confusion">\
      <caption>rows: true class, columns: predicted class</caption>
      <thead><tr><td></td>\(head)</tr></thead><tbody>
      \(rows.joined())</tbody></table></div>

      """
  }

  /// One pixel for each pair of classes: blue if they are equal, orange if not. The more frequent the pair is in its
  /// row, the stronger the colour.
  private var map: String {
    let pixels = metrics.confusion.indices.flatMap { actual in
      let row = metrics.confusion[actual]
      let count = Double(max(row.reduce(0, +), 1))
      return row.indices.flatMap { predicted -> [UInt8] in
        let strength = UInt8((Double(row[predicted]) / count).squareRoot() * 255)
        return (predicted == actual ? [0x3F, 0x8B, 0xD0] : [0xE0, 0x7B, 0x28]) + [strength]
      }
    }
    let size = names.count
    let picture = PNG(pixels, width: size, height: size, kind: .rgba)
    return """
      <h3>Confusion</h3>
      <figure><img class="map" src="\(picture.address)" alt="confusion matrix of \(size) classes"/>
      <figcaption>\(size) classes, rows: true, columns: predicted; blue is right, orange wrong.</figcaption></figure>

      """
  }

  private var scores: String {
    func row(_ name: String, _ scores: ClassScores) -> [String] {
      [name, scores.precision.fixed(4), scores.recall.fixed(4), scores.f1.fixed(4), "\(scores.count)"]
    }
    let all = zip(names, metrics.classes)
    let isCut = names.count > Self.mostClasses
    let shown = isCut ? Array(all.sorted { $0.1.f1 < $1.1.f1 }.prefix(Self.mostClasses)) : Array(all)
    return "<h3>\(isCut ? "The \(Self.mostClasses) classes with the lowest F1" : "Scores by class")</h3>\n"
      + markupTable(
        ["class", "precision", "recall", "F1", "count"], shown.map { row($0, $1) } + [row("mean of all", metrics.macro)]
      )
  }

  private var mistakes: String {
    let confusion = metrics.confusion
    let pairs = confusion.indices.flatMap { actual in
      confusion.indices.filter { $0 != actual && confusion[actual][$0] > 0 }.map { (actual, $0, confusion[actual][$0]) }
    }.sorted { $0.2 > $1.2 }
    guard !pairs.isEmpty else { return "" }
    return "<h3>Most frequent mistakes</h3>\n"
      + markupTable(
        ["true class", "taken for", "times"], pairs.prefix(Self.mostClasses).map { [names[$0], names[$1], "\($2)"] })
  }
}
