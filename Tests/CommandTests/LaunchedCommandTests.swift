import PerceptronTestFiles
import Testing

private let classes = table(rows: 60) { $0 > $1 ? "more" : "less" }

@Test("A launcher whose MPI cannot be loaded is an error, which one process on each machine explains")
func noLibrary() throws {
  let workspace = try Workspace()
  try workspace.write(classes, to: "t.csv")
  func run(localRank: Int) throws -> Workspace.Result {
    try workspace.run(
      "train t.csv -o m --epochs 1 --quiet",
      environment: [
        "OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_LOCAL_RANK": "\(localRank)",
        "PERCEPTRON_MPI_LIBRARY": "libnone.so.1",
      ])
  }
  let first = try run(localRank: 0)
  #expect(first.status == 69)
  #expect(
    first.error.hasPrefix(
      "error: Open MPI has started 4 processes, but MPI cannot be loaded, and 4 identical trainings would run: libnone")
  )
  #expect(first.error.split(separator: "\n").count == 1)
  let second = try run(localRank: 1)
  #expect(second.status == 69 && second.error.isEmpty)
  #expect(try workspace.files == ["t.csv"])
}

@Test("A library that is not one of MPI is an error")
func otherLibrary() throws {
  let workspace = try Workspace()
  let result = try workspace.run(
    "--version", environment: ["PMI_SIZE": "2", "PERCEPTRON_MPI_LIBRARY": "libz.so.1"])
  #expect(result.status == 69)
  #expect(result.error.contains("MPICH has started 2 processes") && result.error.contains("libz.so.1 has no MPI_Init"))
}

@Test("The only process of a launcher needs no MPI")
func onlyProcess() throws {
  let workspace = try Workspace()
  let result = try workspace.run(
    "--version", environment: ["PMI_SIZE": "1", "PERCEPTRON_MPI_LIBRARY": "libnone.so.1"])
  #expect(result.status == 0 && result.output.hasPrefix("perceptron "))
}

@Test("A training resumed without --shards takes the number of shards that it began with")
func resumedShards() throws {
  let workspace = try Workspace()
  try workspace.write(classes, to: "t.csv")
  func train(_ options: String) throws -> Workspace.Result {
    try workspace.run("train t.csv --recipe plain --batch-size 16 --seed 2 --quiet --no-baseline \(options)")
  }
  #expect(try train("--epochs 4 --shards 3 -o whole").status == 0)
  #expect(try train("--epochs 2 --shards 3 --checkpoint c").status == 0)
  #expect(try train("--epochs 4 --checkpoint c --resume -o parts").status == 0)
  let isSame = try workspace.read("whole") == workspace.read("parts")
  #expect(isSame)
  let other = try train("--epochs 4 --checkpoint c --resume --shards 2")
  #expect(other.status == 64 && other.error.contains("--shards"))
}
