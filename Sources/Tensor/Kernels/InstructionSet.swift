import CPerceptronKernels

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// The instruction sets that the kernels are compiled for. Each includes the ones before it.
package enum InstructionSet: String, Sendable, CaseIterable {
  /// SSE2 on x86-64; NEON and fused multiply-adds on arm64.
  case baseline
  case avx2
  case avx512

  /// The environment variable that chooses an instruction set, for tests and comparisons. Without it the best one that
  /// the processor has is used.
  package static let variable = "PERCEPTRON_INSTRUCTIONS"

  /// The instruction set in use.
  ///
  /// - Precondition: Traps if the environment asks for an instruction set that is not available; check ``mistake``
  ///   first.
  package static let current: InstructionSet = {
    if let mistake { fail(mistake) }
    return chosen.flatMap(InstructionSet.init) ?? best
  }()

  /// The error in the environment's choice, in one line; nil if there is none.
  package static var mistake: String? {
    guard let chosen else { return nil }
    guard let set = InstructionSet(rawValue: chosen) else {
      return
        "\(variable): found \(chosen.debugDescription), expected one of"
        + " \(allCases.map(\.rawValue).joined(separator: ", "))"
    }
    return set.isHere
      ? nil : "\(variable): this processor has no \(set.name); choose \(best.rawValue), or leave the variable out"
  }

  private static var chosen: String? {
    // An empty variable counts as unset.
    getenv(variable).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// The last instruction set that this processor has.
  static var best: InstructionSet { allCases.last(where: \.isHere)! }

  /// Whether this processor has the instruction set.
  package var isHere: Bool { ck_float_kernels_for(kernels) != nil }

  package var name: String {
    switch self {
    case .baseline: "baseline"
    case .avx2: "AVX2"
    case .avx512: "AVX-512"
    }
  }

  var kernels: ck_instruction_set {
    switch self {
    case .baseline: ck_baseline
    case .avx2: ck_avx2
    case .avx512: ck_avx512
    }
  }
}
