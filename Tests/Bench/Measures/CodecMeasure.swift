import Contracts
import Foundation
import RPC

/// What reading and writing an order's JSON costs, beside Foundation's own coders in the same process (G12).
struct CodecMeasure {
    let pairs: Int

    func run() throws -> [Finding] {
        let order = SampleOrder.request(1, run: "g12", at: Rig.location(0))
        let bytes = Array(try RPCCoding.encode(order))
        let data = Data(bytes)
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        var decoding = Pairs()
        var encoding = Pairs()
        for _ in 0..<max(5, pairs) {
            decoding.add(
                ours: try microseconds { _ = try RPCCoding.decode(SubmitOrderRequest.self, from: data) },
                reference: try microseconds { _ = try decoder.decode(SubmitOrderRequest.self, from: data) }
            )
            encoding.add(
                ours: try microseconds { _ = try RPCCoding.encode(order) },
                reference: try microseconds { _ = try encoder.encode(order) }
            )
        }
        func finding(_ what: String, _ pairs: Pairs, bar: Double, target: Double) -> Finding {
            Finding(
                goal: "G12",
                what: "\(what) an order of \(bytes.count) bytes",
                ours: "\(pairs.ours.median.short) µs",
                reference: "\(pairs.reference.median.short) µs Foundation",
                ratio: pairs.ratio,
                bar: bar,
                target: target,
                better: .lower
            )
        }
        return [
            finding("decoding", decoding, bar: 0.5, target: 0.20),
            finding("encoding", encoding, bar: 0.5, target: 0.15),
        ]
    }

    private func microseconds(_ body: () throws -> Void) rethrows -> Double {
        let rounds = 2_000
        for _ in 0..<100 { try body() }
        let start = ContinuousClock.now
        for _ in 0..<rounds { try body() }
        return start.duration(to: .now) / .microseconds(1) / Double(rounds)
    }
}
