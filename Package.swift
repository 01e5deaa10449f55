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
      name: "COpenBLAS", pkgConfig: "openblas",
      providers: [.apt(["libopenblas-dev"]), .yum(["openblas-devel"]), .brew(["openblas"])]),
    .systemLibrary(
      name: "CLAPACKE", pkgConfig: "lapacke",
      providers: [.apt(["liblapacke-dev"]), .yum(["lapack-devel"]), .brew(["lapack"])]),
    .systemLibrary(
      name: "CZlib", pkgConfig: "zlib",
      providers: [.apt(["zlib1g-dev"]), .yum(["zlib-devel"]), .brew(["zlib"])]),

    // The package, in the order in which data flows through it.
    .target(name: "CKernels"),
    .target(name: "Tensor", dependencies: ["COpenBLAS", "CLAPACKE", "CKernels"]),
    .target(name: "CChecksum"),
    .target(name: "Files", dependencies: ["Tensor", "CChecksum", "CZlib"]),
    .target(name: "Layers", dependencies: ["Tensor"]),
    .target(name: "Datasets", dependencies: ["Files", "CZlib"]),
    .target(name: "Training", dependencies: ["Layers", "Datasets"]),
    .target(name: "ModelFiles", dependencies: ["Layers", "Datasets"]),
    .target(name: "Serving", dependencies: ["ModelFiles"]),
    .target(name: "Perceptron", dependencies: ["Training", "Serving"]),
    .target(name: "Charts", dependencies: ["CZlib"]),
    .target(name: "COutOfMemory"),
    .executableTarget(
      name: "PerceptronCommand", dependencies: ["Perceptron", "Charts", "StepBenchmark", "COutOfMemory"]),

    // What the package is compared with.
    .target(name: "NaiveLoops", path: "Benchmarks/NaiveLoops"),
    .target(name: "StepBenchmark", dependencies: ["Perceptron", "NaiveLoops"], path: "Benchmarks/StepBenchmark"),
    .target(name: "Contestant", dependencies: ["Perceptron"], path: "Benchmarks/Contestant"),
    .executableTarget(
      name: "StepContestant", dependencies: ["Contestant", "StepBenchmark"], path: "Benchmarks/StepContestant"),
    .executableTarget(
      name: "ServingContestant", dependencies: ["Contestant"], path: "Benchmarks/ServingContestant"),

    .executableTarget(name: "Digits", dependencies: ["Perceptron", "StepBenchmark"], path: "Examples/Digits"),

    // Files of the tests' own.
    .target(name: "TestFiles", dependencies: ["CZlib"], path: "Tests/TestFiles"),
    // Counts allocations, in the tests alone.
    .target(name: "CAllocationHook", path: "Tests/CAllocationHook"),
    // Feeds the readers of files with bytes; `make fuzz` builds it with libFuzzer.
    .target(name: "CFuzzer", path: "Tests/CFuzzer"),
    .executableTarget(name: "Fuzzer", dependencies: ["Training", "Serving", "CFuzzer"], path: "Tests/Fuzzer"),
    .testTarget(name: "KernelsTests", dependencies: ["CKernels", "Tensor"]),
    .testTarget(name: "TensorTests", dependencies: ["Tensor", "NaiveLoops"]),
    .testTarget(name: "LayersTests", dependencies: ["Layers", "StepBenchmark"]),
    .testTarget(name: "FilesTests", dependencies: ["Files", "TestFiles"]),
    .testTarget(name: "DatasetsTests", dependencies: ["Datasets", "TestFiles"]),
    .testTarget(name: "ModelFilesTests", dependencies: ["ModelFiles", "CAllocationHook"]),
    .testTarget(name: "ServingTests", dependencies: ["Serving", "CAllocationHook"]),
    .testTarget(name: "TrainingTests", dependencies: ["Training", "StepBenchmark", "CAllocationHook"]),
    .testTarget(name: "ChartsTests", dependencies: ["Charts"]),
    .testTarget(name: "CommandTests", dependencies: ["PerceptronCommand"]),
  ],
  swiftLanguageModes: [.v6]
)
