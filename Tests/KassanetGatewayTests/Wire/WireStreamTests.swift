import Foundation
import Secrets
import Testing

@testable import KassanetGateway

/// An answer that is read while it arrives says the same as one that is read whole, wherever it is cut.
@Suite("Answers read part by part")
struct WireStreamTests {
    private static let text = """
        {"IsSuccessStatusCode":true,"AllProducts":[{"Id":101,"Name":"Caf\\u00e9 \\"noir\\" ]}","Deep":[[{"a":"}"}]]}, 7 ,"x",
         null,{}], "Other":{"a":[1,2]},"Empty":[],"Categories" : [ ] , "Last":-1.5e3}
        """
    private static let lists: Set = ["AllProducts", "Categories"]

    private static func pieces(_ parts: [[UInt8]], _ envelope: WireEnvelope) throws -> [WireScanner.Piece] {
        var opening = WireOpening(envelope)
        var scanner = WireScanner(lists: lists, maxEntryBytes: 200)
        var pieces: [WireScanner.Piece] = []
        for part in parts { pieces += try scanner.scan(try opening.open(part)) }
        pieces += try scanner.scan(try opening.finish())
        try scanner.finish()
        return pieces
    }

    private static func entry(_ index: Int, _ text: String) -> WireScanner.Piece {
        .entry(list: "AllProducts", index: index, bytes: Array(text.utf8)[...])
    }

    private static func envelope(_ padding: WireSettings.Padding?) -> WireEnvelope {
        WireEnvelope(cipher: padding.flatMap { WireCipher(token: Secret("demo-token-12"), padding: $0) })
    }

    private static func sealed(_ plain: [UInt8], _ padding: WireSettings.Padding?) -> [UInt8] {
        guard let cipher = envelope(padding).cipher else { return plain }
        return Array(Data(cipher.encrypt(plain)).base64EncodedString().utf8)
    }

    @Test("However an answer is cut, its pieces are the same", arguments: [nil, WireSettings.Padding.zero, .pkcs7])
    func cutsChangeNothing(_ padding: WireSettings.Padding?) throws {
        let body = Self.sealed(Array(Self.text.utf8), padding)
        for size in [1, 2, 3, 7, 8, 9, 24, 31, body.count] {
            let parts = stride(from: 0, to: body.count, by: size).map { Array(body[$0..<min($0 + size, body.count)]) }
            let pieces = try Self.pieces(parts, Self.envelope(padding))
            #expect(
                pieces == [
                    .member("IsSuccessStatusCode", .bool(true)), .list("AllProducts"),
                    Self.entry(0, #"{"Id":101,"Name":"Caf\u00e9 \"noir\" ]}","Deep":[[{"a":"}"}]]}"#),
                    Self.entry(1, "7"),
                    Self.entry(2, #""x""#), Self.entry(3, "null"), Self.entry(4, "{}"),
                    .member("Other", .members(("a", .array([.number("1"), .number("2")])))),
                    .member("Empty", .array([])), .list("Categories"), .member("Last", .number("-1.5e3")),
                ],
                "parts of \(size)"
            )
        }
    }

    @Test("Line breaks in base64, a byte order mark and a plain answer under encryption are read")
    func tolerance() throws {
        let text = #"{"AllProducts":[1],"Categories":[]}"#
        let expected: [WireScanner.Piece] = [.list("AllProducts"), Self.entry(0, "1"), .list("Categories")]
        let sealed = Self.sealed(Array(text.utf8), .zero)
        var broken: [UInt8] = [0xef, 0xbb, 0xbf, 0x20]
        for (index, byte) in sealed.enumerated() { broken += index % 19 == 18 ? [byte, 0x0d, 0x0a] : [byte] }
        let plain = [0xef, 0xbb, 0xbf] + Array(text.utf8)
        let zeros = Self.sealed(Array(text.utf8) + [UInt8](repeating: 0, count: 29), .zero)
        for body in [broken + [0x0a], plain, zeros] {
            for size in [1, 5, body.count] {
                let parts = stride(from: 0, to: body.count, by: size).map {
                    Array(body[$0..<min($0 + size, body.count)])
                }
                #expect(try Self.pieces(parts, Self.envelope(.zero)) == expected)
            }
        }
    }

    @Test("What cannot be read has the name the product documents, wherever it is cut", arguments: [1, 6, 4096])
    func failuresHaveNames(_ size: Int) throws {
        let sealed = Self.sealed(Array(Self.text.utf8), .zero)
        let cases: [(WireReadFailure, [UInt8])] = [
            (.base64, Array("%%% not base64 %%%".utf8)), (.base64, sealed + Array("QQ==QUJD".utf8)),
            (.base64, Array(sealed.dropLast(2))), (.decryption, Array("QUJDRA==".utf8)),
            // Its beginning shows to be no JSON before its length shows to be wrong.
            (.json, Array("QUJDREVGR0hJSg==".utf8)),
            (.json, Self.sealed(Array("hello, world".utf8), .zero)), (.json, Array(Self.text.utf8.dropLast())),
            (.json, Array(#"{"AllProducts":[1,]}"#.utf8)), (.json, Array(#"{"AllProducts":[1}"#.utf8)),
            (.json, Array(#"{"a":1} x"#.utf8)), (.json, Array(#"{"a":}"#.utf8)), (.json, Array(#"{"a":1,}"#.utf8)),
            (.json, Array(#"{"a" 1}"#.utf8)), (.json, []),
        ]
        for (failure, body) in cases {
            let parts = stride(from: 0, to: body.count, by: size).map { Array(body[$0..<min($0 + size, body.count)]) }
            #expect(throws: failure, "\(String(decoding: body.prefix(40), as: UTF8.self))") {
                try Self.pieces(parts, Self.envelope(.zero))
            }
        }
    }

    @Test("An entry beyond the bound is left out, and the next one is read", arguments: [1, 64, 4096])
    func longEntriesAreLeftOut(_ size: Int) throws {
        let long = "\"" + String(repeating: "a", count: 500) + "\""
        let body = Array(#"{"AllProducts":[\#(long),2],"B":\#(long),"Categories":[]}"#.utf8)
        let parts = stride(from: 0, to: body.count, by: size).map { Array(body[$0..<min($0 + size, body.count)]) }
        #expect(
            try Self.pieces(parts, Self.envelope(nil)) == [
                .list("AllProducts"), .entry(list: "AllProducts", index: 0, bytes: nil), Self.entry(1, "2"),
                .member("B", nil), .list("Categories"),
            ]
        )
    }
}
