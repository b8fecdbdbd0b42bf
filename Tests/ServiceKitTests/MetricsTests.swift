import Metrics
import Testing

@testable import ServiceKit

/// Prometheus' text format, a page long and strict.
struct MetricsTests {
    private let registry = PrometheusRegistry()

    private var lines: [String] { registry.text().split(separator: "\n").map(String.init) }

    @Test func aCounterCounts() {
        let counter = Counter(
            label: "calls_total",
            dimensions: [("code", "ok"), ("procedure", "/a/B")],
            factory: registry
        )
        counter.increment()
        counter.increment(by: 2)
        Counter(label: "calls_total", dimensions: [("code", "internal"), ("procedure", "/a/B")], factory: registry)
            .increment()
        #expect(
            lines == [
                "# TYPE calls_total counter",
                #"calls_total{code="internal",procedure="/a/B"} 1"#,
                #"calls_total{code="ok",procedure="/a/B"} 3"#,
            ]
        )
    }

    @Test func theSameMetricMadeTwiceIsOne() {
        for _ in 0..<3 { Counter(label: "calls_total", factory: registry).increment() }
        #expect(lines == ["# TYPE calls_total counter", "calls_total 3"])
    }

    @Test func aGaugeShowsItsLastValue() {
        let gauge = Gauge(label: "pool.connections", factory: registry)
        gauge.record(7)
        gauge.record(2.5)
        let meter = Meter(label: "open_orders", dimensions: [("lane", "a")], factory: registry)
        meter.set(3)
        meter.increment(by: 2)
        meter.decrement(by: 1)
        #expect(
            lines == [
                "# TYPE open_orders gauge", #"open_orders{lane="a"} 4.0"#, "# TYPE pool_connections gauge",
                "pool_connections 2.5",
            ]
        )
    }

    @Test func aTimerIsAHistogramInSeconds() {
        let timer = Metrics.Timer(label: "call_seconds", dimensions: [("procedure", "/a/B")], factory: registry)
        timer.recordMilliseconds(1)
        timer.recordMilliseconds(300)
        timer.recordSeconds(90)
        let lines = lines
        #expect(lines.first == "# TYPE call_seconds histogram")
        #expect(lines.contains(#"call_seconds_bucket{procedure="/a/B",le="0.001"} 1"#))
        #expect(lines.contains(#"call_seconds_bucket{procedure="/a/B",le="0.25"} 1"#))
        #expect(lines.contains(#"call_seconds_bucket{procedure="/a/B",le="0.5"} 2"#))
        #expect(lines.contains(#"call_seconds_bucket{procedure="/a/B",le="60.0"} 2"#))
        #expect(lines.contains(#"call_seconds_bucket{procedure="/a/B",le="+Inf"} 3"#))
        #expect(lines.contains(#"call_seconds_sum{procedure="/a/B"} 90.301"#))
        #expect(lines.contains(#"call_seconds_count{procedure="/a/B"} 3"#))
    }

    @Test func aHistogramWithoutLabelsHasOnlyItsBounds() {
        Recorder(label: "bytes", dimensions: [], aggregate: true, factory: registry).record(2)
        #expect(lines.contains(#"bytes_bucket{le="2.5"} 1"#))
        #expect(lines.contains("bytes_sum 2.0"))
    }

    @Test(arguments: [
        (#"a"b"#, #"a\"b"#), (#"a\b"#, #"a\\b"#), ("a\nb", #"a\nb"#), ("a\r\nb", "a\r\\nb"), (#"a\"#, #"a\\"#),
        ("é ✓", "é ✓"), ("", ""),
    ])
    func aLabelValueCannotBreakOut(value: String, escaped: String) {
        Counter(label: "calls_total", dimensions: [("code", value)], factory: registry).increment()
        #expect(registry.text() == "# TYPE calls_total counter\ncalls_total{code=\"\(escaped)\"} 1\n")
    }

    @Test func aNameHasOnlyWhatPrometheusTakes() {
        Counter(label: "http.server-duration é", factory: registry).increment()
        Counter(label: "5xx", factory: registry).increment()
        #expect(lines.contains("http_server_duration__ 1"))
        #expect(lines.contains("_5xx 1"))
    }

    @Test func seriesDoNotGrowWithoutEnd() {
        for number in 0..<6_000 { Counter(label: "c", dimensions: [("n", "\(number)")], factory: registry).increment() }
        #expect(lines.count == 5_001)
    }

    @Test func manyThreadsLoseNothing() async {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<500 {
                        Counter(label: "calls_total", factory: registry).increment()
                        Metrics.Timer(label: "t", factory: registry).recordNanoseconds(1)
                    }
                }
            }
        }
        #expect(lines.contains("calls_total 4000"))
        #expect(lines.contains("t_count 4000"))
    }
}
