import Perceptron
import Synchronization
import Wire

/// Reads the model again in a task of its own, so that connections are accepted meanwhile. Calls that come while it
/// reads are one.
final class Reloader: Sendable {
  private let live: ReloadablePredictor<Float>
  private let state = Mutex((isReading: false, isWanted: false))

  init(_ live: ReloadablePredictor<Float>) { self.live = live }

  func reload() {
    let begins = state.withLock { state in
      defer { state.isWanted = true }
      return !state.isReading && !state.isWanted
    }
    if begins { Task.detached { self.run() } }
  }

  private func run() {
    while begin() {
      do throws(FileError) {
        try live.reload()
        printError("reloaded \(live.path)")
      } catch {
        printError("error: \(error); the previous model stays in use")
      }
    }
  }

  /// Whether the model is to be read, which then begins.
  private func begin() -> Bool {
    state.withLock { state in
      defer { state.isWanted = false }
      state.isReading = state.isWanted
      return state.isWanted
    }
  }
}
