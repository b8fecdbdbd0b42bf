package import CoreMetrics
import Foundation
import Synchronization

/// Keeps every metric of the process and writes them in Prometheus' text format.
///
/// No package for this exists among those the project may use, and the format is a page long; see ADR 0008.
package final class PrometheusRegistry: MetricsFactory, Sendable {
    private struct Key: Hashable {
        var name: String
        var labels: String
    }

    private struct State {
        var counters: [Key: PrometheusCounter] = [:]
        var gauges: [Key: PrometheusGauge] = [:]
        var histograms: [Key: PrometheusHistogram] = [:]
    }

    private let state = Mutex(State())
    /// Label values come from closed sets; were one not, memory would grow without end.
    ///
    /// Above this, new ones are dropped.
    private let maxSeries = 5_000

    package init() {}

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        find(label, dimensions, in: \.counters) { PrometheusCounter() }
    }

    package func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        if aggregate { return find(label, dimensions, in: \.histograms) { PrometheusHistogram(unit: 1) } }
        return find(label, dimensions, in: \.gauges) { PrometheusGauge() }
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        find(label, dimensions, in: \.gauges) { PrometheusGauge() }
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        find(label, dimensions, in: \.histograms) { PrometheusHistogram(unit: 1e-9) }
    }

    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    /// All metrics, in Prometheus' text exposition format 0.0.4.
    package func text() -> String {
        let (counters, gauges, histograms) = state.withLock { ($0.counters, $0.gauges, $0.histograms) }
        var text = ""
        func write<Metric>(_ kind: String, _ metrics: [Key: Metric], _ series: (Key, Metric) -> String) {
            for (name, group) in Dictionary(grouping: metrics, by: \.key.name).sorted(by: { $0.key < $1.key }) {
                text += "# TYPE \(name) \(kind)\n"
                for (key, metric) in group.sorted(by: { $0.key.labels < $1.key.labels }) { text += series(key, metric) }
            }
        }
        write("counter", counters) { "\($0.name)\(Self.braced($0.labels)) \($1.value)\n" }
        write("gauge", gauges) { "\($0.name)\(Self.braced($0.labels)) \($1.value)\n" }
        write("histogram", histograms) { $1.text(name: $0.name, labels: $0.labels) }
        return text
    }

    private func find<Metric>(
        _ label: String,
        _ dimensions: [(String, String)],
        in kind: any WritableKeyPath<State, [Key: Metric]> & Sendable,
        make: () -> Metric
    ) -> Metric {
        let key = Key(
            name: Self.name(label),
            labels: dimensions.map { "\(Self.name($0.0))=\"\(Self.escaped($0.1))\"" }.joined(separator: ",")
        )
        return state.withLock { state in
            if let known = state[keyPath: kind][key] { return known }
            let metric = make()
            if state[keyPath: kind].count < maxSeries { state[keyPath: kind][key] = metric }
            return metric
        }
    }

    private static func name(_ label: String) -> String {
        let name = String(label.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") ? $0 : "_" })
        return name.first?.isNumber == true ? "_\(name)" : name
    }

    private static func escaped(_ value: String) -> String {
        value.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"")
            .replacingOccurrences(of: "\n", with: "\\n")
    }

    static func braced(_ labels: String) -> String {
        labels.isEmpty ? "" : "{\(labels)}"
    }
}

final class PrometheusCounter: CounterHandler, Sendable {
    private let count = Atomic<Int64>(0)

    var value: Int64 { count.load(ordering: .relaxed) }

    func increment(by amount: Int64) { count.add(amount, ordering: .relaxed) }
    func reset() { count.store(0, ordering: .relaxed) }
}

final class PrometheusGauge: RecorderHandler, MeterHandler, Sendable {
    private let current = Mutex(0.0)

    var value: Double { current.withLock { $0 } }

    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { current.withLock { $0 = value } }
    func increment(by amount: Double) { current.withLock { $0 += amount } }
    func decrement(by amount: Double) { current.withLock { $0 -= amount } }
}

/// A histogram with the buckets that matter here: from a millisecond (a commit) to a minute (a register's worst).
final class PrometheusHistogram: RecorderHandler, TimerHandler, Sendable {
    private static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60]

    private struct State {
        var buckets = [Int64](repeating: 0, count: bounds.count)
        var count: Int64 = 0
        var sum = 0.0
    }

    private let state = Mutex(State())
    /// What one recorded unit is in the metric's own unit: timers record nanoseconds and show seconds.
    private let unit: Double

    init(unit: Double) { self.unit = unit }

    func record(_ value: Int64) { record(Double(value)) }
    func recordNanoseconds(_ duration: Int64) { record(Double(duration)) }

    func record(_ value: Double) {
        let value = value * unit
        state.withLock { state in
            state.count += 1
            state.sum += value
            if let bucket = Self.bounds.firstIndex(where: { value <= $0 }) { state.buckets[bucket] += 1 }
        }
    }

    func text(name: String, labels: String) -> String {
        let snapshot = state.withLock { $0 }
        let prefix = labels.isEmpty ? "" : "\(labels),"
        var text = ""
        var below: Int64 = 0
        for (bound, count) in zip(Self.bounds, snapshot.buckets) {
            below += count
            text += "\(name)_bucket{\(prefix)le=\"\(bound)\"} \(below)\n"
        }
        text += "\(name)_bucket{\(prefix)le=\"+Inf\"} \(snapshot.count)\n"
        text += "\(name)_sum\(PrometheusRegistry.braced(labels)) \(snapshot.sum)\n"
        text += "\(name)_count\(PrometheusRegistry.braced(labels)) \(snapshot.count)\n"
        return text
    }
}
