import CPerceptronKernels

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// The number of processors that this process can actually use: the number in its CPU affinity, or its cgroup's quota
/// if that is less.
///
/// A quota of 2.5 processors counts as 2, and a quota of half a processor as 1. The function reads a few small kernel
/// files, which takes about 50 µs.
public func usableProcessorCount() -> Int {
  usableProcessorCount(
    allowed: processorAffinity().bitCount,
    quota: cgroupQuota(root: "/sys/fs/cgroup", membership: contents("/proc/self/cgroup")))
}

/// The processors in this thread's CPU affinity, a bit for each; none if they are unknown.
package func processorAffinity() -> [UInt8] {
  var set = [UInt8](repeating: 0, count: 128)
  ck_add_allowed_processors(&set, set.count)
  return set
}

extension [UInt8] {
  /// The number of bits that are set.
  package var bitCount: Int { reduce(0) { $0 + $1.nonzeroBitCount } }
}

/// The same as ``usableProcessorCount()``, from the number of processors in the affinity and the cgroups' quota; at
/// least 1.
package func usableProcessorCount(allowed: Int, quota: Double?) -> Int {
  max(1, min(allowed, quota.map { Int(min($0, Double(allowed))) } ?? allowed))
}

/// The number of processors that a process's cgroups grant it, or nil if there is no limit.
///
/// - Parameters:
///   - root: The path where cgroups are mounted.
///   - membership: The content of `/proc/self/cgroup`: lines of `hierarchy:controllers:path`, where hierarchy 0 is
///     version 2.
package func cgroupQuota(root: String, membership: String) -> Double? {
  var least: Double?
  func note(_ quota: Double?, _ period: Double?) {
    guard let quota, let period, quota > 0, period > 0 else { return }
    least = min(least ?? .infinity, quota / period)
  }
  forEachCgroup(root: root, membership: membership, controller: "cpu") { folder, isVersion2 in
    if isVersion2 {
      // "max 100000" or "50000 100000", in microseconds.
      let words = contents(folder + "/cpu.max").split(whereSeparator: { $0 == " " || $0 == "\n" })
      if words.count == 2 { note(Double(words[0]), Double(words[1])) }
    } else {
      note(number(folder + "/cpu.cfs_quota_us"), number(folder + "/cpu.cfs_period_us"))
    }
  }
  return least
}

/// Calls `body` with the folder of each cgroup that limits a process through a controller, and with whether its version
/// is 2.
///
/// A group is also limited by all of its ancestors. In a container the path may be the host's, while the mount is the
/// group itself.
func forEachCgroup(
  root: String, membership: String, controller: Substring, _ body: (_ folder: String, _ isVersion2: Bool) -> Void
) {
  for line in membership.split(separator: "\n") {
    let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
    guard fields.count == 3 else { continue }
    let isVersion2 = fields[0] == "0"
    guard isVersion2 || fields[1].split(separator: ",").contains(controller) else { continue }
    let mount = isVersion2 ? root : "\(root)/\(controller)"
    var path = fields[2]
    while true {
      body(mount + (path == "/" ? "" : path), isVersion2)
      guard let slash = path.lastIndex(of: "/"), path.count > 1 else { break }
      path = slash == path.startIndex ? "/" : String(path[..<slash])
    }
  }
}

private func number(_ path: String) -> Double? {
  contents(path).split(separator: "\n").first.flatMap { Double($0) }
}

/// The first 4096 bytes of a kernel file; empty if it does not exist.
func contents(_ path: String) -> String {
  guard let file = fopen(path, "r") else { return "" }
  defer { fclose(file) }
  var bytes = [UInt8](repeating: 0, count: 4096)
  let count = fread(&bytes, 1, bytes.count, file)
  return String(decoding: bytes[..<count], as: UTF8.self)
}
