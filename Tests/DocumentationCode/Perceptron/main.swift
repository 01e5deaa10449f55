// The code of README.md, of the guides and of Documentation, each block in a scope of its own within those
// that it follows. It is run in a directory with Examples/iris.csv and houses.csv.

import Perceptron

// MARK: - README.md

do {
  let table = try Table(contentsOf: "iris.csv")  // the last column is the target
  let fit = try TableFit<Float>(trainedOn: table, progress: { print($0) }, warn: { print($0) })
  print(fit)  // classification of species, 3 classes: 4 networks …
  try fit.model.write(to: "iris.perceptron")  // one safetensors file, preparation included

  let preparation = try Preparation(fittedOn: table, warn: { print($0) })  // how columns are read, and what is odd
  let samples = try preparation.samples(of: table, as: Float.self)

  var generator = Philox(seed: 0)
  let network = Network<Float>(
    .chain([preparation.inputCount, 64, preparation.outputCount], hidden: .relu, output: .softmax),
    initializer: .heNormal, using: &generator)

  var trainer = Trainer(
    network, loss: .crossEntropy, optimizer: .adam(), batchSize: 32, generator: generator)
  try trainer.fit(
    on: samples, epochs: 50,
    afterEpoch: { report, trainer in
      print(report.epoch, report.trainingLoss)
      if report.epoch % 10 == 0 { try Checkpoint(trainer).write(to: "iris.checkpoint") }
      return true  // false stops, and so does an error
    })

  let model = TrainedModel(network: trainer.network, loss: .crossEntropy, preparation: preparation)
  print(model.parameterCount)

  do {
    try Checkpoint(trainer).write(to: "iris.checkpoint")  // in afterEpoch, or after a fit that was stopped
    try trainer.restore(Checkpoint(contentsOf: "iris.checkpoint"))
  }

  do {
    let split = Split(samples.count, validationShare: 0.2, using: &generator)
    let validation = samples.gathered(split.validation)
    var careful = Trainer(network, loss: .crossEntropy, optimizer: .adam(), batchSize: 32, generator: generator)
    try careful.fit(
      on: samples.gathered(split.training), validation: validation,
      epochs: 200, patience: 20)  // stops after 20 epochs without a lower validation loss
    let judged = TrainedModel(network: careful.network, loss: .crossEntropy, preparation: preparation)
    print(judged.metrics(on: validation))  // accuracy 0.9333 (28 of 30), loss 0.15…
  }
}

// MARK: - Documentation/Distributed.md

do {
  let table = try Table(contentsOf: "iris.csv")
  let preparation = try Preparation(fittedOn: table)
  let samples = try preparation.samples(of: table, as: Float.self)
  var generator = Philox(seed: 0)
  let network = Network<Float>(
    .chain([preparation.inputCount, 64, preparation.outputCount], hidden: .relu, output: .softmax),
    initializer: .heNormal, using: &generator)

  let processes = try Processes.launched()
  var trainer = Trainer(
    network, loss: .crossEntropy, optimizer: .adam(), batchSize: 256, shards: 8, processes: processes,
    generator: Philox(seed: 1))
  try trainer.fit(
    on: samples, epochs: 5,
    afterEpoch: { report, _ in
      if processes.isFirst { print(report.epoch, report.trainingLoss) }
      return true
    })
}

// MARK: - Sources/Perceptron/Perceptron.docc/FromTableToService.md

do {
  let table = try Table(contentsOf: "iris.csv")
  let fit = try TableFit<Float>(trainedOn: table) { print($0) }
  print(fit)
  try fit.model.write(to: "iris.perceptron")

  var generator = Philox(seed: 0)
  let split = Split(
    table.rowCount, validationShare: 0.2, using: &generator)
  let preparation = try Preparation(
    fittedOn: table, samples: split.training)
  let samples = try preparation.samples(of: table, as: Float.self)

  let sizes = [preparation.inputCount, 64, preparation.outputCount]
  let network = Network<Float>(
    .chain(sizes, hidden: .relu, output: .softmax),
    initializer: .heNormal, using: &generator)
  var trainer = Trainer(
    network, loss: .crossEntropy, optimizer: .adam(),
    batchSize: 32, generator: generator)
  try trainer.fit(
    on: samples.gathered(split.training),
    validation: samples.gathered(split.validation),
    epochs: 200, patience: 20)

  let model = TrainedModel(
    network: trainer.network, loss: .crossEntropy,
    preparation: preparation)
  print(
    model.metrics(
      on: samples.gathered(split.validation)))

  let predictor = try Predictor<Float>(
    contentsOf: "iris.perceptron")
  let prediction = try predictor.predict(
    ["petal_length": 1.4, "petal_width": 0.2])
  print(prediction.className!, prediction.probability!)
}

