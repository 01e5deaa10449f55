import Foundation
import PerceptronTestFiles
import Testing

private let classes = table(rows: 200) { $0 > $1 ? "more" : "less" }
private let file = "checkpoint.safetensors"

/// Trains with much to remember, then again with a signal at a random moment, over and over, each time going on where
/// it was, until there were so many signals; each training that comes to its end must leave the same model.
private func checkKills(_ count: Int, signals: [Int32], networks: Int) throws {
  let workspace = try Workspace()
  let directory = workspace.directory.path
  try workspace.write(classes, to: "t.csv")
  let line =
    "train \(directory)/t.csv --recipe plain --epochs 40 --batch-size 8 --hidden 16,8 --normalization batch"
    + " --dropout 0.2"
    + " --schedule plateau --validation-split 0.2 --early-stopping 30 --quiet --no-baseline"
    + " --ensemble \(networks) -o \(directory)/"
  func wait(_ process: pid_t) -> Int32 {
    var status: Int32 = 0
    waitpid(process, &status, 0)
    // As shells have it.
    return status & 0x7f == 0 ? status >> 8 : 128 + status & 0x7f
  }
  let start = ContinuousClock.now
  #expect(wait(try workspace.spawn(line + "whole --checkpoint \(directory)/w")) == 0)
  // No longer than a disk in good health needs.
  let microseconds = min(UInt32((ContinuousClock.now - start) / .microseconds(1)), 300_000)
  let whole = try workspace.read("whole")

  var generator = SplitMix(state: 1)
  var kills = 0
  var isRunning = true
  while isRunning {
    let signal = signals[kills % signals.count]
    let process = try workspace.spawn(
      line + "parts --checkpoint \(directory)/c --resume --threads \(1 + kills % 3)")
    if kills < count {
      usleep(.random(in: 0...microseconds, using: &generator))
      kill(process, signal)
    }
    let status = wait(process)
    if status == 0 {
      try #require(try workspace.read("parts") == whole, "after \(kills) signals")
      let files = [file] + (1..<networks).map { "checkpoint-\($0 + 1).safetensors" }
      #expect(try FileManager.default.contentsOfDirectory(atPath: "\(directory)/c").sorted() == files.sorted())
      for name in ["parts", "c"] { try FileManager.default.removeItem(atPath: "\(directory)/\(name)") }
      isRunning = kills < count
    } else {
      try #require(status == 128 + signal)
      kills += 1
    }
  }
}

@Test(
  "A training that is stopped at random moments and resumed leaves the same model, byte for byte", arguments: [1, 2])
func kills(networks: Int) throws { try checkKills(4, signals: [SIGTERM, SIGKILL], networks: networks) }

@Suite(.enabled(if: ProcessInfo.processInfo.environment["PERCEPTRON_LONG_TESTS"] == "1", "make test-long runs it"))
struct CheckpointLongTests {
  @Test("So it does when it is stopped a hundred times", arguments: [1, 2])
  func manyKills(networks: Int) throws {
    try checkKills(100, signals: [SIGTERM, SIGKILL, SIGINT], networks: networks)
  }
}

@Test("A signal stops within an epoch, and says how to go on", arguments: [SIGINT, SIGTERM])
func stop(signal: Int32) throws {
  let workspace = try Workspace()
  let directory = workspace.directory.path
  try workspace.write(classes, to: "t.csv")
  let process = try workspace.spawn(
    "train \(directory)/t.csv --recipe plain -o \(directory)/m --epochs 1000000 --checkpoint \(directory)/a/b"
      + " --checkpoint-every 1000000")
  let status = try workspace.stop(process, by: signal) { $0.contains("epoch 1/") }
  #expect(status >> 8 == 128 + signal && status & 0x7f == 0)
  let line = try #require(
    String(decoding: workspace.read("progress"), as: UTF8.self).split(separator: "\n").last.map(String.init))
  #expect(
    line.hasPrefix("stopped after ") && line.hasSuffix(" epochs; the same command with --resume continues from there"))
  #expect(try workspace.files == ["a", "progress", "t.csv"])
  #expect(try FileManager.default.contentsOfDirectory(atPath: "\(directory)/a/b") == [file])
}

@Test(
  "More epochs go on from a training's end, to the model of one with as many from the beginning, whole in its figures")
