import CPerceptronKernels

// The only file that calls the element-wise loops.

extension _FloatRoutines {
  nonisolated(unsafe) private static let kernels = ck_float_kernels_for(InstructionSet.current.kernels).pointee

  public static let hasProduct = kernels.product != nil

  public static func product(
    _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int,
    _ alpha: Float, _ a: Pointer, _ lda: Int, _ b: Pointer, _ ldb: Int, _ beta: Float, _ c: MutablePointer, _ ldc: Int
  ) {
    kernels.product(transposeA ? 1 : 0, transposeB ? 1 : 0, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
  }

  public static func apply(_ function: ElementwiseFunction, _ n: Int, _ x: Pointer, _ y: MutablePointer) {
    switch function {
    case .exp: kernels.exp(n, x, y)
    case .log: kernels.log(n, x, y)
    case .erf: kernels.erf(n, x, y)
    case .sigmoid: kernels.sigmoid(n, x, y)
    case .tanh: kernels.tanh(n, x, y)
    case .relu: kernels.relu(n, x, y)
    }
  }

  public static func activate(
    _ function: Activation, _ rows: Int, _ columns: Int, _ z: MutablePointer, _ stride: Int, bias: Pointer,
    slopes: MutablePointer?, _ slopesStride: Int
  ) -> Scalar {
    kernels.activations[function.kernel].bias(rows, columns, z, stride, bias, slopes, slopesStride)
  }

  static func keepsSlopes(_ function: Activation) -> Bool { kernels.activations[function.kernel].keeps_slopes != 0 }

  public static func drop(
    _ place: DropoutPlace, _ rows: Int, _ columns: Int, _ a: MutablePointer, _ stride: Int, slopes: MutablePointer?,
    _ slopesStride: Int, differences: MutablePointer?, _ differencesStride: Int
  ) {
    kernels.drop(
      rows, columns, place.row, place.column, place.key, place.stream, place.probability, a, stride, slopes,
      slopesStride, differences, differencesStride)
  }

  public static func derive(
    _ function: Activation, _ rows: Int, _ columns: Int,
    _ delta: MutablePointer, _ deltaStride: Int, _ a: Pointer, _ stride: Int
  ) -> Scalar {
    kernels.activations[function.kernel].derive(rows, columns, delta, deltaStride, a, stride)
  }

  public static func multiply(
    _ rows: Int, _ columns: Int, _ x: MutablePointer, _ xStride: Int, _ y: Pointer, _ yStride: Int
  ) -> Scalar {
    kernels.multiply(rows, columns, x, xStride, y, yStride)
  }

  public static func loss(
    _ loss: Loss, _ rows: Int, _ columns: Int, _ z: Pointer, _ stride: Int, _ y: Pointer, _ yStride: Int, batch: Int,
    delta: MutablePointer?
  ) -> Double {
    let kernel = kernels.losses[loss.kernel]
    let (outputs, samples) = (kernel.is_mean != 0 ? Double(rows) : 1, Double(batch))
    let slope = Float(kernel.slope / outputs / samples)
    let sum = kernel.sum(rows, columns, z, stride, y, yStride, Scalar(loss.level), slope, delta)
    return sum * (kernel.weight / outputs) / samples
  }

  public static func blend(
    _ rows: Int, _ columns: Int, _ z: MutablePointer, _ stride: Int, _ g: MutablePointer, _ gStride: Int,
    alpha: Pointer, slopes: MutablePointer?, _ slopesStride: Int
  ) -> Scalar {
    kernels.blend(rows, columns, z, stride, g, gStride, alpha, slopes, slopesStride)
  }

  public static func pieces(_ shape: PieceShape, _ columns: Int, _ e: MutablePointer, _ stride: Int) {
    shape.withLowered { kernels.pieces($0, columns, e, stride) }
  }

  public static func hats(
    _ shape: PieceShape, _ columns: Int, _ x: Pointer, _ stride: Int, _ numbers: MutablePointer,
    _ places: UnsafeMutablePointer<Int32>
  ) {
    shape.withLowered { kernels.hats($0, columns, x, stride, numbers, places) }
  }

  public static func multiplyListed(
    _ rows: Range<Int>, _ columns: Int, _ k: Int, _ packed: Pointer, most: Int, _ numbers: Pointer,
    _ places: UnsafePointer<Int32>, _ z: MutablePointer, _ zStride: Int
  ) {
    kernels.multiply_listed(rows.lowerBound, rows.count, columns, k, packed, most, numbers, places, z, zStride)
  }

  public static func lookUp(
    _ shape: CategoryShape, _ columns: Int, table: Pointer, _ x: Pointer, _ stride: Int, _ e: MutablePointer,
    _ eStride: Int
  ) {
    shape.withLowered { kernels.look_up($0, columns, table, x, stride, e, eStride) }
  }

  public static func lookUpBack(
    _ shape: CategoryShape, _ columns: Int, _ x: Pointer, _ stride: Int, _ delta: Pointer, _ deltaStride: Int,
    gradient: MutablePointer
  ) -> Scalar {
    shape.withLowered { kernels.look_up_back($0, columns, x, stride, delta, deltaStride, gradient) }
  }

  public static func embed(
    _ shape: EmbeddingShape, _ columns: Int, parameters: Pointer, _ e: MutablePointer, _ stride: Int,
    _ outputs: MutablePointer, _ outputsStride: Int
  ) -> Scalar {
    shape.withLowered { kernels.embed($0, columns, parameters, e, stride, outputs, outputsStride) }
  }

  public static func embedBack(
    _ shape: EmbeddingShape, _ columns: Int, parameters: Pointer, _ e: Pointer, _ stride: Int,
    _ delta: MutablePointer, _ deltaStride: Int, gradient: MutablePointer
  ) -> Scalar {
    shape.withLowered { kernels.embed_back($0, columns, parameters, e, stride, delta, deltaStride, gradient) }
  }

  public static func normalizeRows(
    _ rows: Int, _ columns: Int, _ z: MutablePointer, _ stride: Int, gamma: Pointer, epsilon: Float,
    normal: MutablePointer, _ normalStride: Int, mean: MutablePointer, variance: MutablePointer, inverse: MutablePointer
  ) {
    kernels.normalize_rows(rows, columns, z, stride, gamma, epsilon, normal, normalStride, mean, variance, inverse)
  }

  public static func normalizeRowsBack(
    _ rows: Int, _ columns: Int, _ delta: MutablePointer, _ stride: Int, normal: Pointer, _ normalStride: Int,
    gamma: Pointer, inverse: Pointer, sums: MutablePointer, _ sumsStride: Int
  ) -> Scalar {
    kernels.normalize_rows_back(
      rows, columns, delta, stride, normal, normalStride, gamma, inverse, sums, sumsStride)
  }

  public static func standardizeRows(
    _ rows: Int, _ columns: Int, _ z: MutablePointer, _ stride: Int, gamma: Pointer, epsilon: Float, mean: Pointer,
    variance: Pointer
  ) {
    kernels.standardize_rows(rows, columns, z, stride, gamma, epsilon, mean, variance)
  }

  public static func normalizeColumns(
    _ rows: Int, _ columns: Int, _ z: MutablePointer, _ stride: Int, gamma: Pointer, epsilon: Float, isCentered: Bool,
    normal: MutablePointer?, _ normalStride: Int, inverse: MutablePointer?
  ) {
    kernels.normalize_columns(
      rows, columns, z, stride, gamma, epsilon, isCentered ? 1 : 0, normal, normalStride, inverse)
  }

  public static func normalizeColumnsBack(
    _ rows: Int, _ columns: Int, _ delta: MutablePointer, _ stride: Int, normal: Pointer, _ normalStride: Int,
    gamma: Pointer, inverse: Pointer, isCentered: Bool, sums: MutablePointer
  ) -> Scalar {
    kernels.normalize_columns_back(
      rows, columns, delta, stride, normal, normalStride, gamma, inverse, isCentered ? 1 : 0, sums)
  }

  public static func rowSums(
    _ rows: Int, _ columns: Int, _ x: Pointer, _ stride: Int, scale: Float, accumulator: Float, _ sums: MutablePointer
  ) {
    kernels.row_sums(rows, columns, x, stride, scale, accumulator, sums)
  }

  public static func sum(_ n: Int, _ x: Pointer) -> Float { kernels.sum(n, x) }

  public static func wideDot(_ n: Int, _ x: Pointer, _ y: Pointer) -> Double { kernels.dot(n, x, y) }

  public static func maxMagnitude(_ n: Int, _ x: Pointer) -> Float { kernels.max_magnitude(n, x) }

  public static func add(_ n: Int, _ factor: Float, _ x: Pointer, _ y: MutablePointer) { kernels.add(n, factor, x, y) }

  public static func scale(_ n: Int, _ factor: Float, _ x: MutablePointer) { kernels.scale(n, factor, x) }

  public static func update(
    _ update: MomentUpdate<Float>, _ rows: Int, _ columns: Int, _ inner: Int, product a: Pointer, _ lda: Int,
    _ b: Pointer, _ ldb: Int, gradient: MutablePointer, _ parameters: MutablePointer, _ stride: Int
  ) {
    withUnsafePointer(to: lowered(update)) {
      kernels.update_by_product($0, rows, columns, inner, a, lda, b, ldb, gradient, parameters, stride)
    }
  }

  public static func update(_ update: MomentUpdate<Float>, _ n: Int, _ gradient: Pointer, _ parameters: MutablePointer)
  {
    withUnsafePointer(to: lowered(update)) { kernels.update($0, n, gradient, parameters) }
  }

  public static func penalize(
    _ n: Int, _ weights: Pointer, l1: Float, l2: Float, scale: Float, _ gradient: MutablePointer?
  ) -> Double {
    kernels.penalize(n, weights, l1, l2, scale, gradient)
  }

  public static func limitRows(_ rows: Int, _ columns: Int, _ x: MutablePointer, _ stride: Int, limit: Float) {
    kernels.limit_rows(rows, columns, x, stride, limit)
  }

  public static func multiplyAdds(_ n: Int, _ numbers: MutablePointer) -> Double { kernels.multiply_adds(n, numbers) }

  public static func packedCount(_ rows: Int, _ columns: Int) -> Int { kernels.packed_count(rows, columns) }

  public static func pack(_ rows: Int, _ columns: Int, _ a: Pointer, _ stride: Int, _ packed: MutablePointer) {
    kernels.pack_panels(rows, columns, a, stride, packed)
  }

  public static func multiplyPacked(
    _ allRows: Int, _ rows: Range<Int>, _ columns: Int, _ k: Int, _ packed: Pointer, _ x: Pointer, _ xStride: Int,
    _ z: MutablePointer, _ zStride: Int
  ) {
    kernels.multiply_packed(
      allRows, rows.lowerBound, rows.count, columns, k, packed, x, xStride, z, zStride)
  }

  private static func lowered(_ update: MomentUpdate<Float>) -> ck_float_update {
    ck_float_update(
      rule: update.rule.lowered, rate: update.rate, beta1: update.beta1, gain1: update.gain1, beta2: update.beta2,
      gain2: update.gain2, smallest: update.smallest, largest: update.largest, correction: update.correction,
      epsilon: update.epsilon, shrinkage: update.shrinkage, m: update.mean, v: update.square)
  }
}

extension _DoubleRoutines {
  nonisolated(unsafe) private static let kernels = ck_double_kernels_for(InstructionSet.current.kernels).pointee

