import Contracts
import Foundation

/// What the register itself says it holds: its bills, and its own ledger of effects.
struct RegisterReport {
    private let state: State
    private let effects: [Effect]

    init(state: String, ledger: String) throws {
        let decoder = JSONDecoder()
        self.state = try decoder.decode(State.self, from: Data(state.utf8))
        effects = try ledger.split(separator: "\n").map { try decoder.decode(Effect.self, from: Data($0.utf8)) }
    }

    /// The order came to the register once, its bill was paid once, and nothing is left open.
    var isSettledOnce: Bool {
        effects.count { $0.effect == "order_created" } == 1 && effects.count { $0.effect == "bill_paid" } == 1
            && state.openBills.isEmpty && state.history.count == 1
    }

    func show() {
        print("\nThe bill, as the register saw it:")
        for bill in state.history {
            print("  Table \(bill.table)   \(bill.tableText)")
            for line in bill.lines { show(line, indent: 4, times: 1) }
        }
        print("\nThe register's own ledger of effects:")
        for effect in effects {
            let amount = effect.amountCents.map { "   \($0.euros)" } ?? ""
            let tip = effect.tipCents.map { $0 > 0 ? " and a tip of \($0.euros)" : "" } ?? ""
            print("  \(effect.seq). \(effect.effect) on table \(effect.table)\(amount)\(tip)")
        }
    }

    private func show(_ line: Line, indent: Int, times: Int) {
        let quantity = line.quantity * times
        let text = "\(String(repeating: " ", count: indent))\(quantity) x \(line.text)"
        let info = line.infoText.map { "   (\($0))" } ?? ""
        print("\(pad(text, 34))\((quantity * line.unitPriceCents).euros)\(info)")
        for variant in line.variants ?? [] { show(variant, indent: indent + 4, times: quantity) }
    }

    private struct State: Decodable {
        var openBills: [OpenBill]
        var history: [Bill]
    }

    private struct OpenBill: Decodable {}

    private struct Bill: Decodable {
        var table: Int
        var tableText: String
        var lines: [Line]
    }

    private struct Line: Decodable {
        var text: String
        var quantity: Int
        var unitPriceCents: Int
        var infoText: String?
        var variants: [Line]?
    }

    private struct Effect: Decodable {
        var seq: Int
        var effect: String
        var table: Int
        var amountCents: Int?
        var tipCents: Int?
    }
}
