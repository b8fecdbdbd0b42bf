import Foundation

struct PowerBody: Decodable {
    let on: Bool
}

struct LineBody: Decodable {
    let articleId: Int?
    let quantity: Int?
}

struct MoveBody: Decodable {
    let to: Int
}

struct StockBody: Decodable {
    let articleId: Int
    /// Absent or null ends the counting.
    let stock: Int?
}

struct ProductsBody: Decodable {
    let products: [RegisterProduct]
    let categories: [RegisterCategory]?
    let selections: [RegisterSelection]?

    var catalog: RegisterCatalog {
        RegisterCatalog(products: products, categories: categories ?? [], selections: selections ?? [])
    }
}

/// All that the register knows at one moment.
struct StateReport: Encodable {
    let catalog: RegisterCatalog
    let settings: RegisterSettings
    let freeTable: Int?
    let openBills: [BillReport]
    let history: [RegisterBill]

    /// An open bill, with what is still to be paid.
    struct BillReport: Encodable {
        let bill: RegisterBill
        let paymentCents: Int
    }

    init(_ register: Register) async {
        let state = await register.state
        catalog = state.catalog
        settings = state.settings
        freeTable = state.freeTable
        openBills = state.open.values.sorted { $0.table < $1.table }
            .map { BillReport(bill: $0, paymentCents: $0.paymentCents) }
        history = state.history
    }
}

/// The query of a control request: names and numbers, nothing that needs escaping.
struct ControlQuery {
    private var values: [String: String] = [:]

    init(_ query: String?) {
        for pair in (query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
            if parts.count == 2 { values[parts[0]] = parts[1] }
        }
    }

    subscript(name: String) -> String? { values[name] }

    var count: Int? { values["count"].flatMap { Int($0) } }
    var wait: Duration { .milliseconds(values["waitMs"].flatMap { Int($0) } ?? 0) }
}

extension RawRequest {
    func decoded<Body: Decodable>(_ type: Body.Type) throws -> Body {
        try JSONDecoder().decode(type, from: Data(body))
    }
}

extension Reply {
    static func encoding(_ value: some Encodable) throws -> Reply {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Reply(status: 200, headers: [.json], body: Array(try encoder.encode(value)))
    }
}
