import Tensor

/// The samples of a step: some columns of a data set.
package struct Batch<Scalar: BLASScalar> {
  let inputs, targets: Matrix<Scalar>
  /// How much each sample of the data set counts, 1 on average; nil if all count alike.
  let weights: Matrix<Scalar>?
  /// nil for all columns in order.
  let columns: ArraySlice<Int>?
  /// The columns of the step after, which are fetched into the cache meanwhile.
  let next: ArraySlice<Int>
  /// How many samples the loss is the mean of: the batch, or more of which it is a part.
  let meanCount: Int
  /// No smaller than the largest magnitude in the inputs.
  let inputBound: Double

  package init(
    inputs: Matrix<Scalar>, targets: Matrix<Scalar>, weights: Matrix<Scalar>?, columns: ArraySlice<Int>,
    next: ArraySlice<Int> = [], meanCount: Int, inputBound: Double
  ) {
    self.inputs = inputs
    self.targets = targets
    self.weights = weights
    self.columns = columns
    self.next = next
    self.meanCount = meanCount
    self.inputBound = inputBound
  }

  /// All columns, for a gradient that need not be bounded.
  init(inputs: Matrix<Scalar>, targets: Matrix<Scalar>) {
    self.inputs = inputs
    self.targets = targets
    weights = nil
    columns = nil
    next = []
    meanCount = inputs.columns
    inputBound = 0
  }

  var count: Int { columns?.count ?? inputs.columns }
}
