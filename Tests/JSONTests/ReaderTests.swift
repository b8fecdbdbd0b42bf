import Foundation
import JSON
import Testing

/// What is read, and what is refused.
struct ReaderTests {
    struct Order: Codable, Equatable {
        var id: UUID
        var items: [Item]
        var note: String?
        var at: Date?

        struct Item: Codable, Equatable {
            var name: String
            var quantity: Int
        }
    }

    private static let id = "0191d3a0-5c7e-7a10-8b11-6f2c9d4e1a01"

    @Test func membersAreFoundInAnyOrderAndOthersIgnored() throws {
        let order = try read(
            Order.self,
            """
            \u{FEFF} { "later" : [ {} , [ 1.5e3, null, "]}" ] ], "items" : [ { "quantity" : 2 , "name" : "a\\n\\u20ac\\ud83d\\ude00" } ] ,
              "n\\u006fte" : null , "id" : "\(Self.id.uppercased())" }
            """
        )
        #expect(order == Order(id: try #require(UUID(uuidString: Self.id)), items: [.init(name: "a\n€😀", quantity: 2)]))
    }

    @Test(arguments: [
        (#"{"items":[]}"#, "id is missing"),
        (#"{"id":7}"#, "id is not String"),
        (#"{"id":null}"#, "id is null, not String"),
        (#"{"id":"0191d3a0-5c7e-7a10-8b11-6f2c9d4e1a0g"}"#, "id is not accepted"),
        (#"{"id":" 191d3a0-5c7e-7a10-8b11-6f2c9d4e1a01"}"#, "id is not accepted"),
        (#"{"id":"0191d3-0-5c7e-7a10-8b11-6f2c9d4e1\u00301"}"#, "id is not accepted"),
        (#"{"id":"0191d3a05c7e7a108b116f2c9d4e1a01"}"#, "id is not accepted"),
        (#"{"id":"ID","items":{}}"#, "items is not Array<Any>"),
        (#"{"id":"ID","items":[{"name":"","quantity":1},7]}"#, "items.1 is not Dictionary<String, Any>"),
        (#"{"id":"ID","items":[{"name":"","quantity":1},{"x":[[],{}],"name":""}]}"#, "items.1.quantity is missing"),
        (#"{"id":"ID","items":[[],{}]}"#, "items.0 is not Dictionary<String, Any>"),
        (#"{"x":{"items":[1]},"id":"ID","items":[{"name":"","quantity":"1"}]}"#, "items.0.quantity is not Int"),
        (#"{"id":"ID","items":[{"name":"","quantity":1.5}]}"#, "items.0.quantity does not fit"),
        (#"{"id":"ID","items":[{"name":"a\u0000","quantity":1}]}"#, "items.0.name holds a NUL"),
        (#"{"id":"ID","items":[],"at":"soon"}"#, "at is not accepted"),
        (#"{"id":"ID","items":[],"at":1}"#, "at is not String"),
        ("[]", " is not Dictionary<String, Any>"),
        ("null", " is null, not Dictionary<String, Any>"),
    ])
    func anErrorSaysWhere(text: String, complaint expected: String) {
        let found = complaint(Order.self, text.replacing("ID", with: Self.id))
        #expect(
            found
                == expected.replacing("Dictionary<String, Any>", with: "\([String: Any].self)")
                .replacing("Array<Any>", with: "\([Any].self)")
        )
    }

    @Test(arguments: [#"{"a":1,"b":2,"a":3}"#, #"{"b":2,"\u0061":1,"a":3}"#, #"{"a":1,"a":3,"b":2,"a":4}"#])
    func ofMembersOfOneNameTheFirstCounts(text: String) throws {
        let first = ["a": 1, "b": 2]
        #expect(try read([String: Int].self, text) == first)
        #expect(try JSONDecoder().decode([String: Int].self, from: Data(text.utf8)) == first)
    }

    @Test func ofManyMembersOfOneNameTheFirstCounts() throws {
        let names = (0..<20_000).map { #""n\#($0 / 2)":\#($0)"# }
        let read = try read([String: Int].self, "{\(names.joined(separator: ","))}")
        #expect(read.count == 10_000)
        #expect(read.allSatisfy { name, value in name == "n\(value / 2)" && value % 2 == 0 })
    }

    // MARK: Numbers

    @Test(arguments: [
        ("0", 0), ("-0", 0), ("7", 7), ("-7", -7), ("9223372036854775807", .max), ("-9223372036854775808", .min),
        ("1.0", 1), ("1e2", 100), ("12.50e1", 125), ("-12.5E+1", -125), ("100e-2", 1), ("0.0e99", 0),
        ("9007199254740993.0", 9_007_199_254_740_993), ("922337203685477580.7e1", .max),
    ])
    func aWholeNumberIsReadExactlyHoweverItIsWritten(text: String, value: Int) throws {
        #expect(try read(Int.self, text) == value)
        #expect(try read(Int64.self, text) == Int64(value))
    }

    @Test(arguments: [
        "1.5", "1e-1", "1e400", "9223372036854775808", "-9223372036854775809", "1e19", "1e999999999999999999999",
        String(repeating: "9", count: 40), String(repeating: "9", count: 100_000), "0.1e0",
    ])
    func aNumberThatIsNotWholeOrTooLargeIsRefused(text: String) {
        #expect(complaint([Int].self, "[0,\(text)]") == "1 does not fit")
    }

    @Test func aSmallerTypeTakesWhatFits() throws {
        #expect(try read([UInt8].self, "[0,255]") == [0, 255])
        #expect(try read(UInt64.self, "18446744073709551615") == .max)
        #expect(complaint([UInt8].self, "[256]") == "0 does not fit")
        #expect(complaint([UInt].self, "[-1]") == "0 does not fit")
        #expect(complaint([Int8].self, "[-129]") == "0 does not fit")
    }

    @Test func aFractionIsTheNearestBinaryOne() throws {
        for text in ["0.1", "-0", "1e-320", "123456789012345678", "1.7976931348623157e308", "3.25", "15"] {
            #expect(try read(Double.self, text) == Double(text))
        }
        #expect(complaint([Double].self, "[1e400]") == "0 does not fit")
        #expect(complaint([Float].self, "[1e39]") == "0 does not fit")
    }

    // MARK: What is no JSON

    @Test(arguments: [
        "", " ", "{", "[", "[1", "[1,", "[1,]", "[,1]", "{,}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{a:1}"#, "{1:1}",
        "[1 2]", #"{"a":1 "b":2}"#, "]", "}", "[}", "{]", "1 2", "{}{}", "'a'", "nul", "nulL", "True", "NaN",
        "Infinity",
        "01", "-", "+1", ".5", "1.", "1.e1", "1e", "1e+", "0x1", "1_0", "--1", "-01", "//", "/**/1", "\u{A0}1",
        #"""#, #""a"#, #""\"#, #""\x""#, #""\u12""#, #""\u12g4""#, #""\ud800""#, #""\udc00""#, #""\ud800\u0041""#,
        #""\ud800\ud800""#, #""\ud800x""#, "\"\n\"", "\"\u{0}\"", "\"\u{1F}\"", "1\u{0}", "[1]x",
        #"{"unknown":01}"#, #"{"unknown":"\x"}"#,
    ])
    func whatIsNoJSONIsRefused(text: String) {
        struct Empty: Codable {}
        #expect(throws: JSONRefusal.self) { try read(AnyValue.self, text) }
        #expect(throws: JSONRefusal.self) { try read(Empty.self, text) }
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC3, 0x28], [0xE0, 0x80, 0x80], [0xE2, 0x82], [0xED, 0xA0, 0x80],
            [0xF0, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xF0, 0x9F, 0x98],
        ] as [[UInt8]]
    )
    func whatIsNotUTF8IsRefusedWhereverItStands(bytes: [UInt8]) {
        for padding in 0..<17 {
            let text = Array("\"".utf8) + Array(repeating: 0x61, count: padding) + bytes + Array("\"".utf8)
            #expect(throws: JSONRefusal.malformed(offset: 1 + padding)) {
                try JSONReader(limits: .trusted, instants: instants).read(String.self, from: Data(text))
            }
        }
    }

    // MARK: Limits

    @Test func depthAndElementsAreCountedOutsideStringsOnly() throws {
        let limits = JSONLimits(maxDepth: 2, maxElements: 4)
        _ = try read(AnyValue.self, #"{"a":["[[[[\"[[,,,,,"]}"#, limits: limits)
        _ = try read(AnyValue.self, "[[],[]]", limits: limits)
        #expect(throws: JSONRefusal.tooDeep(limit: 2)) { try read(AnyValue.self, "[[[", limits: limits) }
        #expect(throws: JSONRefusal.tooManyElements(limit: 4)) {
            try read(AnyValue.self, "[1,2,3,4,5]", limits: limits)
        }
        #expect(throws: JSONRefusal.tooManyElements(limit: 4)) { try read(AnyValue.self, "[{},{},{}", limits: limits) }
    }

    @Test(arguments: [JSONLimits(), .trusted]) func aHundredThousandNestedArraysAreRefused(limits: JSONLimits) {
        let text = String(repeating: "[", count: 100_000)
        #expect(throws: JSONRefusal.tooDeep(limit: limits.maxDepth)) { try read(AnyValue.self, text, limits: limits) }
    }

    // MARK: Codable's corners

    @Test func aDecoderMayOutliveTheCall() throws {
        struct Keeping: Decodable {
            let decoder: any Decoder
            init(from decoder: any Decoder) { self.decoder = decoder }
        }
        let kept = try read([String: Keeping].self, #"{"a":["x","y"]}"#)
        #expect(try [String](from: try #require(kept["a"]).decoder) == ["x", "y"])
        #expect(kept["a"]?.decoder.codingPath.map(\.stringValue) == ["a"])
    }

    @Test func anArrayEndsWhereItEnds() throws {
        struct Greedy: Decodable {
            init(from decoder: any Decoder) throws {
                var elements = try decoder.unkeyedContainer()
                #expect(elements.count == 2)
                #expect(try !elements.decodeNil())
                #expect(throws: DecodingError.self) { try elements.decode(String.self) }
                #expect(try elements.decode(Int.self) == 1)
                #expect(try elements.decodeNil())
                #expect(elements.isAtEnd)
                #expect(throws: DecodingError.self) { try elements.decode(Int.self) }
                #expect(throws: DecodingError.self) { try elements.decodeNil() }
            }
        }
        _ = try read(Greedy.self, "[1,null]")
    }
}