// MARK: - Documentation/Evaluation.md

do {
  let model = try TrainedModel<Float>(contentsOf: "iris.perceptron")
  let table = try Table(contentsOf: "iris.csv")
  let validation = try model.preparation.samples(of: table, as: Float.self)

  let (calibrated, calibration) = try model.calibrated(on: validation)
  let metrics = ProbabilityMetrics(
    outputs: calibrated.outputs(prepared: validation.features), targets: validation.targets)
  print(calibration.temperature, metrics.reliability!.calibrationError)

  for importance in model.importances(on: validation) {
    print(importance.column, importance.loss.mean, importance.metric.mean)
  }
  let dependence = model.partialDependence(onColumn: "petal_length", prepared: validation.features)
  for point in dependence.points { print(point.value, point.answers) }
}

// MARK: - Documentation/Training.md

do {
  let table = try Table(contentsOf: "iris.csv")
  let preparation = try Preparation(fittedOn: table)
  let samples = try preparation.samples(of: table, as: Float.self)
  var generator = Philox(seed: 0)

  let classes = samples.targets.predictedClasses().map { Double($0) }
  var networks: [Network<Float>] = []
  for (number, split) in Split.folds(5, stratifiedBy: classes, using: &generator).enumerated() {
    let (training, fold) = (samples.gathered(split.training), samples.gathered(split.validation))
    let recipe = Recipe.plain(sampleCount: training.count)
    let seed = UInt64(number)
    let network = recipe.network(for: preparation, fittedOn: training, output: .softmax, seed: seed)
    var trainer = recipe.trainer(of: network, loss: .crossEntropy, seed: seed)
    try trainer.fit(on: training, epochs: recipe.epochs)
    let outputs = trainer.result.predict(fold.features)
    print(ClassificationMetrics(outputs: outputs, targets: fold.targets).accuracy)
    networks.append(trainer.result)
  }
  let model = TrainedModel(networks: networks, loss: .crossEntropy, preparation: preparation)  // their mean
  print(model.networks.count)
}

// MARK: - Documentation/Training.md

do {
  let houses = try Table(contentsOf: "houses.csv")
  let prices = try TableFit<Float>(trainedOn: houses, target: "price", epochs: 100, adjust: { $0.hidden = [128, 128] })
  print(prices.metrics?.errors?.rootMeanSquaredError ?? .nan, prices.recipe.epochs)
}

// MARK: - Documentation/Tables.md

do {
  let houses = try Table([
    "area": [50, 72.5, 61], "city": ["Ulm", "Bonn", nil], "price": [150_000, 230_000, 187_000],
  ])
  let same = try Table(csv: "area,city,price\n50,Ulm,150000\n72.5,Bonn,230000\n61,,187000\n")
  print(houses.rowCount, same.columnNames)
}

// MARK: - Documentation/Serving.md

do {
  let predictor = try Predictor<Float>(contentsOf: "iris.perceptron")
  let prediction = try predictor.predict(["petal_length": 1.4, "petal_width": 0.2])
  print(prediction.className!, prediction.probability!)  // setosa 0.99…
  print(prediction.names, prediction.outputs)  // all classes, and the probability of each

  do {
    let samples = Matrix<Float>(samples: [[1.4, 0.2], [5.8, 2.2]])
    let answers = try predictor.predict(samples)  // a column for each sample
    print(answers[0, 1])  // the probability of the first class for the second sample
  }

  do {
    struct Flower: Encodable { let petalLength, petalWidth: Double }
    let flower = Flower(petalLength: 1.4, petalWidth: 0.2)
    let variables = try predictor.predict(["petal_length": flower.petalLength, "petal_width": flower.petalWidth])
    print(variables)  // setosa (0.99…)
    print(try predictor.predict(propertiesOf: flower, keys: .convertToSnakeCase).probabilities)
  }

  let rows: [[InputValue]] = [[1.4, 0.2], [5.8, nil]]
  var total = 0.0
  do {
    var answer = Prediction()
    for row in rows {
      try predictor.predict(row, into: &answer)
      total += answer.outputs[0]
    }
  }
  guard total > 0 else { fatalError("no answers") }
}

do {
  let live = try ReloadablePredictor<Float>(contentsOf: "iris.perceptron")
  // In any task, anew for each request:
  let answer = try live.predictor.predict(["petal_length": 1.4, "petal_width": 0.2])
  try live.reload()  // in another, when the file has been replaced
  print(answer)

  do {
    let batching = BatchingPredictor(live, maximumBatchSize: 64)
    let answer = try await batching.predict(["petal_length": 1.4, "petal_width": 0.2])  // in any task
    await batching.shutDown()  // at the end: answers what has been asked
    print(answer)
  }
}
