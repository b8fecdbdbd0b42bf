import Contracts
import Foundation
import RPC
import Testing

@testable import KassanetGateway

/// Whether an order is on a bill, by every sentence of the wire page's "Whose order is on a bill".
@Suite("Whose order is on a bill")
struct PlacementCheckTests {
    private static let ours = [
        BillLine(
            plu: "101",
            name: "Coffee",
            quantity: 2,
            unitPriceCents: 250,
            variants: [BillLine(plu: "901", name: "Oat milk", quantity: 1, unitPriceCents: 50)]
        )
    ]
    private static let foreign = BillLine(plu: "104", name: "Mint tea", quantity: 1, unitPriceCents: 320)

    /// A bill that is nobody's, or holds lines; its total follows from them.
    private static func bill(_ lines: [BillLine] = [], text: String = "") -> Bill {
        Bill(tableNumber: 7, text: text, openCents: lines.reduce(0) { $0 + $1.totalCents }, lines: lines)
    }

    private func finding(
        _ now: Bill,
        before: Bill,
        passed: TimeInterval = 0,
        delay: Duration = .seconds(90),
        afterRefusal: Bool = false
    ) -> CheckResponse {
        PlacementCheck.finding(
            BillGrowth(of: now, since: before, expecting: Self.ours, mark: "u7f3k9"),
            check: .passed(passed),
            settleDelay: delay,
            afterRefusal: afterRefusal
        )
    }

    @Test("The mark on the bill proves presence, whatever else is there", arguments: [[], [foreign], ours])
    func markProvesPresence(_ lines: [BillLine]) {
        let now = Self.bill(lines, text: "Kiosk #1042 u7f3k9 | Zoë")
        for refused in [false, true] {
            #expect(finding(now, before: Self.bill(), afterRefusal: refused).finding.knownValue == .done)
        }
    }

    @Test(
        "The mark counts only as a whole word",
        arguments: ["Kiosk #1042 u7f3k90", "xu7f3k9", "u7f3k9|Zoë", "U7F3K9", "#u7f3k9"]
    )
    func partOfAWordIsNoMark(_ text: String) {
        var now = Self.bill(text: text)
        now.openCents = 0
        #expect(finding(now, before: Self.bill(), passed: 0).finding.knownValue == .unknown)
    }

    @Test(
        "Lines that came exactly once prove presence, merged, split or repriced",
        arguments: [
            (Self.bill(), ours),
            (Self.bill([Self.foreign]), [Self.foreign] + ours),
            // Merged with what stood there, split into single ones, charged at another price.
            (
                Self.bill(ours),
                [
                    BillLine(plu: "101", name: "", quantity: 4, unitPriceCents: 250),
                    BillLine(plu: "901", name: "", quantity: 4, unitPriceCents: 50),
                ]
            ),
            (
                Self.bill(),
                [
                    BillLine(plu: "101", name: "Coffee", quantity: 1, unitPriceCents: 199),
                    BillLine(plu: "101", name: "Coffee", quantity: 1, unitPriceCents: 199),
                    BillLine(plu: "901", name: "Oat milk", quantity: 2, unitPriceCents: 0),
                ]
            ),
        ]
    )
    func linesOnceProvePresence(_ before: Bill, _ lines: [BillLine]) {
        let found = finding(Self.bill(lines), before: before)
        #expect(found.finding.knownValue == .done)
        #expect(found.checkAgainInMs == nil)
    }

    @Test("Lines that came with others, without our mark, may be somebody else's and prove nothing")
    func linesAmongOthersProveNothing() {
        let found = finding(Self.bill(Self.ours + [Self.foreign]), before: Self.bill())
        #expect(found.finding.knownValue == .unknown)
        #expect(found.reason == "bill_changed")
    }

    @Test("Lines that came twice are for a person, with and without the mark", arguments: ["", "Kiosk #1042 u7f3k9"])
    func linesTwiceAreUnclear(_ text: String) {
        let found = finding(Self.bill(Self.ours + Self.ours, text: text), before: Self.bill())
        #expect(found.finding.knownValue == .unknown)
        #expect(found.reason == "lines_twice")
        #expect(found.checkAgainInMs == nil)
    }

    @Test(
        "The bill as it was is absence only after the settle delay",
        arguments: [(0, 90_000), (0.5, 89_500), (89.75, 250), (90, nil), (91, nil)] as [(Double, Int?)]
    )
    func absenceTakesTwoReads(_ passed: Double, _ again: Int?) {
        for before in [Self.bill(), Self.bill([Self.foreign])] {
            let found = finding(before, before: before, passed: passed)
            #expect(found.finding.knownValue == (again == nil ? .absent : .unknown))
            #expect(found.checkAgainInMs == again)
        }
    }

    @Test("The settle delay never begins while the attempt can still be sent")
    func delayBeginsAfterTheSend() {
        var check = AttemptCheck.passed(100)
        check.sentBy = check.firstAt.addingTimeInterval(30)
        let growth = BillGrowth(of: Self.bill(), since: Self.bill(), expecting: Self.ours, mark: "u7f3k9")
        let found = PlacementCheck.finding(growth, check: check, settleDelay: .seconds(90), afterRefusal: false)
        #expect(found.finding.knownValue == .unknown)
        #expect(found.checkAgainInMs == 20_000)
    }

    @Test("Even without a settle delay absence takes a second read")
    func firstReadProvesNoAbsence() {
        #expect(finding(Self.bill(), before: Self.bill(), delay: .zero).checkAgainInMs == 1)
        #expect(finding(Self.bill(), before: Self.bill(), passed: 0.01, delay: .zero).finding.knownValue == .absent)
    }

