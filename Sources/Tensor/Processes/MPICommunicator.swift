import CPerceptronMPI

/// A communicator over MPI, the message-passing interface of clusters.
struct MPICommunicator: Communicator {
  let rank = Int(cmpi_rank())
  let count = Int(cmpi_count())

  func send(_ bytes: UnsafeRawBufferPointer, to other: Int) {
    cmpi_send(bytes.baseAddress, bytes.count, Int32(other))
  }

  func receive(_ bytes: UnsafeMutableRawBufferPointer, from other: Int) {
    cmpi_receive(bytes.baseAddress, bytes.count, Int32(other))
  }

  func finish() { cmpi_finish() }
}
