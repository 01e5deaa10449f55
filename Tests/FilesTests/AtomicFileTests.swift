import Glibc
import PerceptronFiles
import PerceptronTestFiles
import Testing

@Suite struct AtomicFileTests {
  @Test func `the bytes are written, and written over what was there`() throws {
    let scratch = Scratch()
    let path = scratch.path("model")
    try AtomicFile.write(Array("first".utf8), to: path)
    #expect(scratch.contents("model") == Array("first".utf8))
    try AtomicFile.write([], to: path)
    #expect(scratch.contents("model") == [])
    try AtomicFile.write([UInt8](repeating: 7, count: 100_000), to: path)
    #expect(scratch.contents("model") == [UInt8](repeating: 7, count: 100_000))
    #expect(scratch.names == ["model"])
  }

  @Test func `the mode is 0644 less the umask`() throws {
    let scratch = Scratch()
    try AtomicFile.write([1], to: scratch.path("model"))
    var status = stat()
    #expect(stat(scratch.path("model"), &status) == 0)
    let mask = umask(0)
    umask(mask)
    #expect(status.st_mode & 0o777 == 0o644 & ~mask)
  }

  @Test func `a symbolic link stays and what it points to is written`() throws {
    let scratch = Scratch()
    scratch.file("real", "old")
    #expect(symlink("real", scratch.path("link")) == 0)
    try AtomicFile.write(Array("new".utf8), to: scratch.path("link"))
    #expect(scratch.contents("real") == Array("new".utf8))
    var status = stat()
    #expect(lstat(scratch.path("link"), &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
  }

  @Test func `short and interrupted writes are carried on`() throws {
    let scratch = Scratch()
    let bytes = (0..<1000).map { UInt8($0 % 251) }
    nonisolated(unsafe) var calls = 0
    try AtomicFile.write(bytes, to: scratch.path("model")) { descriptor, start, count in
      calls += 1
      if calls % 2 == 0 {
        errno = EINTR
        return -1
      }
      return Glibc.write(descriptor, start, min(count, 7))
    }
    #expect(calls > 200)
    #expect(scratch.contents("model") == bytes)
  }

