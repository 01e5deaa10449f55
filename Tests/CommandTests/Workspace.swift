import Foundation
import PerceptronTestFiles
import Testing

/// An empty directory in which the `perceptron` command that was built beside the tests is run.
struct Workspace: ~Copyable {
  let directory = FileManager.default.temporaryDirectory.appending(path: "perceptron-\(UUID().uuidString)")

  init() throws { try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true) }

  deinit { try? FileManager.default.removeItem(at: directory) }

  typealias Result = Program.Result

  private let command = Program("perceptron")

  /// Where the command is.
  var program: URL { command.url }

  /// Runs the command with words that are separated by spaces, and with more in its environment.
  func run(_ line: String, environment: [String: String] = [:]) throws -> Result {
    try command.run(line.split(separator: " ").map(String.init), in: directory, environment: environment)
  }

  /// Runs a script of the shell, in which `$P` is the command.
  func shell(_ script: String) throws -> Result {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", "(\(script)) > standard-output 2> standard-error"]
    process.currentDirectoryURL = directory
    process.environment = ProcessInfo.processInfo.environment.merging(["P": program.path]) { $1 }
    try process.run()
    process.waitUntilExit()
    let texts = try ["standard-output", "standard-error"].map { name in
      defer { try? FileManager.default.removeItem(at: directory.appending(path: name)) }
      return String(decoding: try read(name), as: UTF8.self)
    }
    return Result(status: process.terminationStatus, output: texts[0], errors: texts[1])
  }

  /// The names that an option takes, which the command lists when it is given another.
  func names(of option: String, after line: String) throws -> [String] {
    let error = try run("\(line) \(option) ?").error
    let list = error.firstMatch(of: /expected one of (.+), found/)?.1
    return try #require(list, "\(error)").components(separatedBy: ", ")
  }

  /// Starts the command with standard error going to the file `progress`, and returns its process.
  ///
  /// Unlike Foundation's `Process` it does not hand on the signals that the calling thread blocks or ignores.
  func spawn(_ line: String) throws -> pid_t {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(
      &actions, 2, directory.appending(path: "progress").path, O_WRONLY | O_CREAT, 0o600)
    try write("", to: "progress")
    var words = ([program.path] + line.split(separator: " ").map(String.init)).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var process: pid_t = 0
    guard posix_spawn(&process, program.path, &actions, &attributes, &words, environ) == 0 else {
      throw POSIXError(.EINVAL)
    }
    return process
  }

  /// Sends a signal to a process from ``spawn(_:)`` once its progress is as asked for, and returns its status as
  /// `waitpid` gives it.
  func stop(_ process: pid_t, by signal: Int32, once isReady: (_ progress: String) -> Bool) throws -> Int32 {
    var status: Int32 = 0
    func progress() throws -> String { String(decoding: try read("progress"), as: UTF8.self) }
    while try !isReady(progress()) && waitpid(process, &status, WNOHANG) == 0 { usleep(1000) }
    #expect(kill(process, signal) == 0)
    waitpid(process, &status, 0)
    return status
  }

  func write(_ text: String, to name: String) throws { try write(Array(text.utf8), to: name) }

  func write(_ bytes: [UInt8], to name: String) throws { try Data(bytes).write(to: directory.appending(path: name)) }

  func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: directory.appending(path: name))) }

  /// The names of all files, hidden ones too.
  var files: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() } }
}

/// An IDX file of bytes.
func idx(_ dimensions: [Int], _ values: [UInt8]) -> [UInt8] {
  [0, 0, 8, UInt8(dimensions.count)]
    + dimensions.flatMap { size in (0..<4).map { UInt8(truncatingIfNeeded: size >> (24 - 8 * $0)) } } + values
}

/// A table that is easy to learn: the class is whether a > b, the value a − b.
func table(rows: Int, target: (Int, Int) -> String) -> String {
  "a,b,y\n"
    + (0..<rows).map { row in
      let (a, b) = (row * 7 % 23, row * 5 % 19)
      return "\(a),\(b),\(target(a, b))\n"
    }.joined()
}
