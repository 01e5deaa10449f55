import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// The number of processes of a run on this machine, which share its memory.
private let processesHere = Atomic(1)

/// Says how many processes of a run share the memory of this machine: each then may take one part of it.
package func shareMemory(among processes: Int) { processesHere.store(max(processes, 1), ordering: .relaxed) }

/// The bytes of memory that this process may still take, limited by the machine, its cgroups and its resource limits.
///
/// The result is the least of several limits. From the process's share (``shareMemory(among:)``) of the physical memory
/// and of the cgroups' limits (`memory.max`), the memory that the process holds already is subtracted. From the limits
/// of its address space and data (`ulimit -v`, `ulimit -d`), the memory that it has mapped is subtracted. Parts of
/// files in memory do not count: the system drops them when it needs the memory. The memory of other processes is not
/// counted. The function reads a few small kernel files, which takes about 50 µs.
package func usableMemory() -> Int {
  // /proc/self/statm begins with the process's total and resident pages.
  let page = sysconf(Int32(_SC_PAGESIZE))
  let pages = contents("/proc/self/statm").split(separator: " ").prefix(6).map { Int($0) ?? 0 }
  let mapped = pages.first.map { $0 * page } ?? 0
  let resident = pages.count > 1 ? pages[1] * page - fileBytesInMemory() : 0
  let data = pages.count > 5 ? pages[5] * page : 0
  let processes = processesHere.load(ordering: .relaxed)
  var most = sysconf(Int32(_SC_PHYS_PAGES)) * page / processes - resident
  if let limit = cgroupMemory(root: "/sys/fs/cgroup", membership: contents("/proc/self/cgroup")) {
    most = min(most, limit / processes - resident)
  }
  if let limit = resourceLimit(addressSpace) { most = min(most, limit - mapped) }
  if let limit = resourceLimit(dataSegment) { most = min(most, limit - data) }
  return max(most, 0)
}

/// The bytes of files that this process has in memory. Files of file systems in memory do not count.
private func fileBytesInMemory() -> Int {
  let line = contents("/proc/self/status").split(separator: "\n").first { $0.hasPrefix("RssFile:") }
  // RssFile:     9216 kB
  return line?.split(separator: " ").compactMap { Int($0) }.first.map { $0 * 1024 } ?? 0
}

/// Whether the process's address space or data size is limited (`ulimit -v`, `ulimit -d`). If so, memory that is never
/// touched counts too.
package func hasLimitedAddressSpace() -> Bool {
  resourceLimit(addressSpace) != nil || resourceLimit(dataSegment) != nil
}

#if canImport(Glibc)
  private let (addressSpace, dataSegment) = (Int32(RLIMIT_AS.rawValue), Int32(RLIMIT_DATA.rawValue))
#else
  private let (addressSpace, dataSegment) = (RLIMIT_AS, RLIMIT_DATA)
#endif

/// The soft limit of a resource in bytes; nil if there is none.
private func resourceLimit(_ resource: Int32) -> Int? {
  var limit = rlimit()
  guard getrlimit(resource, &limit) == 0, limit.rlim_cur < UInt64(Int.max) else { return nil }
  return Int(limit.rlim_cur)
}

/// The bytes that a process's cgroups allow it, or nil if there is no limit.
///
/// - Parameters: As for ``cgroupQuota(root:membership:)``.
package func cgroupMemory(root: String, membership: String) -> Int? {
  var least: Int?
  forEachCgroup(root: root, membership: membership, controller: "memory") { folder, isVersion2 in
    // The file contains "max" or a number. In version 1, a number greater than all memory means that there is no limit.
    let text = contents(folder + (isVersion2 ? "/memory.max" : "/memory.limit_in_bytes"))
    guard let limit = text.split(separator: "\n").first.flatMap({ Int($0) }), limit > 0 else { return }
    least = min(least ?? .max, limit)
  }
  return least
}
