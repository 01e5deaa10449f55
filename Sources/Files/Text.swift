#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// The string in quotes, on one line and of limited length, whatever a file contains.
package func quoted(_ text: String) -> String {
  let longest = 60
  var result = "\""
  var count = 0
  for scalar in text.unicodeScalars {
    guard count < longest else {
      result += "…"
      break
    }
    result += printable(scalar)
    count += 1
  }
  return result + "\""
}

/// The string on one line, whatever a file contains: control characters are escaped, as in "\\n".
package func onOneLine(_ text: String) -> String { text.unicodeScalars.map(printable).joined() }

private func printable(_ scalar: Unicode.Scalar) -> String {
  scalar.properties.generalCategory == .control ? scalar.escaped(asASCII: true) : String(scalar)
}

/// A message with the file and the place in it that it is about, as in "a.csv, line 3: found nothing".
package func located(_ path: String?, _ place: String?, _ message: String) -> String {
  ([[path, place].compactMap(\.self).joined(separator: ", ")].filter { !$0.isEmpty } + [message]).joined(
    separator: ": ")
}

/// Quoted names separated by commas, limited to what fits on a line.
package func listed(_ names: [String]) -> String {
  let longest = 20
  let shown = names.prefix(longest).map(quoted).joined(separator: ", ")
  return names.count > longest ? "\(shown) and \(names.count - longest) more" : shown
}

/// A number of bytes in human-readable form.
package func byteText(_ bytes: Int) -> String {
  let units = ["bytes", "KB", "MB", "GB", "TB", "PB", "EB"]
  var (size, unit) = (Double(bytes), 0)
  while size >= 999.5, unit + 1 < units.count { (size, unit) = (size / 1000, unit + 1) }
  return size < 10 && unit > 0
    ? "\((size * 10).rounded() / 10) \(units[unit])" : "\(Int(size.rounded())) \(units[unit])"
}

/// The system's text for an error number.
package func systemMessage(_ code: Int32) -> String {
  guard let text = strerror(code) else { return "error \(code)" }
  return String(cString: text)
}

/// Whether a path ends in one of these suffixes, ignoring case.
package func isNamed(_ path: String, _ suffixes: String...) -> Bool {
  let path = path.lowercased()
  return suffixes.contains { path.hasSuffix($0) }
}
