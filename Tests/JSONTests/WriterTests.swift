import Foundation
import JSON
import Testing

/// What is written.
struct WriterTests {
    private struct Sample: Codable, Equatable {
        var id = UUID(uuid: (1, 0x91, 0xD3, 0xA0, 0x5C, 0x7E, 0x7A, 0x10, 0x8B, 0x11, 0x6F, 0x2C, 0x9D, 0x4E, 0x1A, 1))
        var text = "a/\"\\\u{8}\t\n\u{C}\r\u{1F}\u{7F}é€😀"
        var none: Int?
        var numbers = [0, -1, .max, .min, 10, 99, 1_000_000]
        var bytes = Data([0, 255])
        var at = Date(timeIntervalSince1970: 42)
        var link = URL(string: "https://upvendo.com/x?y=z")
        var isOpen = true
        var nothing: [Int?] = [nil]
        var names: [String: Int] = ["a \"b\"": 1]
        var empty: [String] = []
    }

    @Test func membersStandInTheOrderTheyAreDeclared() throws {
        let text = try write(Sample())
        #expect(
            text == #"{"id":"0191d3a0-5c7e-7a10-8b11-6f2c9d4e1a01","text":"a/\"\\\b\t\n\f\r\u001f"# + "\u{7F}é€😀"
                + #"","numbers":[0,-1,9223372036854775807,-9223372036854775808,10,99,1000000],"bytes":"AP8=","at":"42","#
                + #""link":"https://upvendo.com/x?y=z","isOpen":true,"nothing":[null],"names":{"a \"b\"":1},"empty":[]}"#
        )
        #expect(try read(Sample.self, text) == Sample())
    }

    @Test func numbersAreWrittenSoThatTheyComeBack() throws {
        #expect(try write([1.0, 0.1, -2.5e-9, 1e300]) == "[1,0.1,-2.5e-09,1e+300]")
        #expect(try write([Float(0.1)]) == "[0.1]")
        #expect(try write([UInt64.max]) == "[18446744073709551615]")
        var power = 1
        for _ in 0..<18 {
            for value in [power - 1, power, power + 1, -power] { #expect(try write(value) == "\(value)") }
            power *= 10
        }
    }

    @Test func aNumberThatJSONDoesNotHaveIsNamedWithItsPlace() throws {
        for value in [Double.nan, .infinity, -.infinity] {
            do {
                _ = try write(["a \"b\"": [1, value]])
                Issue.record("\(value) was written")
            } catch EncodingError.invalidValue(_, let context) {
                #expect(context.codingPath.map(\.stringValue) == [#"a "b""#, "1"])
            }
        }
    }

    @Test func aLongTextIsWrittenWhole() throws {
        let text = String(repeating: "0123456789\"é", count: 20_000)
        #expect(try read(String.self, write(text)) == text)
    }

    private enum Key: String, CodingKey { case a, b, c }

    private struct Writing: Encodable {
        let body: (any Encoder) throws -> Void
        func encode(to encoder: any Encoder) throws { try body(encoder) }
    }

    @Test func containersMayBeNestedAndLeftEmpty() throws {
        let text = try write(
            Writing { encoder in
                var members = encoder.container(keyedBy: Key.self)
                var elements = members.nestedUnkeyedContainer(forKey: .a)
                _ = elements.superEncoder()
                try elements.encode(1)
                _ = elements.nestedContainer(keyedBy: Key.self)
                _ = elements.nestedUnkeyedContainer()
                #expect(elements.count == 4)
                try Writing { _ in }.encode(to: members.superEncoder(forKey: .b))
                var inner = members.nestedContainer(keyedBy: Key.self, forKey: .c)
                try inner.encode(2, forKey: .a)
                #expect(inner.codingPath.map(\.stringValue) == ["c"])
                // The same container, asked for again.
                var again = encoder.container(keyedBy: Key.self)
                try again.encode(Writing { _ in }, forKey: .b)
            }
        )
        #expect(text == #"{"a":[{},1,{},[]],"b":{},"c":{"a":2},"b":{}}"#)
    }

    @Test func aContainerThatWasClosedRefusesToBeWrittenTo() throws {
        _ = try write(
            Writing { encoder in
                var members = encoder.container(keyedBy: Key.self)
                var first = members.nestedContainer(keyedBy: Key.self, forKey: .a)
                var second = members.nestedUnkeyedContainer(forKey: .b)
                try second.encode(1)
                #expect(throws: EncodingError.self) { try first.encode(1, forKey: .a) }
                #expect(throws: EncodingError.self) { try first.superEncoder().singleValueContainer().write(1) }
                #expect(throws: EncodingError.self) {
                    var refusing = first.nestedUnkeyedContainer(forKey: .b)
                    try refusing.encode(1)
                }
                try second.encode(2)
            }
        )
        let twice = Writing { encoder in
            var value = encoder.singleValueContainer()
            try value.encode(1)
            try value.encode(2)
        }
        #expect(throws: EncodingError.self) { try write(twice) }
    }
}

extension SingleValueEncodingContainer {
    fileprivate func write(_ value: Int) throws {
        var container = self
        try container.encode(value)
    }
}
