// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "perceptron",
  products: [
    .library(name: "Perceptron", targets: ["Perceptron"]),
    .executable(name: "perceptron", targets: ["PerceptronCommand"]),
  ],
  targets: [
    // The system's libraries.
    .systemLibrary(
      name: "CPerceptronOpenBLAS", path: "Sources/COpenBLAS", pkgConfig: "openblas",
      providers: [.apt(["libopenblas-dev"]), .yum(["openblas-devel"]), .brew(["openblas"])]),
    .systemLibrary(
      name: "CPerceptronLAPACKE", path: "Sources/CLAPACKE", pkgConfig: "lapacke",
      providers: [.apt(["liblapacke-dev"]), .yum(["lapack-devel"]), .brew(["lapack"])]),
    .systemLibrary(
      name: "CPerceptronZlib", path: "Sources/CZlib", pkgConfig: "zlib",
      providers: [.apt(["zlib1g-dev"]), .yum(["zlib-devel"]), .brew(["zlib"])]),

    // The package, in the order in which data flows through it.
    .target(name: "CPerceptronKernels", path: "Sources/CKernels"),
    .target(name: "CPerceptronLibrary", path: "Sources/CLibrary"),
    .target(name: "CPerceptronMPI", dependencies: ["CPerceptronLibrary"], path: "Sources/CMPI"),
    .target(
      name: "Tensor",
      dependencies: ["CPerceptronOpenBLAS", "CPerceptronLAPACKE", "CPerceptronKernels", "CPerceptronMPI"]),
    .target(name: "CPerceptronChecksum", path: "Sources/CChecksum"),
    .target(
      name: "PerceptronFiles", dependencies: ["Tensor", "CPerceptronChecksum", "CPerceptronZlib"], path: "Sources/Files"
    ),
    .target(name: "PerceptronLayers", dependencies: ["Tensor"], path: "Sources/Layers"),
    .target(
      name: "PerceptronDatasets", dependencies: ["PerceptronFiles", "CPerceptronZlib"], path: "Sources/Datasets"),
    .target(
      name: "PerceptronTraining", dependencies: ["PerceptronLayers", "PerceptronDatasets"], path: "Sources/Training"),
    .target(
      name: "PerceptronModelFiles", dependencies: ["PerceptronLayers", "PerceptronDatasets"], path: "Sources/ModelFiles"
    ),
    .target(name: "PerceptronServing", dependencies: ["PerceptronModelFiles"], path: "Sources/Serving"),
    .target(name: "Perceptron", dependencies: ["PerceptronTraining", "PerceptronServing"]),
    .target(name: "PerceptronCharts", dependencies: ["PerceptronFiles", "CPerceptronZlib"], path: "Sources/Charts"),
    .target(name: "CPerceptronOutOfMemory", path: "Sources/COutOfMemory"),
    .target(name: "CPerceptronHTTP", dependencies: ["CPerceptronLibrary"], path: "Sources/CHTTP"),
    .executableTarget(
      name: "PerceptronCommand",
      dependencies: [
        "Perceptron", "PerceptronCharts", "PerceptronStepBenchmark", "CPerceptronOutOfMemory", "CPerceptronHTTP",
      ]),

    // What the package is compared with.
    .target(name: "PerceptronNaiveLoops", path: "Benchmarks/NaiveLoops"),
    .target(
      name: "PerceptronStepBenchmark", dependencies: ["Perceptron", "PerceptronNaiveLoops"],
      path: "Benchmarks/StepBenchmark"),
    .target(name: "PerceptronContestant", dependencies: ["Perceptron"], path: "Benchmarks/Contestant"),
    .executableTarget(
      name: "PerceptronStepContestant", dependencies: ["PerceptronContestant", "PerceptronStepBenchmark"],
      path: "Benchmarks/StepContestant"),
    .executableTarget(
      name: "PerceptronServingContestant", dependencies: ["PerceptronContestant"],
      path: "Benchmarks/ServingContestant"),

    .executableTarget(
      name: "PerceptronDigits", dependencies: ["Perceptron", "PerceptronStepBenchmark"], path: "Examples/Digits"),

    // The code of README and Documentation, which a test compares with these sources, and runs.
    .executableTarget(
      name: "PerceptronDocumentationCode", dependencies: ["Perceptron"], path: "Tests/DocumentationCode/Perceptron"),
    .executableTarget(
      name: "PerceptronVaporCode", dependencies: ["Perceptron"], path: "Tests/DocumentationCode/Vapor"),
    .executableTarget(
      name: "PerceptronHummingbirdCode", dependencies: ["Perceptron"], path: "Tests/DocumentationCode/Hummingbird"),

    // What the tests share: files of their own, and how they run a program.
    .target(name: "PerceptronTestFiles", dependencies: ["CPerceptronZlib"], path: "Tests/TestFiles"),
    // Counts allocations, in the tests alone.
    .target(name: "CPerceptronAllocationHook", path: "Tests/CAllocationHook"),
    // Feeds the readers of files with bytes; `make fuzz` builds it with libFuzzer.
    .target(name: "CPerceptronFuzzer", path: "Tests/CFuzzer"),
    .executableTarget(
      name: "PerceptronFuzzer", dependencies: ["PerceptronTraining", "PerceptronServing", "CPerceptronFuzzer"],
      path: "Tests/Fuzzer"),
    .testTarget(name: "KernelsTests", dependencies: ["CPerceptronKernels", "Tensor"]),
    .testTarget(name: "TensorTests", dependencies: ["Tensor", "PerceptronNaiveLoops"]),
    .testTarget(name: "LayersTests", dependencies: ["PerceptronLayers", "PerceptronStepBenchmark"]),
    .testTarget(name: "FilesTests", dependencies: ["PerceptronFiles", "PerceptronTestFiles"]),
    .testTarget(name: "DatasetsTests", dependencies: ["PerceptronDatasets", "PerceptronTestFiles"]),
    .testTarget(name: "ModelFilesTests", dependencies: ["PerceptronModelFiles", "CPerceptronAllocationHook"]),
    .testTarget(
      name: "ServingTests", dependencies: ["PerceptronTraining", "PerceptronServing", "CPerceptronAllocationHook"]),
    .testTarget(
      name: "TrainingTests",
      dependencies: ["PerceptronTraining", "PerceptronStepBenchmark", "CPerceptronAllocationHook"]),
    .testTarget(name: "EvaluationTests", dependencies: ["Perceptron"]),
    .testTarget(name: "ChartsTests", dependencies: ["PerceptronCharts"]),
    .testTarget(name: "CommandTests", dependencies: ["PerceptronCommand", "PerceptronTestFiles"]),
    .testTarget(
      name: "DocumentationTests",
      dependencies: [
        "PerceptronDocumentationCode", "PerceptronVaporCode", "PerceptronHummingbirdCode", "PerceptronTestFiles",
      ]),
  ],
  swiftLanguageModes: [.v6]
)
