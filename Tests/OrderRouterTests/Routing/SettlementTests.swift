import Contracts
import RPC
import Testing

@testable import OrderRouter

/// "Money at the end" of the architecture page, row by row (rules K33 and K35).
@Suite struct SettlementTests {
    private static let ours = Sample.items.map(\.billLine)
    private static let wine = BillLine(plu: "50", name: "Wine", quantity: 1, unitPriceCents: 900)
    private static let mark = Sample.order().mark

    struct Row: CustomTestStringConvertible {
        var name: String
        var content = Sample.content()
        var expected = ours
        var baseline: [BillLine] = []
        var lines: [BillLine] = ours
        var deposited: Cents = 0
        var hasMark = true
        var sawMark = false
        var placements = 1
        var policy = MismatchPolicy.settle
        var settlement: Settlement
        var isMismatch = false

        var testDescription: String { name }

        var bill: Bill { bill(lines, deposited: deposited, text: hasMark ? "Kiosk #1042 \(mark)" : "Till 2") }
        var baselineBill: Bill { bill(baseline, deposited: 0, text: "") }

        private func bill(_ lines: [BillLine], deposited: Cents, text: String) -> Bill {
            Bill(
                tableNumber: 7,
                text: lines.isEmpty ? "" : text,
                openCents: lines.reduce(-deposited) { $0 + $1.totalCents },
                lines: lines,
                deposits: deposited > 0 ? [BillDeposit(amountCents: deposited, paymentType: 1)] : []
            )
        }
    }

    private static func priced(_ cents: Cents) -> [BillLine] {
        var lines = ours
        lines[1].unitPriceCents = cents
        return lines
    }

    private static let discounted: SubmitOrderRequest = {
        var content = Sample.content(totalCents: 900)
        content.discounts = [OrderAdjustment(name: "Regular", amountCents: 100)]
        return content
    }()

    private static let withFee: SubmitOrderRequest = {
        var content = Sample.content(totalCents: 1050)
        content.fees = [OrderAdjustment(name: "Service", amountCents: 50)]
        return content
    }()

    private static let feeLine = BillLine(plu: "99", name: "Service", quantity: 1, unitPriceCents: 50)

    @Test(arguments: [
        Row(name: "the same amount", settlement: .settle(amountCents: 1000, surplusCents: 0)),
        Row(
            name: "a tip is not part of it",
            content: Sample.content(tipCents: 150, totalCents: 1150),
            settlement: .settle(amountCents: 1000, surplusCents: 0)
        ),
        Row(
            name: "a discount in the unit prices",
            content: discounted,
            expected: priced(300),
            lines: priced(300),
            settlement: .settle(amountCents: 900, surplusCents: 0)
        ),
        Row(
            name: "a fee as a line",
            content: withFee,
            expected: ours + [feeLine],
            lines: ours + [feeLine],
            settlement: .settle(amountCents: 1050, surplusCents: 0)
        ),
        Row(
            name: "a fee without a PLU is not on the bill",
            content: withFee,
            settlement: .settle(amountCents: 1000, surplusCents: 50),
            isMismatch: true
        ),
        Row(
            name: "own prices below",
            lines: priced(350),
            settlement: .settle(amountCents: 950, surplusCents: 50),
            isMismatch: true
        ),
        Row(name: "own prices above", lines: priced(450), settlement: .deposit(amountCents: 1000), isMismatch: true),
        Row(
            name: "own prices below, on_mismatch deposit",
            lines: priced(350),
            policy: .deposit,
            settlement: .deposit(amountCents: 1000),
            isMismatch: true
        ),
        Row(
            name: "the same amount, on_mismatch deposit",
            policy: .deposit,
            settlement: .settle(amountCents: 1000, surplusCents: 0)
        ),
        Row(name: "foreign lines came", lines: ours + [wine], settlement: .deposit(amountCents: 1000)),
        Row(
            name: "foreign lines were there",
            baseline: [wine],
            lines: [wine] + ours,
            settlement: .deposit(amountCents: 1000)
        ),
        Row(
            name: "foreign lines were there, own prices above",
            baseline: [wine],
            lines: [wine] + priced(450),
            settlement: .deposit(amountCents: 1000)
        ),
        Row(
            name: "equal lines were there",
            baseline: ours,
            lines: ours + ours,
            settlement: .deposit(amountCents: 1000)
        ),
        Row(name: "some of ours were removed", lines: [ours[0]], settlement: .deposit(amountCents: 1000)),
        Row(
            name: "a part is paid already",
            deposited: 400,
            settlement: .settle(amountCents: 600, surplusCents: 400)
        ),
        Row(name: "twice after two placements", lines: ours + ours, placements: 2, settlement: .doubled),
        Row(
            name: "twice after one placement: the others are somebody's",
            lines: ours + ours,
            settlement: .deposit(amountCents: 1000)
        ),
        Row(name: "no bill", lines: [], settlement: .billGone),
        Row(name: "another's bill", lines: [wine], hasMark: false, settlement: .billGone),
        Row(
            name: "our mark, and none of our lines",
            lines: [wine],
            settlement: .deposit(amountCents: 1000)
        ),
        Row(
            name: "our dishes on a bill that never showed the mark",
            hasMark: false,
            settlement: .settle(amountCents: 1000, surplusCents: 0)
        ),
        Row(
            name: "our dishes on a bill that lost the mark",
            hasMark: false,
            sawMark: true,
            settlement: .billGone
        ),
    ])
    func aBillIsSettledByItsRow(row: Row) {
        let order = Sample.order(.placed, content: row.content) { $0.sawMark = row.sawMark }
        let growth = BillGrowth(of: row.bill, since: row.baselineBill, expecting: row.expected, mark: order.mark)
        let settlement = Settlement.decide(
            order: order,
            bill: row.bill,
            growth: growth,
            placements: row.placements,
            onMismatch: row.policy
        )
        #expect(settlement == row.settlement)
        guard row.settlement != .billGone, row.settlement != .doubled else { return }
        #expect(Settlement.isMismatch(order: order, bill: row.bill, growth: growth) == row.isMismatch)
    }

    /// A word for the lines that a newer gateway has and we do not is no reason to pay a bill in full.
    @Test func anUnknownPresenceSettlesOnlyWhatIsOursAlone() {
        let bill = Row(name: "", lines: Self.ours + [Self.wine], settlement: .doubled).bill
        var growth = BillGrowth(of: bill, since: Bill(tableNumber: 7), expecting: Self.ours, mark: Self.mark)
        growth.ours = .unrecognized("thrice")
        let settlement = Settlement.decide(
            order: Sample.order(.placed),
            bill: bill,
            growth: growth,
            placements: 2,
            onMismatch: .settle
        )
        #expect(settlement == .deposit(amountCents: 1000))
    }

    /// A bill of nothing is settled with nothing, so that the register closes it.
    @Test func aFreeOrderIsSettledWithNothing() {
        let free = OrderItem(plu: "11", name: "Water", unitPriceCents: 0)
        let order = Sample.order(.placed, content: Sample.content(items: [free], totalCents: 0))
        let bill = Bill(tableNumber: 7, text: order.mark, lines: [free.billLine])
        let growth = BillGrowth(of: bill, since: Bill(tableNumber: 7), expecting: [free.billLine], mark: order.mark)
        #expect(
            Settlement.decide(order: order, bill: bill, growth: growth, placements: 1, onMismatch: .settle)
                == .settle(amountCents: 0, surplusCents: 0)
        )
    }
}
