import Contracts
import RPC
import Testing

/// What became of a bill since an order of ours was sent to it.
struct BillGrowthTests {
    private static let mark = "UPV-7K2"

    private static func line(
        _ plu: String,
        _ quantity: Int = 1,
        _ price: Int = 100,
        _ variants: [BillLine] = []
    ) -> BillLine {
        BillLine(plu: plu, name: "Article \(plu)", quantity: quantity, unitPriceCents: price, variants: variants)
    }

    /// A bill that is worth its lines.
    private static func bill(_ lines: [BillLine], paid: Int = 0, text: String = "") -> Bill {
        let total = lines.reduce(0) { $0 + $1.totalCents }
        return Bill(
            tableNumber: 12,
            text: text,
            openCents: total - paid,
            lines: lines,
            deposits: paid == 0 ? [] : [BillDeposit(amountCents: paid, paymentType: 9)]
        )
    }

    private func growth(
        of now: Bill,
        since before: Bill = bill([]),
        expecting ours: [BillLine] = [line("cola", 2), line("frites", 1, 400)]
    ) -> BillGrowth {
        BillGrowth(of: now, since: before, expecting: ours, mark: Self.mark)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var before: [BillLine] = []
        var now: [BillLine]
        var presence: BillGrowth.Presence
        var isOursAlone = false
        var isUnchanged = false
        var growthCents: Int
        var differing: [String] = []
    }

    private static let cola = line("cola", 2)
    private static let frites = line("frites", 1, 400)
    private static let beer = line("beer", 1, 300)

    @Test(arguments: [
        Case(
            testDescription: "nothing came",
            now: [],
            presence: .absent,
            isUnchanged: true,
            growthCents: 0,
            differing: ["cola", "frites"]
        ),
        Case(testDescription: "ours came", now: [cola, frites], presence: .once, isOursAlone: true, growthCents: 600),
        Case(
            testDescription: "ours in another order",
            now: [frites, cola],
            presence: .once,
            isOursAlone: true,
            growthCents: 600
        ),
        Case(
            testDescription: "ours split into single lines",
            now: [line("cola"), frites, line("cola")],
            presence: .once,
            isOursAlone: true,
            growthCents: 600
        ),
        Case(
            testDescription: "ours came twice",
            now: [cola, frites, cola, frites],
            presence: .twice,
            growthCents: 1200,
            differing: ["cola", "frites"]
        ),
        Case(
            testDescription: "ours merged, twice",
            now: [line("cola", 4), line("frites", 2, 400)],
            presence: .twice,
            growthCents: 1200,
            differing: ["cola", "frites"]
        ),
        Case(
            testDescription: "a line is missing",
            now: [cola],
            presence: .partly,
            growthCents: 200,
            differing: ["frites"]
        ),
        Case(
            testDescription: "one too few",
            now: [line("cola"), frites],
            presence: .partly,
            growthCents: 500,
            differing: ["cola"]
        ),
        Case(
            testDescription: "once and a half",
            now: [line("cola", 3), frites],
            presence: .amongOthers,
            growthCents: 700,
            differing: ["cola"]
        ),
        Case(
            testDescription: "one line twice",
            now: [line("cola", 4), frites],
            presence: .amongOthers,
            growthCents: 800,
            differing: ["cola"]
        ),
        Case(
            testDescription: "only foreign lines",
            now: [beer],
            presence: .absent,
            growthCents: 300,
            differing: ["beer", "cola", "frites"]
        ),
        Case(
            testDescription: "ours and foreign lines",
            now: [cola, frites, beer],
            presence: .amongOthers,
            growthCents: 900,
            differing: ["beer"]
        ),
        Case(
            testDescription: "onto a foreign bill",
            before: [beer],
            now: [beer, cola, frites],
            presence: .once,
            growthCents: 600
        ),
        Case(
            testDescription: "not onto a foreign bill",
            before: [beer],
            now: [beer],
            presence: .absent,
            isUnchanged: true,
            growthCents: 0,
            differing: ["cola", "frites"]
        ),
        Case(
            testDescription: "the same article was there before",
            before: [line("cola", 2)],
            now: [line("cola", 4), frites],
            presence: .once,
            growthCents: 600
        ),
        Case(
            testDescription: "what was there before is not ours",
            before: [cola, frites],
            now: [cola, frites],
            presence: .absent,
            isUnchanged: true,
            growthCents: 0,
            differing: ["cola", "frites"]
        ),
        Case(
            testDescription: "the bill was paid meanwhile",
            before: [cola, frites],
            now: [],
            presence: .absent,
            growthCents: -600,
            differing: ["cola", "frites"]
        ),
        Case(
            testDescription: "own prices",
            now: [line("cola", 2, 120), frites],
            presence: .once,
            isOursAlone: true,
            growthCents: 640,
            differing: ["cola"]
        ),
    ])
    func linesAreCountedByArticleAndQuantity(expected: Case) {
        let growth = growth(of: Self.bill(expected.now), since: Self.bill(expected.before))
        #expect(growth.ours == Open(expected.presence))
        #expect(growth.isOursAlone == expected.isOursAlone)
        #expect(growth.isUnchanged == expected.isUnchanged)
        #expect(growth.growthCents == expected.growthCents)
        #expect(growth.differences.map(\.plu) == expected.differing)
    }

