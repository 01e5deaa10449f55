import Foundation
import Testing

/// Returns where a program is installed, or nil.
private func program(_ name: String) -> String? {
  let directories = ProcessInfo.processInfo.environment["PATH", default: "/usr/bin:/bin"].split(separator: ":")
  return directories.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
}

private let downloaders = ["curl", "wget"].filter { program($0) != nil }

private let scripts = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Scripts").standardized

/// A directory of its own with a checksum file, in which the script runs.
private struct Workplace: ~Copyable {
  let directory = FileManager.default.temporaryDirectory.appending(path: "download-\(UUID().uuidString)")
  private let tools: URL

  /// Makes the directory; the script finds `downloader`, and no other, installed.
  init(downloader: String?, checksums: String) throws {
    tools = directory.appending(path: "tools")
    try FileManager.default.createDirectory(at: tools, withIntermediateDirectories: true)
    for tool in ["sh", "sha256sum", "mkdir", "mv", "rm", "tail"] + (downloader.map { [$0] } ?? []) {
      let path = try #require(program(tool))
      try FileManager.default.createSymbolicLink(
        at: tools.appending(path: tool), withDestinationURL: URL(filePath: path))
    }
    try Data(checksums.utf8).write(to: directory.appending(path: "checksums"))
  }

  deinit { try? FileManager.default.removeItem(at: directory) }

  /// Runs the script and returns its exit status and what it wrote.
  func download(from address: String) throws -> (status: Int32, output: String, errors: String) {
    let process = Process()
    process.executableURL = tools.appending(path: "sh")
    process.arguments = [scripts.appending(path: "download-mnist.sh").path, address, "data", "checksums"]
    process.currentDirectoryURL = directory
    // No proxy, no locale, no tools but those above.
    process.environment = ["PATH": tools.path, "LC_ALL": "C"]
    let (output, errors) = (Pipe(), Pipe())
    (process.standardOutput, process.standardError) = (output, errors)
    try process.run()
    let texts = try [output, errors].map {
      String(decoding: try $0.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    }
    process.waitUntilExit()
    return (process.terminationStatus, texts[0], texts[1])
  }

  /// Puts a file where the script would.
  func put(_ text: String, _ name: String) throws {
    let data = directory.appending(path: "data")
    try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
    try Data(text.utf8).write(to: data.appending(path: name))
  }

  /// The contents of the directory that the script fills, by name.
  var files: [String: String] {
    get throws {
      let data = directory.appending(path: "data")
      var files: [String: String] = [:]
      for name in try FileManager.default.contentsOfDirectory(atPath: data.path) {
        files[name] = String(decoding: try Data(contentsOf: data.appending(path: name)), as: UTF8.self)
      }
      return files
    }
  }
}

/// The checksums of "abc" (FIPS 180-2, B.1) and of the empty text.
private let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
private let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/// `first` holds "abc", `second` nothing.
private let checksums = "\(abc)  first\n\(empty) *second\n"
private let contents: [String: [UInt8]] = ["first": Array("abc".utf8), "second": []]

@Suite(.enabled(if: !downloaders.isEmpty, "neither curl nor wget is installed"))
struct DownloadTests {
  @Test(arguments: downloaders)
  func `files are downloaded once`(downloader: String) throws {
    let server = try FileServer(files: contents)
    defer { server.stop() }
    let workplace = try Workplace(downloader: downloader, checksums: checksums)

    let first = try workplace.download(from: server.address + "/")
    #expect(first == (0, "data/first: downloaded\ndata/second: downloaded\n", ""))
    #expect(try workplace.files == ["first": "abc", "second": ""])

    let second = try workplace.download(from: server.address)
    #expect(second == (0, "data/first: already there\ndata/second: already there\n", ""))
    #expect(server.requests == ["first", "second"])
  }

  @Test(arguments: downloaders)
  func `a file with a wrong checksum is replaced`(downloader: String) throws {
    let server = try FileServer(files: contents)
    defer { server.stop() }
    let workplace = try Workplace(downloader: downloader, checksums: checksums)
    try workplace.put("abd", "first")

    #expect(try workplace.download(from: server.address).status == 0)
    #expect(try workplace.files == ["first": "abc", "second": ""])
  }

