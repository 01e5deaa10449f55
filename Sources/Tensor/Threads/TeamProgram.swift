/// A program that all workers of a team run at the same time.
///
/// It is a value rather than a closure, so that starting it allocates nothing.
@usableFromInline
package protocol TeamProgram {
  func run(_ worker: Worker)
}

extension TeamProgram {
  @inlinable
  static func run(_ program: UnsafeRawPointer, _ worker: Worker) {
    program.assumingMemoryBound(to: Self.self).pointee.run(worker)
  }
}

/// A program with its type erased; the caller keeps it in memory.
@usableFromInline
struct ErasedProgram {
  @usableFromInline let program: UnsafeRawPointer
  @usableFromInline let entry: (UnsafeRawPointer, Worker) -> Void

  @inlinable
  init<Program: TeamProgram>(_ program: UnsafePointer<Program>) {
    self.program = UnsafeRawPointer(program)
    entry = Program.run
  }

  func run(_ worker: Worker) { entry(program, worker) }
}