    @Test func aDifferenceSaysWhatWasExpectedAndWhatIsThere() {
        let growth = growth(of: Self.bill([Self.line("cola", 2, 120), Self.frites]))
        #expect(
            growth.differences == [
                LineDifference(
                    plu: "cola",
                    name: "Article cola",
                    expectedQuantity: 2,
                    foundQuantity: 2,
                    expectedCents: 200,
                    foundCents: 240
                )
            ]
        )
    }

    @Test func variantsCountOncePerUnitOfWhatTheyBelongTo() {
        let burger = Self.line("burger", 2, 800, [Self.line("cheese", 2, 50)])
        #expect(burger.totalCents == 1800)
        let flat = [Self.line("burger", 2, 800), Self.line("cheese", 4, 50)]
        let growth = growth(of: Self.bill(flat), expecting: [burger])
        #expect(growth.ours == Open(.once))
        #expect(growth.isOursAlone)
        #expect(growth.differences.isEmpty)
        let perOrder = [Self.line("burger", 2, 800), Self.line("cheese", 2, 50)]
        let short = self.growth(of: Self.bill(perOrder), expecting: [burger])
        #expect(short.ours == Open(.partly))
        #expect(short.differences.map(\.expectedQuantity) == [4])
        #expect(short.differences.map(\.foundQuantity) == [2])
    }

    @Test func variantsOfVariantsMultiplyOn() {
        let menu = Self.line("menu", 2, 1000, [Self.line("drink", 3, 0, [Self.line("ice", 2, 10)])])
        #expect(menu.totalCents == 2120)
        let growth = growth(of: Self.bill([]), expecting: [menu])
        #expect(growth.differences.map(\.expectedQuantity) == [6, 12, 2])
        #expect(growth.differences.map(\.expectedCents) == [0, 120, 2000])
    }

    @Test(arguments: [
        ("UPV-7K2", true), ("Ann #1042 UPV-7K2", true), ("UPV-7K2\nTable 4", true), ("Ann\tUPV-7K2 x", true),
        ("", false), ("UPV-7K23", false), ("XUPV-7K2", false), ("UPV-7K2,", false), ("upv-7k2", false),
        ("UPV-7 K2", false),
    ])
    func theMarkIsAWordOfItsOwn(text: String, hasMark: Bool) {
        #expect(growth(of: Self.bill([], text: text)).hasMark == hasMark)
    }

    @Test func aDepositChangesNothingOfWhatTheLinesAreWorth() {
        let paid = Self.bill([Self.cola, Self.frites], paid: 500)
        #expect(paid.openCents == 100)
        #expect(paid.totalCents == 600)
        let since = growth(of: paid, since: Self.bill([Self.cola, Self.frites]))
        #expect(since.isUnchanged)
        #expect(since.growthCents == 0)
        #expect(growth(of: paid).isOursAlone)
    }

    @Test func aBillIsOpenWithLinesOrWithSomethingToPay() {
        #expect(!Bill(tableNumber: 12, text: "left behind").isOpen)
        #expect(Self.bill([Self.line("water", 1, 0)]).isOpen)
        #expect(Bill(tableNumber: 12, openCents: 5).isOpen)
        // Something to pay without a line: the table was not ours alone.
        let before = Bill(tableNumber: 12, openCents: 5)
        #expect(!growth(of: Self.bill([Self.cola, Self.frites]), since: before).isOursAlone)
    }

    /// An order of which the register was told nothing is on no bill, and no bill is its own.
    @Test func withoutLinesThereIsNothingToFind() {
        for bill in [Self.bill([]), Self.bill([Self.cola])] {
            let growth = growth(of: bill, expecting: [])
            #expect(growth.ours == Open(.absent))
            #expect(!growth.isOursAlone)
        }
    }

    @Test func anotherWorthOfTheSameLinesIsAChange() {
        let before = Self.bill([Self.cola])
        #expect(!growth(of: Self.bill([Self.line("cola", 2, 90)]), since: before).isUnchanged)
    }

    @Test("The greatest and the least numbers on either bill end in a bound, not in the end of the process")
    func extremes() {
        for open in [Int.min, -1, Int.max] {
            for number in [Int.min, Int.max] {
                let line = Self.line("1", number, number, [Self.line("2", number, number)])
                let extreme = Bill(
                    tableNumber: 1,
                    openCents: open,
                    lines: [line, line],
                    deposits: [BillDeposit(amountCents: number, paymentType: nil)]
                )
                let bare = Bill(tableNumber: 1, openCents: open)
                for (bill, baseline) in [
                    (extreme, bare), (bare, extreme), (extreme, extreme), (bare, Bill(tableNumber: 1)),
                ] {
                    let growth = BillGrowth(of: bill, since: baseline, expecting: [line], mark: "m")
                    #expect(growth.ours.knownValue != nil)
                }
            }
        }
    }
}