  @Test(arguments: [ENOSPC, EIO, EDQUOT])
  func `a failed write leaves the old file and nothing else`(code: Int32) {
    let scratch = Scratch()
    let path = scratch.file("model", "old")
    nonisolated(unsafe) var calls = 0
    let error = #expect(throws: FileError.self) {
      try AtomicFile.write([UInt8](repeating: 1, count: 100), to: path) { descriptor, start, count in
        calls += 1
        if calls == 1 { return Glibc.write(descriptor, start, 10) }
        errno = code
        return -1
      }
    }
    #expect(error == .cannotWrite(path: path, reason: String(cString: strerror(code))))
    #expect(error?.kind == .ioFailure)
    #expect(scratch.contents("model") == Array("old".utf8))
    #expect(scratch.names == ["model"])
  }

  @Test func `a write that writes nothing is a failure, not an endless loop`() {
    let scratch = Scratch()
    let path = scratch.path("model")
    let error = #expect(throws: FileError.self) { try AtomicFile.write([1], to: path) { _, _, _ in 0 } }
    #expect(error == .cannotWrite(path: path, reason: "Input/output error"))
    #expect(scratch.names == [])
  }

  @Test func `the system's limit on a file's size leaves the old file and nothing else`() async {
    await #expect(processExitsWith: .success) {
      let scratch = Scratch()
      let path = scratch.file("model", "old")
      signal(SIGXFSZ, SIG_IGN)
      let fileSize = __rlimit_resource_t(1)  // RLIMIT_FSIZE, a macro that Swift does not see.
      var old = rlimit()
      guard getrlimit(fileSize, &old) == 0 else { exit(2) }
      var limit = rlimit(rlim_cur: 4096, rlim_max: old.rlim_max)
      guard setrlimit(fileSize, &limit) == 0 else { exit(3) }
      var found: FileError?
      do throws(FileError) {
        try AtomicFile.write([UInt8](repeating: 1, count: 10_000), to: path)
      } catch {
        found = error
      }
      // Else what the process writes at its end, such as its coverage, would be cut too.
      guard setrlimit(fileSize, &old) == 0 else { exit(4) }
      guard found == .cannotWrite(path: path, reason: "File too large") else { exit(5) }
      guard scratch.contents("model") == Array("old".utf8), scratch.names == ["model"] else { exit(6) }
    }
  }

  @Test func `a directory that is not there is named before and at the writing`() {
    let path = "/nowhere/model"
    let expected = FileError.cannotWrite(path: path, reason: "No such file or directory")
    #expect(#expect(throws: FileError.self) { try AtomicFile.checkWritable(path) } == expected)
    #expect(#expect(throws: FileError.self) { try AtomicFile.write([1], to: path) } == expected)
    #expect(
      expected.description == "/nowhere/model: cannot be written: No such file or directory;"
        + " choose another path, or free space or permissions there")
  }

  @Test func `directories and devices are not replaced`() {
    let scratch = Scratch()
    let directory = scratch.directory
    for path in [directory, directory + "/", "/dev/null", "/dev/full", ""] {
      for error in [
        #expect(throws: FileError.self) { try AtomicFile.checkWritable(path) },
        #expect(throws: FileError.self) { try AtomicFile.write([1], to: path) },
      ] {
        #expect(error?.kind == .ioFailure)
      }
    }
    #expect(
      #expect(throws: FileError.self) { try AtomicFile.write([1], to: directory) }
        == .cannotWrite(path: directory, reason: "Is a directory"))
    #expect(
      #expect(throws: FileError.self) { try AtomicFile.write([1], to: "/dev/null") }
        == .cannotWrite(path: "/dev/null", reason: "Not a regular file"))
    var status = stat()
    #expect(stat("/dev/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
    #expect(scratch.names == [])
  }

  @Test func `what a killed write has left is removed by the next, what a living one writes is not`() throws {
    let scratch = Scratch()
    scratch.file(".perceptron-left.partial", "left")
    let living = scratch.file(".perceptron-living.partial", "written just now")
    let descriptor = open(living, O_WRONLY)
    #expect(flock(descriptor, LOCK_EX) == 0)
    // Neither of these is a file that a write has left.
    scratch.file("victim", "precious")
    #expect(symlink("victim", scratch.path(".perceptron-link.partial")) == 0)
    #expect(mkfifo(scratch.path(".perceptron-fifo.partial"), 0o644) == 0)
    scratch.file(".other.partial", "kept")
    try AtomicFile.write([1, 2], to: scratch.path("model"))
    #expect(scratch.contents("model") == [1, 2])
    #expect(scratch.contents("victim") == Array("precious".utf8))
    #expect(
      scratch.names == [
        ".other.partial", ".perceptron-fifo.partial", ".perceptron-link.partial", ".perceptron-living.partial", "model",
        "victim",
      ])
    close(descriptor)
    try AtomicFile.checkWritable(scratch.path("model"))
    #expect(!scratch.names.contains(".perceptron-living.partial"))
  }

  @Test func `a link to a file that is not there stays, and the file is made`() throws {
    let scratch = Scratch()
    #expect(symlink("second", scratch.path("first")) == 0 && symlink("model", scratch.path("second")) == 0)
    try AtomicFile.checkWritable(scratch.path("first"))
    #expect(scratch.names == ["first", "second"])
    try AtomicFile.write([7], to: scratch.path("first"))
    #expect(scratch.names == ["first", "model", "second"] && scratch.contents("model") == [7])
    #expect(AtomicFile.followingLinks(scratch.path("first")) == scratch.path("model"))
    #expect(symlink("circle", scratch.path("circle")) == 0)
    #expect(
      #expect(throws: FileError.self) { try AtomicFile.checkWritable(scratch.path("circle")) }
        == .cannotWrite(path: scratch.path("circle"), reason: "Is a symbolic link that cannot be followed"))
  }

  @Test(.enabled(if: geteuid() == 0, "only root can become another user"))
  func `another user's file in a sticky directory is refused before the writing`() async {
    await #expect(processExitsWith: .success) {
      let scratch = Scratch()
      let path = scratch.file("model", "old")
      guard chmod(scratch.directory, 0o1777) == 0, seteuid(65_534) == 0 else { exit(2) }
      let expected = FileError.cannotWrite(path: path, reason: "Operation not permitted")
      do throws(FileError) {
        try AtomicFile.checkWritable(path)
        exit(3)
      } catch { guard error == expected else { exit(4) } }
      do throws(FileError) {
        try AtomicFile.write([1], to: path)
        exit(5)
      } catch { guard error == expected else { exit(6) } }
      // Its own file there it may replace.
      do throws(FileError) {
        try AtomicFile.write([1], to: scratch.path("own"))
        try AtomicFile.checkWritable(scratch.path("own"))
      } catch { exit(7) }
      guard seteuid(0) == 0, scratch.contents("model") == Array("old".utf8), scratch.names == ["model", "own"] else {
        exit(8)
      }
    }
  }

  @Test func `directories are made with those that they are in`() throws {
    let scratch = Scratch()
    try AtomicFile.makeDirectory(scratch.path("a/b/c/"))
    try AtomicFile.makeDirectory(scratch.path("a/b"))
    var status = stat()
    #expect(stat(scratch.path("a/b/c"), &status) == 0 && status.st_mode & S_IFMT == S_IFDIR)
    for name in ["a/b/c", "a/b"] { rmdir(scratch.path(name)) }
    let file = scratch.file("file", "")
    #expect(
      #expect(throws: FileError.self) { try AtomicFile.makeDirectory(file + "/b") }
        == .cannotWrite(path: file + "/b", reason: "Not a directory"))
  }

  @Test func `the check leaves nothing behind`() throws {
    let scratch = Scratch()
    try AtomicFile.checkWritable(scratch.path("model"))
    #expect(scratch.names == [])
    scratch.file("model", "old")
    try AtomicFile.checkWritable(scratch.path("model"))
    #expect(scratch.names == ["model"])
    #expect(scratch.contents("model") == Array("old".utf8))
  }

  @Test func `a name as long as names may be can be written`() throws {
    let scratch = Scratch()
    let name = String(repeating: "n", count: 255)
    try AtomicFile.write([5], to: scratch.path(name))
    #expect(scratch.contents(name) == [5])
  }
}
