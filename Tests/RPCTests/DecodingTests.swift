import Foundation
import JSON
import RPC
import Testing

/// How JSON becomes a message, and what is said where it does not.
struct DecodingTests {
    private func problems(_ json: String) -> [FieldProblem] {
        do {
            _ = try RPCCoding.decode(SayRequest.self, from: Data(json.utf8))
            return []
        } catch {
            #expect(error.code == .invalidArgument)
            #expect(error.reason == "invalid_request")
            return error.fields
        }
    }

    private static let identifierRule = "1 to 64 characters out of letters, digits and -_.:"

    @Test(arguments: [
        (#"{"text":""}"#, "merchantId", "is missing", nil),
        (#"{"merchantId":"m1","text":null}"#, "text", "is null", "a text"),
        (#"{"merchantId":"m1","text":7}"#, "text", "has the wrong type", "a text"),
        (#"{"merchantId":"m1","text":"","items":{}}"#, "items", "has the wrong type", "an array"),
        (#"{"merchantId":"m1","text":"","items":[7]}"#, "items[0]", "has the wrong type", "an object"),
        (#"{"merchantId":"m1","text":"","items":[{"quantity":1},{}]}"#, "items[1].quantity", "is missing", nil),
        (
            #"{"merchantId":"m1","text":"","items":[{"quantity":1},{"quantity":1},{"quantity":"2"}]}"#,
            "items[2].quantity", "has the wrong type", "a whole number"
        ),
        (
            #"{"merchantId":"m1","text":"","items":[{"quantity":1.5}]}"#,
            "items[0].quantity", "does not fit", "a whole number"
        ),
        (#"{"merchantId":"m1","text":"","isLoud":"yes"}"#, "isLoud", "has the wrong type", "true or false"),
        (#"{"merchantId":"m1","text":"","ratio":"1"}"#, "ratio", "has the wrong type", "a number"),
        (#"{"merchantId":"m1","text":"","kind":3}"#, "kind", "has the wrong type", "a text"),
        (#"{"merchantId":"m1","text":"","at":1}"#, "at", "has the wrong type", "a text"),
        (
            #"{"merchantId":"m1","text":"","at":"tomorrow"}"#,
            "at", "is not accepted", "an RFC 3339 instant such as 2026-03-01T18:30:00Z"
        ),
        (#"{"merchantId":"m1","text":"","id":"7"}"#, "id", "is not accepted", "a UUID"),
        (#"{"merchantId":"m 1","text":""}"#, "merchantId", "is not accepted", identifierRule),
        ("[]", "body", "has the wrong type", "an object"),
    ])
    func whatIsWrongIsNamedWithItsPlaceAndWhatWouldBeTaken(
        json: String,
        field: String,
        problem: String,
        accepted: String?
    ) {
        #expect(problems(json) == [FieldProblem(field, problem, accepted: accepted)])
    }

    @Test func unknownFieldsAreSurvived() throws {
        let json = #"{"merchantId":"m1","text":"a","later":{"x":[1,null,{}]}}"#
        #expect(try RPCCoding.decode(SayRequest.self, from: Data(json.utf8)).text == "a")
    }

    @Test(arguments: [
        (#"{"merchantId":"m1","text":"","x":[[1]]}"#, "is nested too deep", "at most 2 levels"),
        (#"{"merchantId":"m1","text":"","x":[1,2,3,4]}"#, "has too many elements", "at most 6"),
    ])
    func aBodyBeyondALimitIsRefusedWithTheLimit(json: String, problem: String, accepted: String) {
        let error = #expect(throws: RPCError.self) {
            try RPCCoding.decode(
                SayRequest.self,
                from: Data(json.utf8),
                limits: JSONLimits(maxDepth: 2, maxElements: 6)
            )
        }
        #expect(error?.reason == "body_too_complex")
        #expect(error?.fields == [FieldProblem("body", problem, accepted: accepted)])
    }

    @Test(arguments: [
        ("1e400", "a whole number"), ("1234567890123456789012345678901234567890", "a whole number"),
        ("1.5", "a whole number"), ("9223372036854775808", "a whole number"),
        ("-9223372036854775809", "a whole number"),
    ])
    func aNumberThatDoesNotFitIsNamedWithItsPlace(number: String, accepted: String) {
        let json = #"{"merchantId":"m1","text":"","items":[{"quantity":1},{"quantity":\#(number)}]}"#
        #expect(problems(json) == [FieldProblem("items[1].quantity", "does not fit", accepted: accepted)])
    }

    @Test func aTextWithNULIsNamedWithItsPlace() {
        let json = #"{"merchantId":"m1","text":"a\u0000b"}"#
        #expect(problems(json) == [FieldProblem("text", "holds a NUL", accepted: "a text without U+0000")])
    }
}

struct IdentifierTests {
    @Test(arguments: ["a", "Main-1_2.3:4", String(repeating: "x", count: 64), "0"])
    func aNameOfTheRightCharactersIsTaken(text: String) throws {
        #expect(MerchantID(rawValue: text)?.rawValue == text)
        let json = try RPCCoding.encode([LocationID(unchecked: text)])
        #expect(json == Data(#"["\#(text)"]"#.utf8))
        #expect(try RPCCoding.decode([LocationID].self, from: json) == [LocationID(unchecked: text)])
    }

    @Test(arguments: [
        "", " ", "a b", "a/b", "é", "a\n", "a\u{0}", "'; DROP TABLE orders", "a\u{301}", "１", "{}",
        String(repeating: "x", count: 65),
    ])
    func anyOtherIsRefused(text: String) throws {
        #expect(MerchantID(rawValue: text) == nil)
        let json = try RPCCoding.encode([text])
        #expect(throws: RPCError.self) { try RPCCoding.decode([MerchantID].self, from: json) }
    }
}

struct OpenTests {
    @Test func aValueFromANewerVersionSurvives() throws {
        let json = Data(#"["dry","vaporous"]"#.utf8)
        let kinds = try RPCCoding.decode([Open<SayRequest.Kind>].self, from: json)
        #expect(kinds == [Open(.dry), .unrecognized("vaporous")])
        #expect(kinds.map(\.knownValue) == [.dry, nil])
        #expect(kinds.map(\.text) == ["dry", "vaporous"])
        #expect(try RPCCoding.encode(kinds) == json)
    }

    @Test func whatIsAcceptedIsListed() {
        #expect(Open<SayRequest.Kind>.accepted == "dry, wet")
    }
}

struct RFC3339Tests {
    @Test(arguments: [
        ("2026-03-01T18:30:00Z", 1_772_389_800.0), ("2026-03-01T18:30:00.250Z", 1_772_389_800.25),
        ("2026-03-01T18:30:00.25Z", 1_772_389_800.25), ("2026-03-01T18:30:00.250000Z", 1_772_389_800.25),
        ("2026-03-01T19:30:00+01:00", 1_772_389_800.0), ("2026-03-01T13:00:00.250-05:30", 1_772_389_800.25),
        ("2026-03-01T18:30:00+00:00", 1_772_389_800.0), ("2026-03-01t18:30:00z", 1_772_389_800.0),
        ("2024-02-29T00:00:00Z", 1_709_164_800.0), ("1970-01-01T00:00:00Z", 0),
    ])
    func anInstantIsReadInEveryForm(text: String, seconds: Double) throws {
        let date = try #require(RFC3339.date(text))
        #expect(abs(date.timeIntervalSince1970 - seconds) < 0.000_1)
    }

    @Test(arguments: [
        "", "2026-03-01", "18:30:00Z", "2026-03-01T18:30:00", "2026-03-01 18:30", "2026-03-01T18:30Z",
        "2026-02-30T18:30:00Z", "2025-02-29T18:30:00Z", "2026-13-01T18:30:00Z", "2026-00-10T18:30:00Z",
        "2026-03-01T25:30:00Z", "2026-03-01T18:60:00Z", "2026-03-01T18:30:61Z", "2026-03-01T18:30:00Zulu",
        "2026-03-01T18:30:00Z ", " 2026-03-01T18:30:00Z", "2026-03-01T18:30:00.Z", "2026-03-01T18:30:00+1",
        "20260301T183000Z", "2026-W10-7T18:30:00Z", "1772389800", "tomorrow", "٢٠٢٦-03-01T18:30:00Z",
        "2026-03-01T18:30:00+99:00", "2026-03-01T18:30:00,5Z",
    ])
    func anythingElseIsNoInstant(text: String) {
        #expect(RFC3339.date(text) == nil)
    }

    @Test func anInstantIsWrittenInUTCWithMilliseconds() {
        #expect(RFC3339.text(Date(timeIntervalSince1970: 1_772_389_800.25)) == "2026-03-01T18:30:00.250Z")
        #expect(RFC3339.text(Date(timeIntervalSince1970: 0)) == "1970-01-01T00:00:00.000Z")
    }

    @Test func anInstantDoesNotDriftFromHopToHop() throws {
        for millisecond in 0..<1000 {
            let text = "2026-03-01T18:30:00.\(String(1000 + millisecond).dropFirst())Z"
            #expect(RFC3339.text(try #require(RFC3339.date(text))) == text)
        }
    }
}

struct UUIDv7Tests {
    @Test func laterOnesSortBehindEarlierOnes() {
        let start = Date(timeIntervalSince1970: 1_772_389_800)
        let ids = (0..<200).map { UUIDv7.next(at: start.addingTimeInterval(Double($0) / 500)).uuidString }
        #expect(ids == ids.sorted())
    }

    @Test func versionVariantAndTimeStandWhereTheRFCPutsThem() {
        for _ in 0..<100 {
            let text = Array(UUIDv7.next(at: Date(timeIntervalSince1970: 1_645_557_742)).uuidString)
            #expect(String(text[0..<13]) == "017F22E2-79B0")
            #expect(text[14] == "7")
            #expect("89AB".contains(text[19]))
        }
        #expect(Set((0..<1000).map { _ in UUIDv7.next() }).count == 1000)
    }
}
