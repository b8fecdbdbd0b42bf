import Contracts
import Foundation
import RPC

/// What decoding and encoding the messages of an order costs, against Foundation's coders in the same process.
///
/// `codec-bench` prints the medians of seven interleaved pairs and their ratio; the goal is 0.5, better 0.2.
/// `codec-bench decode|encode ours|foundation COUNT` does one of them so often, for a profiler to count instructions.
@main struct CodecBench {
    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard let what = arguments.first, arguments.count == 3, let count = arguments.last.flatMap({ Int($0) }) else {
            try compare("SubmitOrderRequest", Samples.submitOrder)
            try compare("SubmitOrderResponse", Samples.submitted)
            try compare("PlaceOrderRequest", Samples.placeOrder)
            try compare("PayRequest", Samples.pay)
            try compare("ReadBillRequest", Samples.readBill)
            try compare("ReadBillResponse", Samples.bill)
            try compare("AllocateResponse", Samples.allocated)
            try compare("LeaseRequest", Samples.lease)
            return
        }
        let isOurs = arguments.dropFirst().first == "ours"
        let message = Samples.submitOrder
        let text = try FoundationCoding.encode(message)
        for _ in 0..<count {
            switch (what, isOurs) {
            case ("decode", true): _ = try RPCCoding.decode(SubmitOrderRequest.self, from: text)
            case ("decode", false): _ = try FoundationCoding.decode(SubmitOrderRequest.self, text)
            case (_, true): _ = try RPCCoding.encode(message)
            case (_, false): _ = try FoundationCoding.encode(message)
            }
        }
    }

    private static func compare<Message: Codable & Equatable>(_ name: String, _ message: Message) throws {
        let text = try FoundationCoding.encode(message)
        guard try RPCCoding.decode(Message.self, from: text) == message,
            try FoundationCoding.decode(Message.self, RPCCoding.encode(message)) == message
        else { throw Disagreement(message: name) }
        let rounds = 2_000_000 / text.count
        var decoding: [(ours: Double, theirs: Double)] = []
        var encoding: [(ours: Double, theirs: Double)] = []
        for _ in 0..<7 {
            decoding.append(
                (
                    try nanoseconds(rounds) { _ = try RPCCoding.decode(Message.self, from: text) },
                    try nanoseconds(rounds) { _ = try FoundationCoding.decode(Message.self, text) }
                )
            )
            encoding.append(
                (
                    try nanoseconds(rounds) { _ = try RPCCoding.encode(message) },
                    try nanoseconds(rounds) { _ = try FoundationCoding.encode(message) }
                )
            )
        }
        print("\(name), \(text.count) bytes: decode \(summary(decoding)), encode \(summary(encoding))")
    }

    private static func nanoseconds(_ rounds: Int, _ body: () throws -> Void) rethrows -> Double {
        let duration = try ContinuousClock().measure { for _ in 0..<rounds { try body() } }
        return duration / .nanoseconds(1) / Double(rounds)
    }

    private static func summary(_ pairs: [(ours: Double, theirs: Double)]) -> String {
        func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
        let ratio = median(pairs.map { $0.ours / $0.theirs })
        let times = "\(Int(median(pairs.map(\.ours)))) of \(Int(median(pairs.map(\.theirs)))) ns"
        return "\(ratio.formatted(.number.precision(.fractionLength(3)))) (\(times))"
    }
}

/// The coders do not mean the same, so their times cannot be compared.
struct Disagreement: Error {
    let message: String
}

/// Foundation's coders, with the instants of our wire.
enum FoundationCoding {
    static func encode(_ message: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(RFC3339.text(date))
        }
        encoder.outputFormatting = [.withoutEscapingSlashes]
        return try encoder.encode(message)
    }

    static func decode<Message: Decodable>(_ type: Message.Type, _ text: Data) throws -> Message {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let container = try decoder.singleValueContainer()
            guard let date = RFC3339.date(try container.decode(String.self)) else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "no instant")
            }
            return date
        }
        return try decoder.decode(type, from: text)
    }
}