    @Test("After a refusal one read that shows the bill as it was is absence")
    func refusalNeedsOneRead() {
        let before = Self.bill([Self.foreign])
        #expect(finding(before, before: before, afterRefusal: true).finding.knownValue == .absent)
    }

    @Test(
        "A bill that changed, and not by our lines alone, decides nothing",
        arguments: [
            [foreign],
            [BillLine(plu: "101", name: "Coffee", quantity: 1, unitPriceCents: 250)],
            [BillLine(plu: "101", name: "Coffee", quantity: 2, unitPriceCents: 250)],
        ],
        [false, true]
    )
    func changedBillDecidesNothing(_ lines: [BillLine], _ refused: Bool) {
        let early = finding(Self.bill(lines), before: Self.bill(), afterRefusal: refused)
        #expect(early.finding.knownValue == .unknown)
        #expect(early.reason == "bill_changed")
        #expect(early.checkAgainInMs == 90_000)
        let late = finding(Self.bill(lines), before: Self.bill(), passed: 100, afterRefusal: refused)
        #expect(late.finding.knownValue == .unknown)
        #expect(late.checkAgainInMs == nil)
    }

    @Test("A bill that staff paid meanwhile decides nothing")
    func vanishedBillDecidesNothing() {
        let found = finding(Self.bill(), before: Self.bill([Self.foreign]), passed: 100)
        #expect(found.finding.knownValue == .unknown)
    }
}

/// Whether a payment was taken, by the same page.
@Suite("Whether a payment was taken")
struct SettlementCheckTests {
    private static let open = Bill(
        tableNumber: 7,
        text: "Kiosk #1042 u7f3k9",
        openCents: 500,
        lines: [BillLine(plu: "101", name: "Coffee", quantity: 2, unitPriceCents: 250)]
    )
    private static let deposit = BillDeposit(amountCents: 200, paymentType: 9)

    private func finding(
        _ now: Bill,
        before: Bill = open,
        _ kind: PaymentKind,
        passed: TimeInterval = 0
    ) -> CheckResponse {
        SettlementCheck.finding(
            now,
            before: before,
            kind: kind,
            amountCents: 200,
            check: .passed(passed),
            settleDelay: .seconds(90)
        )
    }

    private static func with(_ deposits: BillDeposit...) -> Bill {
        var bill = open
        bill.deposits = deposits
        bill.openCents -= deposits.reduce(0) { $0 + $1.amountCents }
        return bill
    }

    @Test("No bill means settled")
    func noBillIsSettled() {
        #expect(finding(Bill(tableNumber: 7), .settle).finding.knownValue == .done)
    }

    @Test("No bill says nothing of a deposit")
    func noBillIsNoDeposit() {
        #expect(finding(Bill(tableNumber: 7), .deposit, passed: 100).finding.knownValue == .unknown)
    }

    @Test("Exactly one more deposit like ours is ours")
    func oneMoreDepositIsOurs() {
        #expect(finding(Self.with(Self.deposit), .deposit).finding.knownValue == .done)
        let two = Self.with(Self.deposit, Self.deposit)
        #expect(finding(two, before: Self.with(Self.deposit), .deposit).finding.knownValue == .done)
    }

    @Test(
        "Any other deposits are unclear",
        arguments: [
            with(deposit, deposit), with(BillDeposit(amountCents: 100, paymentType: 9)),
            with(deposit, BillDeposit(amountCents: 100, paymentType: 1)),
        ]
    )
    func otherDepositsAreUnclear(_ now: Bill) {
        let found = finding(now, .deposit, passed: 100)
        #expect(found.finding.knownValue == .unknown)
        #expect(found.reason == "bill_changed")
    }

    @Test("The same bill in two reads a settle delay apart was not paid", arguments: PaymentKind.allCases)
    func sameBillTwiceIsAbsent(_ kind: PaymentKind) {
        let early = finding(Self.open, kind, passed: 30)
        #expect(early.finding.knownValue == .unknown)
        #expect(early.reason == nil)
        #expect(early.checkAgainInMs == 60_000)
        #expect(finding(Self.open, kind, passed: 90).finding.knownValue == .absent)
    }

    @Test("A new TableText alone changes no bill", arguments: PaymentKind.allCases)
    func textIsNoChange(_ kind: PaymentKind) {
        var now = Self.open
        now.text = "Table 7"
        #expect(finding(now, kind, passed: 90).finding.knownValue == .absent)
    }

    @Test("A bill that grew is unclear, early and late", arguments: PaymentKind.allCases, [0, 100.0])
    func grownBillIsUnclear(_ kind: PaymentKind, _ passed: Double) {
        var now = Self.open
        now.lines.append(BillLine(plu: "104", name: "Mint tea", quantity: 1, unitPriceCents: 320))
        now.openCents += 320
        let found = finding(now, kind, passed: passed)
        #expect(found.finding.knownValue == .unknown)
        #expect(found.reason == "bill_changed")
        #expect((found.checkAgainInMs == nil) == (passed == 100))
    }
}

extension AttemptCheck {
    /// A check so many seconds after the first.
    static func passed(_ seconds: TimeInterval) -> AttemptCheck {
        let first = Date(timeIntervalSince1970: 1_800_000_000)
        return AttemptCheck(firstAt: first, now: first.addingTimeInterval(seconds), sentBy: first)
    }
}