  public static let hasProduct = kernels.product != nil

  public static func product(
    _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int,
    _ alpha: Double, _ a: Pointer, _ lda: Int, _ b: Pointer, _ ldb: Int, _ beta: Double, _ c: MutablePointer, _ ldc: Int
  ) {
    kernels.product(transposeA ? 1 : 0, transposeB ? 1 : 0, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
  }

  public static func apply(_ function: ElementwiseFunction, _ n: Int, _ x: Pointer, _ y: MutablePointer) {
    switch function {
    case .exp: kernels.exp(n, x, y)
    case .log: kernels.log(n, x, y)
    case .erf: kernels.erf(n, x, y)
    case .sigmoid: kernels.sigmoid(n, x, y)
    case .tanh: kernels.tanh(n, x, y)
    case .relu: kernels.relu(n, x, y)
    }
  }

  public static func activate(
    _ function: Activation, _ rows: Int, _ columns: Int, _ z: MutablePointer, _ stride: Int, bias: Pointer,
    slopes: MutablePointer?, _ slopesStride: Int
  ) -> Scalar {
    kernels.activations[function.kernel].bias(rows, columns, z, stride, bias, slopes, slopesStride)
  }

  public static func drop(
    _ place: DropoutPlace, _ rows: Int, _ columns: Int, _ a: MutablePointer, _ stride: Int, slopes: MutablePointer?,
    _ slopesStride: Int, differences: MutablePointer?, _ differencesStride: Int
  ) {
    kernels.drop(
      rows, columns, place.row, place.column, place.key, place.stream, place.probability, a, stride, slopes,
      slopesStride, differences, differencesStride)
  }

  public static func derive(
    _ function: Activation, _ rows: Int, _ columns: Int,
    _ delta: MutablePointer, _ deltaStride: Int, _ a: Pointer, _ stride: Int
  ) -> Scalar {
    kernels.activations[function.kernel].derive(rows, columns, delta, deltaStride, a, stride)
  }

  public static func multiply(
    _ rows: Int, _ columns: Int, _ x: MutablePointer, _ xStride: Int, _ y: Pointer, _ yStride: Int
  ) -> Scalar {
    kernels.multiply(rows, columns, x, xStride, y, yStride)
  }

  public static func loss(
    _ loss: Loss, _ rows: Int, _ columns: Int, _ z: Pointer, _ stride: Int, _ y: Pointer, _ yStride: Int, batch: Int,
    delta: MutablePointer?
  ) -> Double {
    let kernel = kernels.losses[loss.kernel]
    let (outputs, samples) = (kernel.is_mean != 0 ? Double(rows) : 1, Double(batch))
    let slope = Double(kernel.slope / outputs / samples)
    let sum = kernel.sum(rows, columns, z, stride, y, yStride, Scalar(loss.level), slope, delta)
    return sum * (kernel.weight / outputs) / samples
  }

  public static func blend(
    _ rows: Int, _ columns: Int, _ z: MutablePointer, _ stride: Int, _ g: MutablePointer, _ gStride: Int,
    alpha: Pointer, slopes: MutablePointer?, _ slopesStride: Int
  ) -> Scalar {
    kernels.blend(rows, columns, z, stride, g, gStride, alpha, slopes, slopesStride)
  }

  public static func pieces(_ shape: PieceShape, _ columns: Int, _ e: MutablePointer, _ stride: Int) {
    shape.withLowered { kernels.pieces($0, columns, e, stride) }
  }

  public static func hats(
    _ shape: PieceShape, _ columns: Int, _ x: Pointer, _ stride: Int, _ numbers: MutablePointer,
    _ places: UnsafeMutablePointer<Int32>
  ) {
    shape.withLowered { kernels.hats($0, columns, x, stride, numbers, places) }
  }

  public static func multiplyListed(
    _ rows: Range<Int>, _ columns: Int, _ k: Int, _ packed: Pointer, most: Int, _ numbers: Pointer,
    _ places: UnsafePointer<Int32>, _ z: MutablePointer, _ zStride: Int
  ) {
    kernels.multiply_listed(rows.lowerBound, rows.count, columns, k, packed, most, numbers, places, z, zStride)
  }

  public static func lookUp(
    _ shape: CategoryShape, _ columns: Int, table: Pointer, _ x: Pointer, _ stride: Int, _ e: MutablePointer,
    _ eStride: Int
  ) {
    shape.withLowered { kernels.look_up($0, columns, table, x, stride, e, eStride) }
  }

  public static func lookUpBack(
    _ shape: CategoryShape, _ columns: Int, _ x: Pointer, _ stride: Int, _ delta: Pointer, _ deltaStride: Int,
    gradient: MutablePointer
  ) -> Scalar {
    shape.withLowered { kernels.look_up_back($0, columns, x, stride, delta, deltaStride, gradient) }
  }

  public static func embed(
    _ shape: EmbeddingShape, _ columns: Int, parameters: Pointer, _ e: MutablePointer, _ stride: Int,
    _ outputs: MutablePointer, _ outputsStride: Int
  ) -> Scalar {
    shape.withLowered { kernels.embed($0, columns, parameters, e, stride, outputs, outputsStride) }
  }

  public static func embedBack(
    _ shape: EmbeddingShape, _ columns: Int, parameters: Pointer, _ e: Pointer, _ stride: Int,
    _ delta: MutablePointer, _ deltaStride: Int, gradient: MutablePointer
  ) -> Scalar {
    shape.withLowered { kernels.embed_back($0, columns, parameters, e, stride, delta, deltaStride, gradient) }
  }

  public static func normalizeRows(
    _ rows: Int, _ columns: Int, _ z: MutablePointer, _ stride: Int, gamma: Pointer, epsilon: Double,
    normal: MutablePointer, _ normalStride: Int, mean: MutablePointer, variance: MutablePointer, inverse: MutablePointer
  ) {
    kernels.normalize_rows(rows, columns, z, stride, gamma, epsilon, normal, normalStride, mean, variance, inverse)
  }

  public static func normalizeRowsBack(
    _ rows: Int, _ columns: Int, _ delta: MutablePointer, _ stride: Int, normal: Pointer, _ normalStride: Int,
    gamma: Pointer, inverse: Pointer, sums: MutablePointer, _ sumsStride: Int
  ) -> Scalar {
    kernels.normalize_rows_back(
      rows, columns, delta, stride, normal, normalStride, gamma, inverse, sums, sumsStride)
  }

  public static func standardizeRows(
    _ rows: Int, _ columns: Int, _ z: MutablePointer, _ stride: Int, gamma: Pointer, epsilon: Double, mean: Pointer,
    variance: Pointer
  ) {
    kernels.standardize_rows(rows, columns, z, stride, gamma, epsilon, mean, variance)
  }

  public static func normalizeColumns(
    _ rows: Int, _ columns: Int, _ z: MutablePointer, _ stride: Int, gamma: Pointer, epsilon: Double, isCentered: Bool,
    normal: MutablePointer?, _ normalStride: Int, inverse: MutablePointer?
  ) {
    kernels.normalize_columns(
      rows, columns, z, stride, gamma, epsilon, isCentered ? 1 : 0, normal, normalStride, inverse)
  }

  public static func normalizeColumnsBack(
    _ rows: Int, _ columns: Int, _ delta: MutablePointer, _ stride: Int, normal: Pointer, _ normalStride: Int,
    gamma: Pointer, inverse: Pointer, isCentered: Bool, sums: MutablePointer
  ) -> Scalar {
    kernels.normalize_columns_back(
      rows, columns, delta, stride, normal, normalStride, gamma, inverse, isCentered ? 1 : 0, sums)
  }

  public static func rowSums(
    _ rows: Int, _ columns: Int, _ x: Pointer, _ stride: Int, scale: Double, accumulator: Double, _ sums: MutablePointer
  ) {
    kernels.row_sums(rows, columns, x, stride, scale, accumulator, sums)
  }

  public static func sum(_ n: Int, _ x: Pointer) -> Double { kernels.sum(n, x) }

  public static func wideDot(_ n: Int, _ x: Pointer, _ y: Pointer) -> Double { kernels.dot(n, x, y) }

  public static func maxMagnitude(_ n: Int, _ x: Pointer) -> Double { kernels.max_magnitude(n, x) }

  public static func add(_ n: Int, _ factor: Double, _ x: Pointer, _ y: MutablePointer) { kernels.add(n, factor, x, y) }

  public static func scale(_ n: Int, _ factor: Double, _ x: MutablePointer) { kernels.scale(n, factor, x) }

  public static func update(
    _ update: MomentUpdate<Double>, _ rows: Int, _ columns: Int, _ inner: Int, product a: Pointer, _ lda: Int,
    _ b: Pointer, _ ldb: Int, gradient: MutablePointer, _ parameters: MutablePointer, _ stride: Int
  ) {
    withUnsafePointer(to: lowered(update)) {
      kernels.update_by_product($0, rows, columns, inner, a, lda, b, ldb, gradient, parameters, stride)
    }
  }

  public static func update(_ update: MomentUpdate<Double>, _ n: Int, _ gradient: Pointer, _ parameters: MutablePointer)
  {
    withUnsafePointer(to: lowered(update)) { kernels.update($0, n, gradient, parameters) }
  }

  public static func penalize(
    _ n: Int, _ weights: Pointer, l1: Double, l2: Double, scale: Double, _ gradient: MutablePointer?
  ) -> Double {
    kernels.penalize(n, weights, l1, l2, scale, gradient)
  }

  public static func limitRows(_ rows: Int, _ columns: Int, _ x: MutablePointer, _ stride: Int, limit: Double) {
    kernels.limit_rows(rows, columns, x, stride, limit)
  }

  public static func multiplyAdds(_ n: Int, _ numbers: MutablePointer) -> Double { kernels.multiply_adds(n, numbers) }

  public static func packedCount(_ rows: Int, _ columns: Int) -> Int { kernels.packed_count(rows, columns) }

  public static func pack(_ rows: Int, _ columns: Int, _ a: Pointer, _ stride: Int, _ packed: MutablePointer) {
    kernels.pack_panels(rows, columns, a, stride, packed)
  }

  public static func multiplyPacked(
    _ allRows: Int, _ rows: Range<Int>, _ columns: Int, _ k: Int, _ packed: Pointer, _ x: Pointer, _ xStride: Int,
    _ z: MutablePointer, _ zStride: Int
  ) {
    kernels.multiply_packed(
      allRows, rows.lowerBound, rows.count, columns, k, packed, x, xStride, z, zStride)
  }

  private static func lowered(_ update: MomentUpdate<Double>) -> ck_double_update {
    ck_double_update(
      rule: update.rule.lowered, rate: update.rate, beta1: update.beta1, gain1: update.gain1, beta2: update.beta2,
      gain2: update.gain2, smallest: update.smallest, largest: update.largest, correction: update.correction,
      epsilon: update.epsilon, shrinkage: update.shrinkage, m: update.mean, v: update.square)
  }
}

extension EmbeddingShape {
  fileprivate func withLowered<R>(_ body: (UnsafePointer<ck_embedding>) -> R) -> R {
    numbers.withUnsafeBufferPointer { rows in
      let shape = ck_embedding(
        inputs: inputs, numbers: rows.count, frequencies: frequencies, components: components, rows: rows.baseAddress)
      return withUnsafePointer(to: shape, body)
    }
  }
}

extension CategoryShape {
  fileprivate func withLowered<R>(_ body: (UnsafePointer<ck_categories>) -> R) -> R {
    starts.withUnsafeBufferPointer { starts in
      ends.withUnsafeBufferPointer { ends in
        let shape = ck_categories(
          inputs: inputs, groups: starts.count, dimension: dimension, starts: starts.baseAddress, ends: ends.baseAddress
        )
        return withUnsafePointer(to: shape, body)
      }
    }
  }
}

extension PieceShape {
  fileprivate func withLowered<R>(_ body: (UnsafePointer<ck_pieces>) -> R) -> R {
    numbers.withUnsafeBufferPointer { rows in
      starts.withUnsafeBufferPointer { starts in
        lower.withUnsafeBufferPointer { lower in
          factors.withUnsafeBufferPointer { factors in
            let shape = ck_pieces(
              inputs: inputs, numbers: rows.count, rows: rows.baseAddress, starts: starts.baseAddress,
              lower: lower.baseAddress, factors: factors.baseAddress)
            return withUnsafePointer(to: shape, body)
          }
        }
      }
    }
  }
}

extension MomentRule {
  fileprivate var lowered: ck_rule {
    switch self {
    case .momentum: ck_momentum
    case .nesterov: ck_nesterov
    case .adam: ck_adam
    case .rmsProp: ck_rmsprop
    case .rProp: ck_rprop
    case .lion: ck_lion
    }
  }
}

extension Loss {
  /// The loss's index in the list of kernels, `losses.def`.
  package var kernel: Int {
    let kernel =
      switch self {
      case .quadratic: ck_loss_quadratic
      case .meanSquaredError: ck_loss_mse
      case .binaryCrossEntropy: ck_loss_binary_cross_entropy
      case .crossEntropy: ck_loss_cross_entropy
      case .meanAbsoluteError: ck_loss_mae
      case .huber: ck_loss_huber
      case .quantile, .quantiles: ck_loss_quantile
      case .poisson: ck_loss_poisson
      case .tweedie: ck_loss_tweedie
      }
    return Int(kernel.rawValue)
  }
}
