import Foundation
import JSON

let instants = JSONInstants(
    accepted: "an instant",
    read: { text in Double(String(decoding: text, as: UTF8.self)).map { Date(timeIntervalSince1970: $0) } },
    write: { date, room in
        let text = String(Int(date.timeIntervalSince1970))
        _ = room.update(fromContentsOf: text.utf8)
        return text.utf8.count
    }
)

func read<Value: Decodable>(
    _ type: Value.Type = Value.self,
    _ text: String,
    limits: JSONLimits = .trusted
) throws -> Value {
    try JSONReader(limits: limits, instants: instants).read(type, from: Data(text.utf8))
}

func write(_ value: some Encodable) throws -> String {
    try JSONWriter(instants: instants).text(value)
}

/// What it throws, as the path of the field and what is wrong with it.
func complaint<Value: Decodable>(_ type: Value.Type, _ text: String) -> String? {
    func name(_ path: [any CodingKey]) -> String { path.map(\.stringValue).joined(separator: ".") }
    do {
        _ = try read(type, text)
        return nil
    } catch DecodingError.typeMismatch(let type, let context) {
        return "\(name(context.codingPath)) is not \(type)"
    } catch DecodingError.valueNotFound(let type, let context) {
        return "\(name(context.codingPath)) is null, not \(type)"
    } catch DecodingError.keyNotFound(let key, let context) {
        return "\(name(context.codingPath + [key])) is missing"
    } catch DecodingError.dataCorrupted(let context) {
        return "\(name(context.codingPath)) \((context.underlyingError as? Unacceptable)?.problem ?? "?")"
    } catch {
        return "\(error)"
    }
}
