import CPerceptronKernels

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// The instruction sets that the kernels are compiled for, each including the ones before it.
package enum InstructionSet: String, Sendable, CaseIterable {
  /// SSE2 on x86-64; NEON and fused multiply-adds on arm64.
  case baseline
  case avx2
  case avx512

  /// The environment variable that chooses one, for tests and comparisons; without it the best that the processor has
  /// is in force.
  package static let variable = "PERCEPTRON_INSTRUCTIONS"

  /// The one in force.
  ///
  /// - Precondition: Traps if the environment asks for one that there is not; ``mistake`` says so beforehand.
  package static let current: InstructionSet = {
    if let mistake { fail(mistake) }
    return chosen.flatMap(InstructionSet.init) ?? best
  }()

  /// What is wrong with the environment's choice, in one line; nil if nothing is.
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
    // An empty one is as good as none.
    getenv(variable).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// The last one that this processor has.
  static var best: InstructionSet { allCases.last(where: \.isHere)! }

  /// Whether this processor has it.
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
