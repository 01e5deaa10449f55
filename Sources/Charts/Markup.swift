extension String {
  /// The string escaped for HTML and XML, for an element or a quoted attribute. Control characters, which XML does not
  /// allow, become U+FFFD.
  package var escaped: String {
    var result = ""
    for scalar in unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\t", "\n": result.unicodeScalars.append(scalar)
      case _ where scalar.properties.generalCategory == .control: result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

/// An HTML table with a header; the first column names the rows. The cells are plain text.
package func markupTable(_ header: [String], _ rows: [[String]]) -> String {
  let head = header.map { "<th scope=\"col\">\($0.escaped)</th>" }.joined()
  let body = rows.map { row in
    "<tr><th scope=\"row\">\(row[0].escaped)</th>" + row.dropFirst().map { "<td>\($0.escaped)</td>" }.joined()
      + "</tr>\n"
  }
  return
    "<div class=\"scroll\" tabindex=\"0\"><table><thead><tr>\(head)</tr></thead><tbody>\n"
    + "\(body.joined())</tbody></table></div>\n"
}
