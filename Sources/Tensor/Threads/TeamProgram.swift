/// What every worker of a team runs at the same time.
///
/// A value rather than a closure, so that starting it allocates nothing.
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

/// A program whose type is forgotten; it stands where its caller keeps it.
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
