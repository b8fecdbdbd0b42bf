import Contracts
import Foundation
import RPC
import Testing

@testable import TableAllocator
@testable import TableAllocatorStorage

/// QR codes as files, over HTTP (rules K12, K22).
@Suite(.timeLimit(.minutes(5))) struct TableRouteTests {
    @Test("The code of a table, read back from the SVG, is the address with the table's code")
    func svg() async throws {
        try await AllocatorBed.with { bed async throws in
            try await bed.put(tables: [7], in: "Terrace & bar")
            try await CodeServer.with(bed) { server async throws in
                let reader = try CodeReader()
                defer { reader.remove() }
                let answer = try await server.get("main/7/qr.svg")
                #expect(answer.status == 200)
                #expect(answer.headers["content-type"] == "image/svg+xml")
                #expect(answer.headers["content-disposition"] == #"inline; filename="table-7.svg""#)
                #expect(answer.headers["x-request-id"] != nil)
                #expect(try await reader.text(inSVG: answer.body) == Self.address(bed, 7))
            }
        }
    }

    @Test("The PDF has every code of the location, or of the section asked for, each readable (K12, K22)")
    func pdf() async throws {
        try await AllocatorBed.with { bed async throws in
            try await bed.put(tables: 1...13, in: "Terrace")
            try await bed.put(tables: [20, 21], in: "Bar é")
            // Another merchant's tables of the same numbers have codes of their own.
            try await bed.put(tables: 1...3, in: "Terrace", of: .namesake)
            try await CodeServer.with(bed) { server async throws in
                let reader = try CodeReader()
                defer { reader.remove() }
                let answer = try await server.get("main/qr.pdf")
                #expect(answer.status == 200)
                #expect(answer.headers["content-type"] == "application/pdf")
                #expect(answer.headers["content-disposition"] == #"attachment; filename="qr-main.pdf""#)
                var expected: [String] = []
                for table in [20, 21] + Array(1...13) { expected.append(try await Self.address(bed, table)) }
                // By the sections' names.
                let pages = try await reader.texts(inPDF: answer.body, onPages: [2, 12, 1])
                #expect(pages.flatMap { $0 } == expected)

                let bar = try await server.get("main/qr.pdf?section=Bar%20%C3%A9")
                #expect(try await reader.texts(inPDF: bar.body, onPages: [2]) == [Array(expected[..<2])])
                #expect(try await reader.information(onPDF: bar.body).contains("Pages:           1\n"))
                #expect(bar.headers["etag"] != answer.headers["etag"])
            }
        }
    }

    @Test("A file that the caller has is not sent again, until the code behind it is another")
    func unchanged() async throws {
        try await AllocatorBed.with { bed async throws in
            try await bed.put(tables: [7])
            try await CodeServer.with(bed) { server async throws in
                for path in ["main/7/qr.svg", "main/qr.pdf"] {
                    let tag = try #require(try await server.get(path).headers["etag"])
                    #expect(tag.hasPrefix("\"") && tag.hasSuffix("\""))
                    for known in [tag, "\"other\", W/\(tag)", "*"] {
                        let again = try await server.get(path, known: known)
                        #expect(again.status == 304)
                        #expect(again.body.isEmpty)
                        #expect(again.headers["etag"] == tag)
                    }
                    #expect(try await server.get(path, known: "\"other\"").status == 200)
                    let code = try await Self.code(bed, 7)
                    _ = try await bed.codes.renew(
                        code,
                        ofTable: 7,
                        of: Place.first.merchant,
                        at: Place.first.location,
                        actor: "anna"
                    )
                    #expect(try await server.get(path, known: tag).status == 200)
                }
            }
        }
    }

    @Test("A merchant sees its own codes alone (I8)")
    func merchants() async throws {
        try await AllocatorBed.with { bed async throws in
            try await bed.put(tables: [7])
            try await bed.put(tables: [8], of: .namesake)
            try await CodeServer.with(bed) { server async throws in
                #expect(try await server.get("main/7/qr.svg", as: .second).error?.reason == "unknown_table")
                #expect(try await server.get("main/8/qr.svg", as: .second).status == 200)
                let foreign = try await server.get("main/8/qr.svg", as: .first, merchant: "m2")
                #expect(foreign.status == 403)
                #expect(foreign.error?.reason == "merchant_not_allowed")
                #expect(try await server.get("main/8/qr.svg", as: .all, merchant: "m2").status == 200)
                let nobodys = try await server.get("main/8/qr.svg", as: .all)
                #expect(nobodys.error?.fields?.map(\.field) == ["x-merchant-id"])
                #expect(
                    try await server.get("main/qr.pdf", as: .router, merchant: "m1").error?.reason
                        == "service_not_allowed"
                )
            }
        }
    }

    @Test(
        "What cannot be drawn is refused with words that say why",
        arguments: [
            ("main/8/qr.svg", 404, "unknown_table"), ("main/0/qr.svg", 400, "invalid_request"),
            ("main/x/qr.svg", 400, "invalid_request"), ("ma%20in/7/qr.svg", 400, "invalid_request"),
            ("elsewhere/qr.pdf", 404, "unknown_section"), ("main/qr.pdf?section=Bar", 404, "unknown_section"),
            ("main/qr.pdf?section=", 400, "invalid_request"), ("main/qr.pdf?section=a%00b", 400, "invalid_request"),
            ("main/99999999999999999999/qr.svg", 400, "invalid_request"),
        ]
    )
    func refusals(path: String, status: Int, reason: String) async throws {
        try await AllocatorBed.with { bed async throws in
            try await bed.put(tables: [7])
            try await CodeServer.with(bed) { server async throws in
                let answer = try await server.get(path)
                #expect(answer.status == status)
                #expect(answer.error?.reason == reason)
            }
        }
    }

    @Test("Without an address nothing is drawn, and whoever asks learns which setting is missing")
    func noAddress() async throws {
        try await AllocatorBed.with { bed async throws in
            try await bed.put(tables: [7])
            try await CodeServer.with(bed, address: nil) { server async throws in
                for path in ["main/7/qr.svg", "main/qr.pdf"] {
                    let answer = try await server.get(path)
                    #expect(answer.error?.reason == "qr_address_not_set")
                    #expect(answer.error?.message?.contains("QR_ADDRESS") == true)
                }
            }
        }
    }

    // MARK: -

    private static func code(_ bed: AllocatorBed, _ table: Int) async throws -> UUID {
        let table = try await bed.codes.table(table, of: Place.first.merchant, at: Place.first.location)
        return try #require(table).code
    }

    private static func address(_ bed: AllocatorBed, _ table: Int) async throws -> String {
        "https://order.upvendo.example/t/\(try await code(bed, table).uuidString.lowercased())"
    }
}