  @Test(arguments: downloaders)
  func `a corrupted download is refused and what was there stays`(downloader: String) throws {
    let server = try FileServer(files: ["first": [], "second": Array("abc".utf8)])
    defer { server.stop() }
    let workplace = try Workplace(downloader: downloader, checksums: checksums)
    try workplace.put("abc", "first")
    try workplace.put("old", "second")

    let run = try workplace.download(from: server.address)
    let line =
      "download-mnist: \(server.address)/second: checksum \(abc), expected \(empty); "
      + "download again, or from another address\n"
    #expect(run == (1, "data/first: already there\n", line))
    #expect(try workplace.files == ["first": "abc", "second": "old"])
  }

  @Test(arguments: downloaders)
  func `a download that breaks off is refused and leaves no part behind`(downloader: String) throws {
    let server = try FileServer(files: contents, truncated: ["first"])
    defer { server.stop() }
    let workplace = try Workplace(downloader: downloader, checksums: checksums)

    let run = try workplace.download(from: server.address)
    #expect(run.status == 1)
    try expectOneLine(run.errors, about: "\(server.address)/first")
    #expect(try workplace.files.isEmpty)
  }

  @Test(arguments: downloaders)
  func `a file that the server does not have is an error`(downloader: String) throws {
    let server = try FileServer(files: ["first": Array("abc".utf8)])
    defer { server.stop() }
    let workplace = try Workplace(downloader: downloader, checksums: checksums)

    let run = try workplace.download(from: server.address)
    #expect(run.status == 1)
    #expect(run.output == "data/first: downloaded\n")
    try expectOneLine(run.errors, about: "\(server.address)/second")
    #expect(run.errors.contains("404"))
    #expect(try workplace.files == ["first": "abc"])
  }

  @Test(arguments: downloaders)
  func `a host that does not answer is an error`(downloader: String) throws {
    let address = try FileServer.deadAddress()
    let workplace = try Workplace(downloader: downloader, checksums: checksums)

    let run = try workplace.download(from: address)
    #expect(run.status == 1)
    try expectOneLine(run.errors, about: "\(address)/first")
    #expect(try workplace.files.isEmpty)
  }

  @Test(arguments: ["", "\n", "no checksum\n", "\(abc)\n", "\(abc)  ../first\n", "\(abc.dropLast())  first\n"])
  func `a file that sha256sum did not write is refused`(checksums: String) throws {
    let workplace = try Workplace(downloader: downloaders[0], checksums: checksums)
    let run = try workplace.download(from: try FileServer.deadAddress())
    #expect(run.status == 1)
    try expectOneLine(run.errors, about: "checksums")
  }

  /// Checks that an error is one line that names its subject and says what to do.
  private func expectOneLine(_ errors: String, about subject: String) throws {
    #expect(errors.hasPrefix("download-mnist: \(subject): "))
    #expect(errors.contains("; "))
    #expect(errors.split(separator: "\n", omittingEmptySubsequences: false).count == 2)
  }
}

@Suite struct DownloadWithoutDownloaderTests {
  @Test func `without curl and wget the script says so`() throws {
    let workplace = try Workplace(downloader: nil, checksums: checksums)
    let run = try workplace.download(from: "http://127.0.0.1")
    #expect(run == (1, "", "download-mnist: neither curl nor wget is installed; install one of them\n"))
  }

  @Test func `without curl and wget files that are there are still verified`() throws {
    let workplace = try Workplace(downloader: nil, checksums: checksums)
    try workplace.put("abc", "first")
    try workplace.put("", "second")
    #expect(try workplace.download(from: "http://127.0.0.1").status == 0)
  }

  @Test func `the checksums name the four MNIST files`() throws {
    let lines = try String(contentsOf: scripts.appending(path: "mnist.sha256"), encoding: .utf8).split(separator: "\n")
    #expect(lines.allSatisfy { $0.prefix(64).allSatisfy(\.isHexDigit) && $0.dropFirst(64).hasPrefix("  ") })
    #expect(
      lines.map { $0.dropFirst(66) } == [
        "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz",
        "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz",
      ])
  }
}
