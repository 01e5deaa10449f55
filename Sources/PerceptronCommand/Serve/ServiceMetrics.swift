import Perceptron

/// What a service counts, in the text format of Prometheus.
final class ServiceMetrics: Sendable {
  /// What kind of question a request is.
  enum Endpoint: String, CaseIterable {
    case predict, infer, other
  }

  private struct Request: Hashable {
    let endpoint: Endpoint
    let model: String
    let status: Int
  }

  /// Counts of values up to each bound.
  private struct Histogram {
    let bounds: [Double]
    var counts: [Int]
    var sum = 0.0

    init(_ bounds: [Double]) { (self.bounds, counts) = (bounds, Array(repeating: 0, count: bounds.count + 1)) }

    mutating func add(_ value: Double) {
      counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
      sum += value
    }

    func lines(_ name: String, _ labels: String) -> [String] {
      var total = 0
      var lines = zip(bounds.map { "\($0)" } + ["+Inf"], counts).map { bound, count in
        total += count
        return "\(name)_bucket{\(labels.isEmpty ? "" : labels + ",")le=\"\(bound)\"} \(total)"
      }
      let braces = labels.isEmpty ? "" : "{\(labels)}"
      lines += ["\(name)_sum\(braces) \(sum)", "\(name)_count\(braces) \(total)"]
      return lines
    }
  }

  private struct Counts {
    var requests: [Request: Int] = [:]
    var errors: [String: Int] = [:]
    var seconds = Dictionary(
      uniqueKeysWithValues: Endpoint.allCases.map {
        ($0, Histogram([0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1]))
      })
    var samples = Histogram([1, 2, 4, 8, 16, 32, 64, 128, 256, 1024, 4096, 16384])
    var reloads: [String: (done: Int, failed: Int)] = [:]
  }

  private let counts = Guarded(Counts())

  /// Counts a request.
  ///
  /// - Parameters:
  ///   - model: The model that it is for; empty if for none.
  ///   - samples: The number of answers.
  ///   - error: The kind of error, if there was one.
  func count(_ endpoint: Endpoint, model: String, status: Int, seconds: Double, samples: Int, error: String?) {
    counts.withLock { counts in
      counts.requests[Request(endpoint: endpoint, model: model, status: status), default: 0] += 1
      counts.seconds[endpoint]!.add(seconds)
      if samples > 0 { counts.samples.add(Double(samples)) }
      if let error { counts.errors[error, default: 0] += 1 }
    }
  }

  /// Counts an attempt to read a model again.
  func countReload(of model: String, done: Bool) {
    counts.withLock { counts in
      counts.reloads[model, default: (0, 0)].done += done ? 1 : 0
      counts.reloads[model, default: (0, 0)].failed += done ? 0 : 1
    }
  }

  /// All metrics as text.
  func text(_ models: [any LoadedModel], connections: Int) -> String {
    let counts = counts.withLock { $0 }
    var lines: [String] = []
    func add(_ name: String, _ type: String, _ help: String, _ values: [String]) {
      lines += ["# HELP \(name) \(help)", "# TYPE \(name) \(type)"] + values
    }
    add(
      "perceptron_requests_total", "counter", "Requests that were answered.",
      counts.requests.map { request, count in
        "perceptron_requests_total{endpoint=\"\(request.endpoint)\",model=\"\(request.model)\","
          + "status=\"\(request.status)\"} \(count)"
      }.sorted())
    add(
      "perceptron_errors_total", "counter", "Requests without an answer, by the kind of error.",
      counts.errors.map { "perceptron_errors_total{kind=\"\($0)\"} \($1)" }.sorted())
    let duration = "perceptron_request_duration_seconds"
    add(
      duration, "histogram", "The time from a whole request to its answer.",
      Endpoint.allCases.flatMap { counts.seconds[$0]!.lines(duration, "endpoint=\"\($0)\"") })
    add(
      "perceptron_request_samples", "histogram", "The samples of a request.",
      counts.samples.lines("perceptron_request_samples", ""))
    add("perceptron_connections", "gauge", "Open connections.", ["perceptron_connections \(connections)"])
    add(
      "perceptron_model_info", "gauge", "The models, with the CRC-32 of their files.",
      models.map { "perceptron_model_info{model=\"\($0.facts.name)\",fingerprint=\"\($0.facts.fingerprint)\"} 1" })
    // A model that is read again begins to count anew.
    let batches = models.compactMap { model in model.batching.map { ("model=\"\(model.facts.name)\"", $0.counts) } }
    if !batches.isEmpty {
      add(
        "perceptron_batches_total", "counter", "Batches of requests that came at the same time.",
        batches.map { "perceptron_batches_total{\($0)} \($1.batches)" })
      add(
        "perceptron_batch_requests_total", "counter", "Requests in these batches.",
        batches.map { "perceptron_batch_requests_total{\($0)} \($1.requests)" })
      add(
        "perceptron_batch_waiting_seconds_total", "counter", "The time that they waited for their batches.",
        batches.map { "perceptron_batch_waiting_seconds_total{\($0)} \($1.waiting / .seconds(1))" })
    }
    add(
      "perceptron_model_reloads_total", "counter", "Attempts to read a model again.",
      counts.reloads.sorted { $0.key < $1.key }.flatMap { name, count in
        [
          "perceptron_model_reloads_total{model=\"\(name)\",result=\"done\"} \(count.done)",
          "perceptron_model_reloads_total{model=\"\(name)\",result=\"failed\"} \(count.failed)",
        ]
      })
    return lines.joined(separator: "\n") + "\n"
  }
}
