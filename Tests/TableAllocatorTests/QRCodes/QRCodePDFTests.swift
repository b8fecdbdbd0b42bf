import Crypto
import Foundation
import Synchronization
import Testing

@testable import TableAllocator

/// The PDF of all codes, as other programs read it.
@Suite(.timeLimit(.minutes(5))) struct QRCodePDFTests {
    @Test("Every code of every section is read back from the PDF, on the page of its section (K12, K22)")
    func codes() async throws {
        let reader = try CodeReader()
        defer { reader.remove() }
        let pdf = Self.pdf([("Terrace", 14), ("Bar", 1)])
        let bytes = try await Self.bytes(of: pdf)
        let addresses = pdf.sections.map { $0.labels.map(\.address) }
        #expect(
            try await reader.texts(inPDF: bytes, onPages: [12, 2, 1]) == [
                Array(addresses[0][..<12]), Array(addresses[0][12...]), addresses[1],
            ]
        )
    }

    @Test("A PDF reader finds nothing wrong, and every name; what Helvetica lacks is told apart by the number")
    func names() async throws {
        let reader = try CodeReader()
        defer { reader.remove() }
        let names = ["By the <door> & bar", "Café (é) \\ €", "漢字", "Şal Łódź", "🍕🍺", String(repeating: "W", count: 41)]
        let labels = names.enumerated().map {
            QRLabel(name: $1, tableNumber: $0 + 40, address: Self.address($0))
        }
        let pdf = QRCodePDF(title: "QR codes of x", sections: [.init(name: "Vanhoutte Zäål", labels: labels)])
        let bytes = try await Self.bytes(of: pdf)
        let text = try await reader.text(ofPDF: bytes)
        for name in [
            "Vanhoutte Zäål", names[0], names[1], "?? (42)", "Sal ?ódz (43)", "?? (44)", names[5],
        ] {
            #expect(text.contains(name), "\(name)")
        }
        let information = try await reader.information(onPDF: bytes)
        for fact in ["QR codes of x", "Pages:           1", "595 x 842 pts (A4)", "PDF version:     1.4"] {
            #expect(information.contains(fact), "\(fact) is not in \(information)")
        }
        for complaint in ["Error", "Warning"] { #expect(!information.contains(complaint), "\(information)") }
    }

    @Test("Each offset in the table of a PDF leads to its object, and a stream is as long as it says")
    func offsets() async throws {
        let bytes = try await Self.bytes(of: Self.pdf([("Terrace", 13)]))
        let text = String(decoding: bytes, as: Unicode.ASCII.self)
        let start = try #require(text.split(separator: "\n").dropLast().last.flatMap { Int($0) })
        let table = String(decoding: bytes[start...], as: Unicode.ASCII.self).split(separator: "\n")
        #expect(table[0] == "xref")
        let count = try #require(table[1].split(separator: " ").last.flatMap { Int($0) })
        #expect(count == 9)
        for number in 1..<count {
            let entry = table[2 + number]
            #expect(entry.utf8.count == 19, "20 with its end of line")
            let offset = try #require(Int(entry.prefix(10)))
            let object = String(decoding: bytes[offset...].prefix(20), as: Unicode.ASCII.self)
            #expect(object.hasPrefix("\(number) 0 obj\n"))
        }
        for stream in text.components(separatedBy: "/Length ").dropFirst() {
            let length = try #require(Int(stream.prefix { $0.isNumber }))
            let body = try #require(stream.components(separatedBy: "stream\n").dropFirst().first)
            #expect(body.hasSuffix("\nend"))
            #expect(body.utf8.count - "\nend".utf8.count == length)
        }
    }

    @Test("Two thousand tables are written a page at a time, and every name is in it")
    func large() async throws {
        let pdf = Self.pdf([("Hall", 2_000)])
        let largest = Mutex(0)
        let total = Mutex(Data())
        try await pdf.write { piece in
            largest.withLock { $0 = max($0, piece.count) }
            total.withLock { $0 += piece }
        }
        // The offsets of 167 pages come last and in one piece; a page is larger.
        #expect(largest.withLock { $0 } < 200_000)
        let bytes = total.withLock { $0 }
        let reader = try CodeReader()
        defer { reader.remove() }
        #expect(try await reader.information(onPDF: bytes).contains("Pages:           167"))
        let first = try await reader.texts(inPDF: bytes, onPages: [1]).first
        #expect(first == [pdf.sections[0].labels[0].address])
        #expect(try await reader.text(ofPDF: bytes).contains("Hall Table 2000"))
    }

    @Test("The same tables give the same bytes and tag; other tables another tag")
    func deterministic() async throws {
        let pdf = Self.pdf([("Terrace", 2)])
        #expect(try await Self.bytes(of: pdf) == Self.bytes(of: Self.pdf([("Terrace", 2)])))
        #expect(pdf.tag == Self.pdf([("Terrace", 2)]).tag)
        let others = [
            Self.pdf([("Terrace", 3)]), Self.pdf([("Terrac", 2)]), Self.pdf([("Terrace", 2)], title: "Other"),
            Self.pdf([("Terrace", 1), ("Terrace", 1)]),
        ]
        #expect(Set(others.map(\.tag) + [pdf.tag]).count == others.count + 1)
    }

    @Test("Bytes that change come with another revision, so that no browser keeps the old ones")
    func revision() async throws {
        let hash = SHA256.hash(data: try await Self.bytes(of: Self.pdf([("Terrace", 2), ("Bar é", 13)])))
            .map { String(Int($0) + 0x100, radix: 16).dropFirst() }.joined()
        #expect(QRCodePDF.revision == 1)
        #expect(hash == "33c24050de1da50eed224bba1799c0c54e7673aea70902324689e56e9af398ac")
    }

    // MARK: -

    private static func address(_ number: Int) -> String {
        "https://order.upvendo.example/t/3f2a7d0e-6b1c-4f53-9a6e-\(String(number + 0x1000_0000_0000, radix: 16))"
    }

    private static func pdf(_ sections: [(name: String, tables: Int)], title: String = "QR codes of x") -> QRCodePDF {
        var number = 0
        return QRCodePDF(
            title: title,
            sections: sections.map { section in
                let labels = (1...section.tables).map { index in
                    number += 1
                    return QRLabel(
                        name: "\(section.name) Table \(index)",
                        tableNumber: number,
                        address: address(number)
                    )
                }
                return .init(name: section.name, labels: labels)
            }
        )
    }

    private static func bytes(of pdf: QRCodePDF) async throws -> Data {
        let total = Mutex(Data())
        try await pdf.write { piece in total.withLock { $0 += piece } }
        return total.withLock { $0 }
    }
}
