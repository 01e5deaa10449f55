import Foundation
import Tensor
import Testing

/// What follows from a folder of files as the kernel has them.
private func quota(_ files: [String: String], membership: String) throws -> Double? {
  try withFolder(of: files) { cgroupQuota(root: $0, membership: membership) }
}

private func withFolder<Result>(of files: [String: String], _ body: (_ root: String) -> Result) throws -> Result {
  let root = FileManager.default.temporaryDirectory.appending(path: "cgroup-\(UUID().uuidString)")
  defer { try? FileManager.default.removeItem(at: root) }
  for (path, text) in files {
    let file = root.appending(path: path)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }
  return body(root.path)
}

@Test("A quota of version 2 binds the groups below it")
func version2() throws {
  #expect(try quota(["cpu.max": "max 100000\n"], membership: "0::/\n") == nil)
  #expect(try quota(["a/cpu.max": "50000 100000\n", "a/b/cpu.max": "max 100000\n"], membership: "0::/a/b\n") == 0.5)
  #expect(
    try quota(["a/cpu.max": "400000 100000\n", "a/b/cpu.max": "250000 100000\n"], membership: "0::/a/b\n") == 2.5)
  // In a container the path may be the host's, and the mount the group itself.
  #expect(try quota(["cpu.max": "150000 100000\n"], membership: "0::/host/docker/1234\n") == 1.5)
}

@Test("A quota of version 1 is found beside other controllers")
func version1() throws {
  let files = ["cpu/job/cpu.cfs_quota_us": "300000\n", "cpu/job/cpu.cfs_period_us": "100000\n"]
  #expect(try quota(files, membership: "5:memory:/other\n4:cpu,cpuacct:/job\n") == 3)
  let unlimited = ["cpu/job/cpu.cfs_quota_us": "-1\n", "cpu/job/cpu.cfs_period_us": "100000\n"]
  #expect(try quota(unlimited, membership: "4:cpu,cpuacct:/job\n") == nil)
}

@Test("Nonsense is no quota")
func nonsense() throws {
  #expect(try quota(["cpu.max": "garbage"], membership: "0::/\n") == nil)
  #expect(try quota(["cpu.max": "0 0\n"], membership: "0::/\nxx\n::\n") == nil)
  #expect(try quota([:], membership: "") == nil)
}

@Test("A quota counts in whole processors, half a one as one, and no more than are allowed")
func wholeProcessors() {
  for (quota, count) in [(nil, 4), (0.5, 1), (0.001, 1), (1, 1), (2.5, 2), (4, 4), (64, 4), (1e300, 4)] {
    #expect(usableProcessorCount(allowed: 4, quota: quota) == count)
  }
  #expect(usableProcessorCount(allowed: 1, quota: 8) == 1)
}

@Test("At least one processor may be used, and no more than there are")
func usable() {
  #expect((1...ProcessInfo.processInfo.processorCount).contains(usableProcessorCount()))
}

@Test("The least memory of all groups is the limit")
func memory() throws {
  func limit(_ files: [String: String], _ membership: String) throws -> Int? {
    try withFolder(of: files) { cgroupMemory(root: $0, membership: membership) }
  }
  #expect(try limit(["memory.max": "max\n"], "0::/\n") == nil)
  #expect(try limit(["a/memory.max": "5000000\n", "a/b/memory.max": "8000000\n"], "0::/a/b\n") == 5_000_000)
  #expect(try limit(["memory/job/memory.limit_in_bytes": "7000000\n"], "4:memory:/job\n") == 7_000_000)
  #expect(try limit(["memory.max": "garbage"], "0::/\nxx\n::\n") == nil)
}

@Test("A process may take some memory, and no more than the machine has")
func usableMemoryBounds() {
  #expect(usableMemory() > 1 << 20)
  #expect(usableMemory() < sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)))
}
