import Contracts
import Foundation
import RPC

/// A register as the simulation has it: bills on tables, exact settlement, and a ledger of everything that happened.
///
/// The ledger is what the checker judges by. It knows whose line each line is, which no register tells.
struct ModelRegister {
    struct Line {
        var line: BillLine
        /// The mark of the order it came with; `nil` for what a waiter rang up.
        var owner: String?
    }

    struct Entry: Equatable {
        enum Kind: Equatable {
            case placed
            case settled
            case deposited
            case paidByWaiter
        }

        var kind: Kind
        var table: Int
        /// The order the write was for; `nil` for a waiter's.
        var mark: String?
        var amountCents: Cents
        /// Whose lines stood on the bill; an empty text stands for a waiter's.
        var owners: Set<String>
    }

    private struct OpenBill {
        var lines: [Line] = []
        var marks: [String] = []
        var deposits: [BillDeposit] = []

        var openCents: Cents {
            lines.reduce(0) { $0 + $1.line.totalCents } - deposits.reduce(0) { $0 + $1.amountCents }
        }
    }

    private var bills: [Int: OpenBill] = [:]
    private(set) var ledger: [Entry] = []

    func bill(onTable table: Int) -> Bill {
        guard let bill = bills[table] else { return Bill(tableNumber: table) }
        return Bill(
            tableNumber: table,
            text: bill.marks.map { "Kiosk #1 \($0)" }.joined(separator: "\n"),
            openCents: bill.openCents,
            lines: bill.lines.map(\.line),
            deposits: bill.deposits
        )
    }

    var tablesWithBills: [Int] { bills.keys.sorted() }

    /// The orders of ours whose lines stand on a table.
    func marks(onTable table: Int) -> [String] { bills[table]?.marks ?? [] }

    mutating func place(_ mark: String, _ lines: [BillLine], onTable table: Int) {
        bills[table, default: OpenBill()].marks.append(mark)
        bills[table]?.lines += lines.map { Line(line: $0, owner: mark) }
        let amount = lines.reduce(0) { $0 + $1.totalCents }
        ledger.append(Entry(kind: .placed, table: table, mark: mark, amountCents: amount, owners: []))
    }

    mutating func ringUp(_ line: BillLine, onTable table: Int) {
        bills[table, default: OpenBill()].lines.append(Line(line: line, owner: nil))
    }

    /// Pays a bill in full.
    ///
    /// The amount must be the bill's own.
    mutating func settle(_ amount: Cents, for mark: String?, onTable table: Int) -> Bool {
        guard let bill = bills[table], bill.openCents == amount else { return false }
        bills[table] = nil
        let owners = Set(bill.lines.map { $0.owner ?? "" })
        let kind: Entry.Kind = mark == nil ? .paidByWaiter : .settled
        ledger.append(Entry(kind: kind, table: table, mark: mark, amountCents: amount, owners: owners))
        return true
    }

    mutating func payByWaiter(onTable table: Int) {
        _ = settle(bills[table]?.openCents ?? 0, for: nil, onTable: table)
    }

    /// Puts money on an open bill.
    mutating func deposit(_ amount: Cents, for mark: String, onTable table: Int) -> Bool {
        guard bills[table] != nil else { return false }
        bills[table]?.deposits.append(BillDeposit(amountCents: amount, paymentType: 99))
        ledger.append(Entry(kind: .deposited, table: table, mark: mark, amountCents: amount, owners: []))
        return true
    }
}
