import CPerceptronKernels

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// The number of processors that this process may really use: what its CPU affinity allows, or its cgroup's quota if
/// that is less.
///
/// A quota of 2.5 processors counts as 2, one of half a processor as 1. Reads a few small files of the kernel; about 50
/// µs.
public func usableProcessorCount() -> Int {
  usableProcessorCount(
    allowed: Int(ck_allowed_processors()),
    quota: cgroupQuota(root: "/sys/fs/cgroup", membership: contents("/proc/self/cgroup")))
}

/// The same from what affinity allows and the cgroups grant; at least 1.
package func usableProcessorCount(allowed: Int, quota: Double?) -> Int {
  max(1, min(allowed, quota.map { Int(min($0, Double(allowed))) } ?? allowed))
}

/// The processors that a process's cgroups grant it, or nil without a limit.
///
/// - Parameters:
///   - root: Where cgroups are mounted.
///   - membership: The text of `/proc/self/cgroup`: lines of `hierarchy:controllers:path`, the hierarchy 0 being
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

/// Calls `body` with the folder of each cgroup that binds a process through a controller, and whether it is of version
/// 2.
///
/// A group is bound by every group that it stands in. In a container the path may be the host's, and the mount the
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

/// The first 4096 bytes of a file of the kernel; empty if there is none.
func contents(_ path: String) -> String {
  guard let file = fopen(path, "r") else { return "" }
  defer { fclose(file) }
  var bytes = [UInt8](repeating: 0, count: 4096)
  let count = fread(&bytes, 1, bytes.count, file)
  return String(decoding: bytes[..<count], as: UTF8.self)
}
