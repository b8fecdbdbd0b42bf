import Testing

@testable import KassanetGateway

@Suite("JSON on the wire")
struct WireJSONTests {
    private func text(_ value: WireValue) -> String {
        String(decoding: WireWriter.bytes(of: value), as: UTF8.self)
    }

    private func read(_ text: String, _ limits: WireReader.Limits = .init()) throws -> WireValue {
        try WireReader.value(from: Array(text.utf8), limits: limits)
    }

    @Test(arguments: [
        ("Crème brûlée", #""Cr\u00e8me br\u00fbl\u00e9e""#),
        ("🍮", #""\ud83c\udf6e""#),
        ("\u{10ffff}", #""\udbff\udfff""#),
        ("\"\\/\n\r\t\u{1}\u{7f}", #""\"\\/\n\r\t\u0001\u007f""#),
        ("\u{2028}", #""\u2028""#),
        ("", #""""#),
    ])
    func textIsWrittenInASCIIAndComesBack(_ plain: String, _ written: String) throws {
        #expect(text(.string(plain)) == written)
        #expect(try read(written) == .string(plain))
    }

    @Test func objectsKeepTheirOrderAndNumbersTheirSpelling() throws {
        let written = #"{"z":1.50,"a":[-0,1e3,12345678901234567890],"m":{},"n":null,"t":true,"f":false}"#
        #expect(text(try read(written)) == written)
    }

    @Test func emptyMembersAreLeftOut() {
        #expect(text(.members(("a", nil), ("b", .integer(-1)), ("c", .cents(-5)))) == #"{"b":-1,"c":-0.05}"#)
    }

    @Test(arguments: [
        "", " ", "{", "}", "[1,]", "[1 2]", "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}", "nul", "truth", "-", "1.",
        ".5",
        "1e", "+1", "0x1", "NaN", "\"", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "1 1", "[1]]", "'a'", "//",
    ])
    func malformedTextIsRefused(_ text: String) {
        #expect(throws: WireReader.Failure.self) { try read(text) }
    }

    @Test(arguments: [#""\ud83c""#, #""\udf6e""#, #""\ud83c\u0041""#, #""\ud83cA""#])
    func halfSurrogateBecomesAReplacement(_ text: String) throws {
        #expect(try read(text).text?.unicodeScalars.first == "\u{fffd}")
    }

    @Test func badlyEncodedTextDoesNotSpoilTheRest() throws {
        let bytes = Array(#"{"Name":"Caf"#.utf8) + [0xe9] + Array(#"","Id":7}"#.utf8)
        let value = try WireReader.value(from: bytes)
        #expect(value["Name"]?.text == "Caf\u{fffd}")
        #expect(value["Id"]?.integer == 7)
    }

    @Test(arguments: ["[", #"{"a":"#])
    func nestingOf100000IsRefusedFast(_ opening: String) {
        let nested = String(repeating: opening, count: 100_000)
        let clock = ContinuousClock()
        let elapsed = clock.measure {
            #expect(throws: WireReader.Failure.tooDeep) { try read(nested) }
        }
        #expect(elapsed < .seconds(60))
    }

    @Test func sizeDepthAndNumberOfValuesAreBounded() throws {
        #expect(throws: WireReader.Failure.tooLarge) { try read("[1,2,3]", .init(bytes: 6)) }
        #expect(throws: WireReader.Failure.tooManyValues) { try read("[1,2,3]", .init(values: 3)) }
        #expect(throws: WireReader.Failure.tooDeep) { try read("[[1]]", .init(depth: 2)) }
        #expect(try read("[[1]]", .init(bytes: 5, depth: 3, values: 3)) == .array([.array([.integer(1)])]))
    }

    // MARK: - Tolerant reading

    @Test(arguments: ["101", "\"101\"", "\" 101 \"", "101.0", "1.01e2"])
    func wholeNumberMayBeANumberOrText(_ written: String) throws {
        #expect(try read(written).integer == 101)
    }

    @Test(arguments: ["1.5", "\"one\"", "\"\"", "true", "null", "[]", "99999999999999999999", "1e30"])
    func anythingElseIsNoWholeNumber(_ written: String) throws {
        #expect(try read(written).integer == nil)
    }

    @Test(
        arguments: [
            (#"{"Flag":true}"#, true), (#"{" Flag ":"True"}"#, true), (#"{"Flag ":false}"#, false),
            (#"{" Flag":" false "}"#, false), (#"{"Flag":null}"#, nil), (#"{"Flag":1}"#, nil), (#"{"FLAG":true}"#, nil),
            (#"{" Flag":true,"Flag":false}"#, false),
        ] as [(String, Bool?)]
    )
    func flagIsReadPastStraySpaces(_ written: String, _ expected: Bool?) throws {
        #expect(try read(written)["Flag"]?.flag == expected)
    }
}
