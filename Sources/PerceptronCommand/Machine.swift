import Perceptron

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// The processor's name from the kernel, and the number of its threads that this process may use.
func machineName() -> String {
  var name = "unknown processor"
  if let file = fopen("/proc/cpuinfo", "r") {
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 4096)
    while fgets(&line, Int32(line.count), file) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      guard text.hasPrefix("model name"), let colon = text.firstIndex(of: ":") else { continue }
      name = text[colon...].dropFirst().split(whereSeparator: \.isWhitespace).joined(separator: " ")
      break
    }
  }
  let count = usableProcessorCount()
  return "\(name), \(count) core\(count == 1 ? "" : "s") usable"
}

/// The time now, in UTC.
func dateAndTime() -> String {
  var (now, parts) = (time(nil), tm())
  gmtime_r(&now, &parts)
  var buffer = [CChar](repeating: 0, count: 64)
  let count = strftime(&buffer, buffer.count, "%Y-%m-%d %H:%M UTC", &parts)
  return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// The command line, quoted for a shell.
func commandLine() -> String {
  (["perceptron"] + CommandLine.arguments.dropFirst()).map { word in
    let isPlain =
      !word.isEmpty
      && word.utf8.allSatisfy { byte in
        byte >= 128 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
          || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 32
          || "-_./:=,+%@".utf8.contains(byte)
      }
    return isPlain
      ? word : "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }.joined(separator: " ")
}