func moreEpochs() throws {
  let workspace = try Workspace()
  try workspace.write(classes, to: "t.csv")
  let line = "train t.csv --recipe plain --batch-size 16 --validation t.csv --early-stopping 9 --no-baseline --json"
  let whole = try workspace.run("\(line) -o whole --epochs 12")
  let first = try workspace.run("\(line) --epochs 5 --checkpoint c --resume")
  #expect(first.status == 0 && first.errors.contains("no checkpoint there: training starts anew\n"))
  let second = try workspace.run("\(line) -o parts --epochs 12 --checkpoint c --resume --checkpoint-every 5")
  #expect(second.status == 0 && second.errors.contains("continuing after 5 of 12 epochs\n"))
  #expect(try workspace.read("whole") == workspace.read("parts"))
  // A training that is complete only says again what came of it.
  let third = try workspace.run("\(line) -o again --epochs 12 --checkpoint c --resume")
  #expect(try third.status == 0 && workspace.read("again") == workspace.read("whole"))
  func figures(_ result: Workspace.Result) throws -> NSDictionary {
    let last = try #require(result.lines.last)
    var all = try #require(JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any])
    for name in ["seconds", "samples_per_second"] { all[name] = nil }
    return all as NSDictionary
  }
  #expect(try figures(second) == figures(whole))
  #expect(try figures(third) == figures(whole))
}

@Test("A checkpoint that does not belong to the command is refused by what differs")
func refusals() throws {
  let workspace = try Workspace()
  try workspace.write(classes, to: "t.csv")
  try workspace.write(table(rows: 201) { $0 > $1 ? "more" : "less" }, to: "other.csv")
  let line = "train t.csv --recipe plain --hidden 8 --schedule cosine --epochs 4 --quiet --checkpoint c"
  #expect(try workspace.run(line).status == 0)
  func check(_ line: String, _ status: Int32, _ error: String) throws {
    let result = try workspace.run(line)
    #expect(result.status == status && result.error == "error: \(error)")
  }
  try check(
    line, 64, "--checkpoint c: a checkpoint is there; add --resume to continue from it, or name another directory")
  let other = "; give the same, or name another directory"
  try check(
    "train t.csv --recipe plain --hidden 9 --schedule cosine --epochs 4 --checkpoint c --resume", 64,
    "--hidden: the training in c began with 8, found with 9\(other)")
  try check(
    "\(line) --resume --l2 0.1", 64, "--l2: the training in c began without it, found with 0.1\(other)")
  try check(
    "\(line) --resume --scale minmax", 64, "--scale: the training in c began without it, found with minmax\(other)")
  try check("\(line) --resume -o c/\(file)", 64, "-o c/\(file) is the file of --checkpoint; name another file")
  let epochs = "train t.csv --recipe plain --hidden 8 --schedule cosine --checkpoint c --resume --epochs"
  try check("\(epochs) 3", 64, "--epochs: the training in c began with 4, found 3; give as many, or more")
  try check(
    "\(epochs) 5", 64,
    "--epochs: the training in c began with 4, found 5; give the same, because the schedule depends on it")
  try check(
    "train other.csv --recipe plain --hidden 8 --schedule cosine --epochs 4 --quiet --checkpoint c --resume", 65,
    "the data differ from those that the training in c began with\(other)")
  try check(
    "\(line) --resume --precision double", 65,
    "c/\(file): a training in float precision, expected double; train in float precision, or remove it to start anew")
  try check("train t.csv --recipe plain --resume", 64, "--resume needs --checkpoint")
  try check("train t.csv --recipe plain --checkpoint-every 2", 64, "--checkpoint-every needs --checkpoint")
  try check(
    "train t.csv --recipe plain --checkpoint t.csv", 74,
    "t.csv/\(file): cannot be written: Not a directory; choose another path, or free space or permissions there")
  // Nothing is written where another network's checkpoint is of another training.
  #expect(
    try workspace.run("train t.csv --recipe plain --hidden 8 --epochs 1 --ensemble 2 --quiet --checkpoint d").status
      == 0)
  try FileManager.default.createDirectory(
    at: workspace.directory.appending(path: "e"), withIntermediateDirectories: true)
  try workspace.write(workspace.read("d/checkpoint-2.safetensors"), to: "e/checkpoint-2.safetensors")
  try check(
    "train t.csv --recipe plain --hidden 8 --epochs 1 --ensemble 2 --checkpoint e", 64,
    "--checkpoint e: a checkpoint is there; add --resume to continue from it, or name another directory")
  try workspace.write("kept", to: "l.csv")
  try check(
    "train t.csv --recipe plain --hidden 8 --epochs 1 --ensemble 2 --l2 1 --checkpoint e --resume --log l.csv", 64,
    "--l2: the training in e began without it, found with 1\(other)")
  #expect(try workspace.read("l.csv") == Array("kept".utf8))
  try workspace.write(Array(try workspace.read("c/\(file)").dropLast()), to: "c/\(file)")
  let damaged = try workspace.run("\(line) --resume")
  #expect(damaged.status == 65 && damaged.error.hasPrefix("error: c/\(file): damaged, or not a checkpoint: "))
}

