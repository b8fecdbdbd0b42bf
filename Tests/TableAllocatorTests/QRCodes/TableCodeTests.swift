import Contracts
import Foundation
import Postgres
import RPC
import Testing

@testable import TableAllocator
@testable import TableAllocatorStorage

/// Which table a scanned code is, and replacing a code (rules K12, K22).
@Suite(.timeLimit(.minutes(5))) struct TableCodeTests {
    @Test("A scanned code says merchant, location, number, name and section")
    func resolve() async throws {
        try await AllocatorBed.with { bed async throws in
            try await bed.put(tables: [4], in: "Vanhoutte Terras")
            let section = PutSectionRequest(
                merchantId: Place.first.merchant,
                locationId: Place.first.location,
                name: "Bar",
                tables: [SectionTable(tableNumber: 9), SectionTable(tableNumber: 5)],
                label: "Spot"
            )
            #expect(try await bed.sections.put(Section(section)) == .done)
            try await CodeServer.with(bed) { server async throws in
                for (number, name, section) in [(4, "Table 4", "Vanhoutte Terras"), (5, "Bar Spot 2", "Bar")] {
                    let code = try await Self.code(bed, number)
                    let found = try await server.call(TableAllocatorV1.resolveTable, ResolveTableRequest(qrCode: code))
                    #expect(
                        found
                            == ResolveTableResponse(
                                merchantId: Place.first.merchant,
                                locationId: Place.first.location,
                                tableNumber: number,
                                name: name,
                                section: section
                            )
                    )
                }
            }
        }
    }

    @Test("A code is found by its merchant's callers alone, and by those of everyone (I8)")
    func merchants() async throws {
        try await AllocatorBed.with { bed async throws in
            for place in [Place.first, .namesake] { try await bed.put(tables: [4], of: place) }
            let (mine, theirs) = (try await Self.code(bed, 4), try await Self.code(bed, 4, at: .namesake))
            try await CodeServer.with(bed) { server async throws in
                let method = TableAllocatorV1.resolveTable
                let foreign = await server.refusal(method, ResolveTableRequest(qrCode: theirs))
                #expect(foreign?.code == .notFound)
                #expect(foreign?.reason == "unknown_table_code")
                #expect(await server.refusal(method, ResolveTableRequest(qrCode: UUID()))?.reason == foreign?.reason)
                for code in [mine, theirs] {
                    let found = try await server.call(method, ResolveTableRequest(qrCode: code), as: .all)
                    #expect(found.merchantId == (code == mine ? Place.first : .namesake).merchant)
                }
                // An address that names another merchant is no way to that merchant's tables.
                let narrowed = ResolveTableRequest(qrCode: mine, merchantId: Place.namesake.merchant)
                #expect(await server.refusal(method, narrowed, as: .all)?.reason == "unknown_table_code")
                #expect(await server.refusal(method, narrowed)?.reason == "merchant_not_allowed")
            }
        }
    }

    @Test("A code that is replaced resolves to nothing; asking again replaces nothing more")
    func renew() async throws {
        try await AllocatorBed.with { bed async throws in
            for place in [Place.first, .namesake] { try await bed.put(tables: [4, 5], of: place) }
            let (old, other) = (try await Self.code(bed, 4), try await Self.code(bed, 4, at: .namesake))
            try await CodeServer.with(bed) { server async throws in
                let renewed = try await server.call(TableAllocatorV1.renewTableCode, Self.renewal(4, old))
                #expect(renewed.changed)
                #expect(renewed.qrCode != old)
                let again = try await server.call(TableAllocatorV1.renewTableCode, Self.renewal(4, old))
                #expect(again == RenewTableCodeResponse(changed: false, qrCode: renewed.qrCode))

                let gone = ResolveTableRequest(qrCode: old)
                #expect(await server.refusal(TableAllocatorV1.resolveTable, gone)?.reason == "unknown_table_code")
                let current = ResolveTableRequest(qrCode: renewed.qrCode)
                #expect(try await server.call(TableAllocatorV1.resolveTable, current).tableNumber == 4)
                #expect(try await Self.code(bed, 4, at: .namesake) == other)
                let kept = try await bed.postgres.query("SELECT table_number, actor FROM renewed_codes")
                    .map { try $0.decode(Int.self, String.self) }
                #expect(kept.map(\.0) == [4])
                #expect(kept.map(\.1) == ["anna"])
            }
        }
    }

    @Test("Of sixteen who replace a code at once, one does, and all learn the same new code")
    func race() async throws {
        try await AllocatorBed.with { bed async throws in
            try await bed.put(tables: [4])
            let old = try await Self.code(bed, 4)
            let renewals = try await withThrowingTaskGroup(of: CodeRenewal.self) { group in
                for _ in 0..<16 {
                    group.addTask {
                        try await bed.codes.renew(
                            old,
                            ofTable: 4,
                            of: Place.first.merchant,
                            at: Place.first.location,
                            actor: "anna"
                        )
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let current = try await bed.codes.table(4, of: Place.first.merchant, at: Place.first.location)
            let table = try #require(current)
            #expect(table.code != old)
            #expect(renewals.count { $0 == .renewed(table) } == 1)
            #expect(renewals.count { $0 == .already(table) } == 15)
        }
    }

    @Test("A code is replaced only where it is the table's own, and by somebody with a name")
    func refusals() async throws {
        try await AllocatorBed.with { bed async throws in
            try await bed.put(tables: [4, 5])
            let code = try await Self.code(bed, 4)
            try await CodeServer.with(bed) { server async throws in
                let method = TableAllocatorV1.renewTableCode
                for wrong in [Self.renewal(5, code), Self.renewal(6, code), Self.renewal(4, UUID())] {
                    #expect(await server.refusal(method, wrong)?.reason == "unknown_table_code")
                }
                let nobody = await server.refusal(method, Self.renewal(0, code, actor: " "))
                #expect(nobody?.fields.map(\.field) == ["actor", "tableNumber"])
                #expect(await server.refusal(method, Self.renewal(4, code), as: .second)?.code == .permissionDenied)
                #expect(try await Self.code(bed, 4) == code)
            }
        }
    }

    @Test("The database refuses a code that is on two tables")
    func backstop() async throws {
        try await AllocatorBed.with { bed async throws in
            try await bed.put(tables: [4])
            try await bed.put(tables: [4], of: .namesake)
            await #expect(throws: (any Error).self) {
                try await bed.postgres.execute(
                    "UPDATE section_tables SET qr_code = '3f2a7d0e-6b1c-4f53-9a6e-2d4c8b7f1a90'"
                )
            }
        }
    }

    // MARK: -

    private static func code(_ bed: AllocatorBed, _ table: Int, at place: Place = .first) async throws -> UUID {
        let table = try await bed.codes.table(table, of: place.merchant, at: place.location)
        return try #require(table).code
    }

    private static func renewal(_ table: Int, _ code: UUID, actor: String = "anna") -> RenewTableCodeRequest {
        RenewTableCodeRequest(
            merchantId: Place.first.merchant,
            locationId: Place.first.location,
            tableNumber: table,
            qrCode: code,
            actor: actor
        )
    }
}
