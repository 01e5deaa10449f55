import Tensor

/// The samples of a step: some columns of a data set.
package struct Batch<Scalar: BLASScalar> {
  let inputs, targets: Matrix<Scalar>
  /// The weight of each sample of the data set, 1 on average; nil if all samples have the same weight.
  let weights: Matrix<Scalar>?
  /// The columns of the batch's samples; nil for all columns in order.
  let columns: ArraySlice<Int>?
  /// The columns of the following step, which are prefetched into the cache.
  let next: ArraySlice<Int>
  /// The number of samples that the loss is the mean of: the batch, or a larger batch of which this is a part.
  let meanCount: Int
  /// An upper bound on the magnitudes in the inputs.
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

  /// Takes all columns, for a gradient that need not be bounded.
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