@Test("A training that is resumed with other kernels of OpenBLAS says so, even if it is quiet, and goes on")
func otherKernels() throws {
  let workspace = try Workspace()
  try workspace.write(classes, to: "t.csv")
  let line = "train t.csv --recipe plain --quiet --no-baseline --checkpoint c --resume --epochs"
  let first = try workspace.run("\(line) 1", environment: ["OPENBLAS_CORETYPE": "Nehalem"])
  #expect(first.status == 0 && first.errors.isEmpty)
  let second = try workspace.run("\(line) 2", environment: ["OPENBLAS_CORETYPE": "Nehalem"])
  #expect(second.status == 0 && second.errors.isEmpty)
  let third = try workspace.run("\(line) 3", environment: ["OPENBLAS_CORETYPE": "Sandybridge"])
  // Not every build of OpenBLAS has kernels to choose from.
  if !third.errors.isEmpty {
    #expect(third.status == 0)
    #expect(third.errors.hasPrefix("warning: c: the training began with other kernels (\""))
    #expect(third.errors.contains(", OpenBLAS Nehalem\", here "))
    #expect(
      third.errors.hasSuffix(", OpenBLAS Sandybridge), which round differently; the result will not be bit-identical\n")
    )
  }
}

@Test("Where a checkpoint can no longer be written training ends, and goes on from the last one once it can")
func unwritable() throws {
  let workspace = try Workspace()
  let directory = workspace.directory.path
  try workspace.write(classes, to: "t.csv")
  let line = "train \(directory)/t.csv --recipe plain --checkpoint \(directory)/c --resume --epochs"
  let process = try workspace.spawn("\(line) 1000000")
  var status: Int32 = 0
  while !FileManager.default.fileExists(atPath: "\(directory)/c/\(file)") && waitpid(process, &status, WNOHANG) == 0 {
    usleep(1000)
  }
  try #require(FileManager.default.fileExists(atPath: "\(directory)/c/\(file)"))
  rename("\(directory)/c", "\(directory)/moved")
  waitpid(process, &status, 0)
  #expect(status == 74 << 8)
  let error = "error: \(directory)/c/\(file): cannot be written: "
  #expect(
    String(decoding: try workspace.read("progress"), as: UTF8.self).contains("\n\(error)No such file or directory; "))
  // Known before training.
  try workspace.write("", to: "c")
  let second = try workspace.run("\(line) 1000000")
  #expect(second.status == 74 && second.error.hasPrefix(error + "Not a directory; "))
  unlink("\(directory)/c")
  rename("\(directory)/moved", "\(directory)/c")
  let third = try workspace.run("\(line) 1000000 --batch-size 7")
  #expect(third.status == 64 && third.error.hasPrefix("error: --batch-size: "))
}

@Test("Two trainings do not write to one directory")
func twoTrainings() throws {
  let workspace = try Workspace()
  let directory = workspace.directory.path
  try workspace.write(classes, to: "t.csv")
  let line = "train \(directory)/t.csv --recipe plain --epochs 1000000 --checkpoint \(directory)/c --resume"
  let process = try workspace.spawn(line)
  var status: Int32 = 0
  while try workspace.read("progress").isEmpty && waitpid(process, &status, WNOHANG) == 0 { usleep(1000) }
  let second = try workspace.run(line)
  #expect(second.status == 64)
  #expect(
    second.error
      == "error: --checkpoint \(directory)/c: another training is writing there; end it, or name another directory")
  kill(process, SIGKILL)
  waitpid(process, &status, 0)
}
