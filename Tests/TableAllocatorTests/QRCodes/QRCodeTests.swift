import Crypto
import Foundation
import RPC
import ServiceKit
import Testing

@testable import TableAllocator
@testable import TableAllocatorStorage

/// Codes as pictures, each read again by a program that did not draw it (rules K12, K22).
@Suite(.timeLimit(.minutes(5))) struct QRCodeTests {
    private static let address = "https://order.upvendo.example/t/3f2a7d0e-6b1c-4f53-9a6e-2d4c8b7f1a90"

    @Test(
        "What an SVG says is the address, whatever the table is called (K12)",
        arguments: [
            "Terrace Table 1", "<Bar> & \"Café\"", "漢字のテーブル", "", "]]>&amp;", "Å\u{301}\u{FFFE}",
            String(repeating: "W", count: 41),
        ]
    )
    func svg(name: String) async throws {
        let reader = try CodeReader()
        defer { reader.remove() }
        let svg = try QRCodeSVG(label: QRLabel(name: name, tableNumber: 7, address: Self.address)).bytes()
        #expect(try await reader.text(inSVG: svg) == Self.address)
    }

    @Test("Addresses as long as the setting takes are still read", arguments: [1, 60, 300, 700])
    func lengths(count: Int) async throws {
        let reader = try CodeReader()
        defer { reader.remove() }
        let address = "https://x.example/" + String(repeating: "aB3-", count: count / 4 + 1)
        let svg = try QRCodeSVG(label: QRLabel(name: "One", tableNumber: 1, address: address)).bytes()
        #expect(try await reader.text(inSVG: svg) == address)
    }

    @Test("A text that fits no code is refused", arguments: [QRCode.Correction.medium, .quartile])
    func tooLong(correction: QRCode.Correction) {
        let error = #expect(throws: QRCodeError.self) {
            try QRCode(String(repeating: "a", count: 3_000), correction: correction)
        }
        #expect(error?.bytes == 3_000)
        #expect(throws: QRCodeError.self) { try QRCode("", correction: correction) }
        #expect(throws: QRCodeError.self) { try QRCode("a\u{0}b", correction: correction) }
    }

    @Test("A code has its three finders, and grows with what may be torn off it")
    func modules() throws {
        let code = try QRCode(Self.address, correction: .medium)
        for (x, y) in [(0, 0), (code.size - 7, 0), (0, code.size - 7)] {
            let row = (0..<7).map { code.isDark(x: x + $0, y: y) }
            #expect(row.allSatisfy { $0 })
            #expect(!code.isDark(x: x + 1, y: y + 1))
            #expect(code.isDark(x: x + 3, y: y + 3))
        }
        #expect(!code.isDark(x: -1, y: 0))
        #expect(!code.isDark(x: code.size, y: 0))
        #expect(try QRCode(Self.address, correction: .quartile).size > code.size)
        let dark = (0..<code.size).flatMap { y in (0..<code.size).filter { code.isDark(x: $0, y: y) } }.count
        #expect(code.runs.reduce(0) { $0 + $1.length } == dark)
    }

    @Test("The bytes of a small SVG are these")
    func golden() throws {
        let svg = try QRCodeSVG(label: QRLabel(name: "<7> & é", tableNumber: 7, address: "HTTP://X/7")).bytes()
        let text = String(decoding: svg, as: UTF8.self)
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines.first == #"<?xml version="1.0" encoding="UTF-8"?>"#)
        #expect(
            lines[1] == #"""
                <svg xmlns="http://www.w3.org/2000/svg" width="232" height="280" viewBox="0 0 29 35" role="img" \#
                aria-labelledby="title">
                """#
        )
        #expect(lines[2] == #"<title id="title">QR code of &lt;7&gt; &amp; é</title>"#)
        #expect(lines[3] == ##"<rect width="29" height="35" fill="#fff"/>"##)
        #expect(lines[4].hasPrefix(##"<path fill="#000" shape-rendering="crispEdges" d="M4 4h7v1h-7z"##))
        #expect(
            lines[5] == #"""
                <text x="14.5" y="31" font-family="Helvetica, Arial, sans-serif" font-size="3.6" \#
                text-anchor="middle">&lt;7&gt; &amp; é</text>
                """#
        )
        #expect(lines[6...] == ["</svg>"])
        let hash = SHA256.hash(data: svg).map { String(Int($0) + 0x100, radix: 16).dropFirst() }.joined()
        #expect(hash == "8c7616ee605867b3e6c7526414f10a36053f81e7e848b23c0148599fd1338ee4")
    }

    @Test(
        "An address without {code}, or that is none of http, is refused",
        arguments: [
            "https://order.example/t", "ftp://order.example/{code}", "order.example/{code}", "https:///{code}",
            "{code}",
            "https://{code}.example/", "https://order.example/{code}/{guest}", "https://order.example/é/{code}",
            "https://order.example/a b/{code}", "https://me@order.example/{code}",
            "https://order.example:{table}/{code}",
            "javascript:alert({code})", "https://order.example/{code}" + String(repeating: "a", count: 400),
        ]
    )
    func refusedAddress(text: String) {
        #expect(throws: Unacceptable.self) { try QRAddress(text) }
    }

    @Test(
        "Each place in the address is filled",
        arguments: [
            ("https://o.example/t/{code}", "https://o.example/t/3f2a7d0e-6b1c-4f53-9a6e-2d4c8b7f1a90"),
            (
                "HTTP://o.example:8080?m={merchant}&l={location}&t={table}#{code}",
                "HTTP://o.example:8080?m=m-1&l=antwerp:1&t=12#3f2a7d0e-6b1c-4f53-9a6e-2d4c8b7f1a90"
            ),
        ]
    )
    func filledAddress(template: String, address: String) throws {
        let table = CodedTable(
            merchant: .init(unchecked: "m-1"),
            location: .init(unchecked: "antwerp:1"),
            number: 12,
            name: "{code}",
            section: "Bar",
            code: try #require(UUID(uuidString: "3F2A7D0E-6B1C-4F53-9A6E-2D4C8B7F1A90"))
        )
        #expect(try QRAddress(template).address(of: table) == address)
    }
}
