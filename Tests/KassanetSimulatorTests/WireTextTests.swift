import Foundation
import Testing

@testable import KassanetSimulator

@Suite struct WireTextTests {
    @Test func anythingBeyondASCIIIsEscapedAndReadBack() throws {
        let value: WireValue = ["Text": .string("Crème \"brûlée\" 🍮\n")]
        #expect(value.ascii == #"{"Text":"Cr\u00e8me \"br\u00fbl\u00e9e\" \ud83c\udf6e\u000a"}"#)
        #expect(try WireParser.parse(Array(value.ascii.utf8)) == value)
    }

    @Test func aNumberKeepsTheTextItWasWrittenIn() throws {
        #expect(
            try WireParser.parse(Array("[2.50,1e3,-0]".utf8))
                == .array([.number("2.50"), .number("1e3"), .number("-0")])
        )
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\":1,\"a\":2}", "{a:1}", "01", "1.", "+1", "nul", "\"\\x\"", "\"\\ud83c\"", "\"\t\"",
        "1 2",
        String(repeating: "[", count: 40), "{\"a\" 1}", "\"open",
    ])
    func textThatIsNotJSONByTheLetterIsRefused(text: String) {
        #expect(throws: NotJSON.self) { try WireParser.parse(Array(text.utf8)) }
    }

    @Test(arguments: zip(["0", "2.5", "2.50", "14", "0.05"], [0, 250, 250, 1400, 5]))
    func moneyIsReadToTheCent(text: String, cents: Int) {
        #expect(Money.cents(text) == cents)
    }

    @Test(arguments: ["2.505", "-1", "1e2", "", ".5", "2.", "1.2.3", "1234567", "٣"])
    func moneyInAnotherFormIsNone(text: String) {
        #expect(Money.cents(text) == nil)
    }

    @Test(arguments: zip([0, 5, 250, 1400, -350], ["0.00", "0.05", "2.50", "14.00", "-3.50"]))
    func moneyIsWrittenWithTwoDecimals(cents: Int, text: String) {
        #expect(Money.text(cents) == text)
    }

    @Test func theDateIsTheWallClockOfItsZone() throws {
        let brussels = try #require(TimeZone(identifier: "Europe/Brussels"))
        #expect(WireDate.text(TestRequest.now, in: brussels) == TestRequest.clockFace)
        #expect(WireDate.distance(TestRequest.clockFace, from: TestRequest.now, in: brussels) == 0)
        #expect(WireDate.distance("2025-01-02T03:09:05", from: TestRequest.now, in: brussels) == 300)
        #expect(WireDate.distance("2025-01-02T02:04:05", from: TestRequest.now, in: .gmt) == 0)
    }

    @Test(arguments: [
        "2025-01-02 03:04:05", "2025-01-02T03:04:05Z", "2025-01-02T03:04:05.000", "2025-02-30T03:04:05",
        "2025-01-02T24:00:00", "2025-1-2T03:04:05", "Thu, 02 Jan 2025 03:04:05 GMT", "",
    ])
    func aDateInAnotherFormIsNone(text: String) {
        #expect(WireDate.distance(text, from: TestRequest.now, in: .gmt) == nil)
    }

    @Test(arguments: zip(["1-3", "1,5-6", "901"], [[1, 2, 3], [1, 5, 6], [901]]))
    func tablesAreNumbersAndRanges(text: String, numbers: [Int]) {
        #expect(NumberList(argument: text)?.numbers == numbers)
    }

    @Test(arguments: ["a", "3-1", "1-2-3", "0", "-4"])
    func otherListsOfTablesAreRefused(text: String) {
        #expect(NumberList(argument: text) == nil)
    }
}
