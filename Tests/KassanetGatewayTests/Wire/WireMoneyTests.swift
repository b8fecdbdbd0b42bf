import Testing

@testable import KassanetGateway

@Suite("Money on the wire")
struct WireMoneyTests {
    @Test(arguments: [
        (0, "0.00"), (5, "0.05"), (50, "0.50"), (1250, "12.50"), (-5, "-0.05"), (-1250, "-12.50"),
        (9_007_199_254_740_993, "90071992547409.93"),
    ])
    func centsAreWrittenExactly(_ cents: Int, _ text: String) {
        #expect(WireMoney.text(cents: cents) == text)
    }

    @Test(arguments: [
        ("0", 0), ("12.5", 1250), ("12.50", 1250), ("12.500", 1250), ("-0.05", -5), ("1250e-2", 1250),
        ("1.25E+1", 1250), ("007", 700), ("0.1", 10), ("0.29", 29), ("1.15", 115), ("+3.50", 350), ("-0", 0),
        ("9007199254740.93", 900_719_925_474_093),
    ])
    func decimalTextIsReadExactly(_ text: String, _ cents: Int) throws {
        let money = try #require(WireMoney(text))
        #expect(money.cents == cents)
        #expect(!money.rounded)
    }

    @Test(arguments: [
        ("0.005", 1), ("0.0049", 0), ("1.115", 112), ("1.114999", 111), ("-0.005", -1), ("2.675", 268),
        ("99.999", 10000), ("5e-3", 1), ("1e-30", 0),
    ])
    func moreThanTwoDecimalsAreRoundedHalfUpAndReported(_ text: String, _ cents: Int) throws {
        let money = try #require(WireMoney(text))
        #expect(money.cents == cents)
        #expect(money.rounded)
    }

    @Test(arguments: [
        "", "-", ".", "1.", ".5", "1,50", "1.2.3", "1e", "1e999", "99999999999999999", "NaN", "0x10", "1 0", "١",
        "€1",
    ])
    func anythingElseIsNoMoney(_ text: String) {
        #expect(WireMoney(text) == nil)
    }

    @Test("A number in the usual spelling says what it says digit by digit")
    func theUsualSpellingIsReadAsAnyOther() {
        var random = SeededGenerator(seed: 7)
        let characters = Array("0123456789012345.-+e ")
        var usual = 0
        for _ in 0..<20_000 {
            let text = String(
                (0..<Int.random(in: 0...18, using: &random)).map { _ in
                    characters[Int.random(in: 0..<characters.count, using: &random)]
                }
            )
            guard let hundredths = WireDecimal.hundredths(usual: text) else { continue }
            usual += 1
            let scaled = WireDecimal(text)?.scaled(by: 2)
            #expect(scaled?.value == hundredths, "\(text)")
            #expect(scaled?.rounded == false, "\(text)")
        }
        #expect(usual > 100)
        for (text, hundredths) in [
            ("2.50", 250), ("14", 1_400), ("-0.05", -5), ("0.5", 50), ("-0", 0),
            ("999999999999999.99", 99_999_999_999_999_999),
        ] {
            #expect(WireDecimal.hundredths(usual: text) == hundredths)
        }
        for text in ["", "-", ".", "1.", ".5", "1.234", "1234567890123456", "+1", "1e2", " 1", "1 ", "\u{661}"] {
            #expect(WireDecimal.hundredths(usual: text) == nil)
        }
    }

    @Test func everyAmountComesBack() {
        for cents in stride(from: -100_000, through: 100_000, by: 37) {
            #expect(WireMoney(WireMoney.text(cents: cents))?.cents == cents)
        }
    }
}
