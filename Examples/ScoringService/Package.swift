// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "scoring-service",
  dependencies: [
    // Outside this repository: .package(url: "https://…/perceptron.git", branch: "main").
    .package(name: "perceptron", path: "../..")
  ],
  targets: [
    // epoll, which Swift's Glibc module leaves out.
    .systemLibrary(name: "CEpoll"),
    // The code that both programs share: connections, the command line and its errors.
    .target(name: "Wire", dependencies: ["CEpoll", .product(name: "Perceptron", package: "perceptron")]),
    .executableTarget(
      name: "ScoringService", dependencies: ["Wire", .product(name: "Perceptron", package: "perceptron")]),
    .executableTarget(name: "LoadTest", dependencies: ["Wire", .product(name: "Perceptron", package: "perceptron")]),
    .testTarget(
      name: "ScoringServiceTests",
      dependencies: ["ScoringService", "LoadTest", "Wire", .product(name: "Perceptron", package: "perceptron")]),
  ],
  swiftLanguageModes: [.v6]
)
