import Contracts
import Postgres
import RPC
import Testing

@testable import TableAllocator
@testable import TableAllocatorStorage

/// Sections of a location and their tables (rule K12).
@Suite(.timeLimit(.minutes(5))) struct SectionTests {
    @Test("Automatic names are section, label and index; chosen ones stay (K12)")
    func names() async throws {
        try await AllocatorBed.with { bed async throws in
            #expect(try await put(bed, "Terrace", [11, 12, 13], names: [12: "By the door"], label: "Spot") == .done)
            let section = try #require(try await read(bed).first)
            #expect(section.tables.map(\.name) == ["Terrace Spot 1", "By the door", "Terrace Spot 3"])
            #expect(section.tables.map(\.isCustomName) == [false, true, false])
            #expect(section.provider == nil)
            #expect(Set(section.tables.map(\.qrCode)).count == 3)
        }
    }

    @Test("A table keeps its QR code, and a name that people chose, through every import (K12, K25)")
    func whatAnImportKeeps() async throws {
        try await AllocatorBed.with { bed async throws in
            let name = "Vanhoutte Terrace"
            #expect(try await put(bed, name, [1, 2], provider: "vanhoutte") == .done)
            let before = try #require(try await read(bed).first)
            #expect(try await put(bed, name, [1, 2], names: [2: "Window"]) == .done)
            #expect(try await put(bed, name, [2, 3], provider: "vanhoutte") == .done)
            let after = try #require(try await read(bed).first)
            #expect(after.provider == "vanhoutte")
            #expect(after.tables.map(\.tableNumber) == [2, 3])
            #expect(after.tables.map(\.name) == ["Window", "Vanhoutte Terrace Table 2"])
            #expect(after.tables.first?.qrCode == before.tables.last?.qrCode)
        }
    }

    @Test("A section of an integration is neither deleted nor emptied by hand (K12)")
    func sectionsOfIntegrations() async throws {
        try await AllocatorBed.with { bed async throws in
            let name = "Hendrickx Zaal"
            #expect(try await put(bed, name, [1, 2], provider: "hendrickx") == .done)
            #expect(try await put(bed, name, [1]) == .ofIntegration)
            #expect(try await put(bed, name, [1, 2, 3]) == .ofIntegration)
            #expect(try await put(bed, "Bar", [2]) == .tableOfIntegration(2, section: name))
            #expect(try await put(bed, name, [1, 2], provider: "hendri") == .nameTaken(by: name))
            #expect(try await delete(bed, name, by: nil) == .ofIntegration)
            #expect(try await delete(bed, name, by: "vanhoutte") == .ofIntegration)
            #expect(try await read(bed).first?.tables.count == 2)
            #expect(try await delete(bed, name, by: "hendrickx") == .done)
            #expect(try await delete(bed, name, by: "hendrickx") == .absent)
            #expect(try await read(bed) == [])
        }
    }

    @Test(
        "With its integration a section's tables go, with their codes and their use; the rest of the location stays (K5)"
    )
    func deletionByTheIntegration() async throws {
        try await AllocatorBed.with { bed async throws in
            let name = "Hendrickx Zaal"
            for place in [Place.first, .namesake] {
                #expect(try await put(bed, name, [1, 2], provider: "hendrickx", at: place) == .done)
                #expect(try await put(bed, "Bar", [3], at: place) == .done)
                for table in 1...3 {
                    let lease = try await bed.named(table, for: .next(at: place))
                    try await bed.pin(lease)
                    try await bed.release(lease)
                }
            }
            let old = try #require(try await read(bed, named: name)).tables[0].qrCode
            let (merchant, location) = (Place.first.merchant, Place.first.location)
            _ = try await bed.codes.renew(old, ofTable: 1, of: merchant, at: location, actor: "anna")
            let codes = try #require(try await read(bed, named: name)).tables.map(\.qrCode)
            // Somebody else's bill is on table 1.
            let busy = try await bed.physical(.withBills(on: [1, 2])).lease
            #expect(busy.tableNumber == 3)
            try await bed.release(busy)

            #expect(try await delete(bed, name, by: "hendrickx") == .done)
            #expect(try await delete(bed, name, by: "hendrickx") == .absent)
            for code in codes + [old] { #expect(try await bed.codes.table(withCode: code, visibleTo: .all) == nil) }
            #expect(try await read(bed).map(\.name) == ["Bar"])
            #expect(try await read(bed).first?.tables.first?.lastUsedAt != nil)
            for (table, rows) in [("table_usage", 1), ("busy_tables", 0), ("renewed_codes", 0)] {
                let left = try await bed.postgres.queryOne(
                    "SELECT count(*) AS rows FROM \(unescaped: table) WHERE merchant_id = 'm1'"
                )
                #expect(try left?["rows"] == rows, "\(table)")
            }
            #expect(try await read(bed, at: .namesake).map(\.tables.count) == [1, 2])
            #expect(try await read(bed, at: .namesake).last?.tables.allSatisfy { $0.lastUsedAt != nil } == true)
            // Imported again, the tables are new: unused, with codes that were never printed.
            #expect(try await put(bed, name, [1, 2], provider: "hendrickx") == .done)
            let again = try #require(try await read(bed, named: name))
            #expect(again.tables.allSatisfy { $0.lastUsedAt == nil && !(codes + [old]).contains($0.qrCode) })
        }
    }

    @Test("Leases outlast their section, and their tables are not given again before they end (K5, I3)")
    func deletionBesideLeases() async throws {
        try await AllocatorBed.with { bed async throws in
            let name = "Hendrickx Zaal"
            #expect(try await put(bed, name, [1, 2, 3], provider: "hendrickx") == .done)
            let leases = [
                try await bed.physical().lease, try await bed.physical().lease, try await bed.physical().lease,
            ]
            try await bed.pin(leases[0])
            try await bed.pin(leases[2])
            try await bed.release(leases[2], settlingFor: .seconds(60))
            #expect(try await delete(bed, name, by: "hendrickx") == .done)
            #expect(await reason { _ = try await bed.physical() } == "unknown_section")
            #expect(try await bed.leases().map(\.token) == [leases[0].token, leases[1].token])
            // The order that was given its table a moment ago goes on.
            guard case .pinned = try await bed.pin(leases[1]) else {
                Issue.record("The held lease was lost with its section.")
                return
            }
            #expect(try await put(bed, name, [1, 2, 3], provider: "hendrickx") == .done)
            let waiting = LeaseOwner.next()
            #expect(await reason { _ = try await bed.physical(for: waiting) } == "no_free_table")
            for lease in leases[..<2] { #expect(try await bed.release(lease).changed) }
            for order in [waiting, .next()] { _ = try await bed.physical(for: order) }
            // The third settles still.
            #expect(await reason { _ = try await bed.physical() } == "no_free_table")
        }
    }

    @Test("Sections that are deleted and imported again and again beside orders lose no lease and no lock (K5)")
    func deletionBesideOrders() async throws {
        try await AllocatorBed.with { bed async throws in
            let name = "Hendrickx Zaal"
            #expect(try await put(bed, name, [1, 2, 3, 4], provider: "hendrickx") == .done)
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<4 {
                    group.addTask { () async throws -> Int in
                        var served = 0
                        for _ in 0..<15 {
                            do {
                                let lease = try await bed.physical().lease
                                guard case .pinned = try await bed.pin(lease) else {
                                    Issue.record("A lease was lost.")
                                    continue
                                }
                                #expect(try await bed.release(lease).changed)
                                served += 1
                            } catch let error as AllocationError {
                                let reason = error.rpcError.reason ?? ""
                                #expect(["no_free_table", "unknown_section"].contains(reason))
                            }
                        }
                        return served
                    }
                }
                group.addTask { () async throws -> Int in
                    for _ in 0..<10 {
                        #expect(try await delete(bed, name, by: "hendrickx") == .done)
                        #expect(try await put(bed, name, [1, 2, 3, 4], provider: "hendrickx") == .done)
                    }
                    return 0
                }
                let served = try await group.reduce(0, +)
                #expect(served > 0)
            }
            #expect(try await bed.leases() == [])
        }
    }

    @Test("Names are unique whatever their case, within one location of one merchant (K12, I8)")
    func uniqueNames() async throws {
        try await AllocatorBed.with { bed async throws in
            #expect(try await put(bed, "Bar", [1]) == .done)
            #expect(try await put(bed, "BAR", [2]) == .nameTaken(by: "Bar"))
            #expect(try await put(bed, "BAR", [1], at: .namesake) == .done)
            #expect(try await put(bed, "Bar", [3], provider: "ba") == .nameTaken(by: "Bar"))
            #expect(try await read(bed).map(\.name) == ["Bar"])
            #expect(try await delete(bed, "BAR", by: nil, at: .namesake) == .done)
            #expect(try await read(bed).map(\.name) == ["Bar"])
        }
    }

    @Test("Use is shown per month of the location's zone (K9, K37)")
    func usage() async throws {
        try await AllocatorBed.with { bed async throws in
            try await bed.setClock("2026-03-31 22:30+00")
            #expect(try await put(bed, "Bar", [1, 2]) == .done)
            for _ in 0..<2 {
                let lease = try await bed.named(2)
                try await bed.pin(lease)
                try await bed.release(lease)
            }
            // In Brussels it is April already, in London it is not.
            #expect(try await read(bed, zone: "Europe/Brussels").first?.tables.map(\.usesThisMonth) == [0, 2])
            #expect(try await read(bed, zone: "Europe/Brussels").first?.tables.first?.lastUsedAt == nil)
            try await bed.setClock("2026-05-02 12:00+00")
            let later = try #require(try await read(bed, zone: "Europe/Brussels").first)
            #expect(later.tables.map(\.usesThisMonth) == [0, 0])
            #expect(later.tables.last?.lastUsedAt != nil)
        }
    }

    @Test(
        "The month of use is the zone's own on both sides of the date line (K9)",
        arguments: [
            ("Pacific/Auckland", "2026-09-30 11:30+00", "2026-10-01"),
            ("Pacific/Auckland", "2026-09-30 10:30+00", "2026-09-01"),
            ("Pacific/Honolulu", "2027-01-01 09:30+00", "2026-12-01"), ("UTC", "2026-12-31 23:59:59+00", "2026-12-01"),
            ("Europe/Brussels", "2026-10-31 22:59+00", "2026-10-01"),
            ("Europe/Brussels", "2026-10-31 23:01+00", "2026-11-01"),
        ]
    )
    func monthOfUse(zone: String, instant: String, month: String) async throws {
        try await AllocatorBed.with { bed async throws in
            try await bed.setClock(instant)
            #expect(try await put(bed, "Bar", [1]) == .done)
            let lease = try await bed.named(1)
            try await bed.pin(lease, timeZone: zone)
            #expect(try await bed.usage() == ["1/\(month)": 1])
            let table = try #require(try await read(bed, zone: zone).first?.tables.first)
            #expect(table.usesThisMonth == 1)
            #expect(table.lastUsedAt != nil)
        }
    }

    @Test(
        "A section that breaks rule K12 is refused, every field named",
        arguments: [
            ("Terrace", "vanhoutte", nil, ["name"]),
            ("Vanhoutte Terrace", "vanhoutte", String(repeating: "l", count: 11), ["label"]),
            (String(repeating: "n", count: 26), nil, "", ["name", "label"]),
            ("Bar", " ", nil, ["provider"]),
        ] as [(String, String?, String?, [String])]
    )
    func refusals(name: String, provider: String?, label: String?, fields: [String]) {
        let request = PutSectionRequest(
            merchantId: Place.first.merchant,
            locationId: Place.first.location,
            name: name,
            tables: [],
            provider: provider,
            label: label
        )
        #expect {
            try Section(request)
        } throws: { error in
            (error as? SectionError)?.rpcError.fields.map(\.field) == fields
        }
    }

    // MARK: -

    private func put(
        _ bed: AllocatorBed,
        _ name: String,
        _ tables: [Int],
        names: [Int: String] = [:],
        provider: String? = nil,
        label: String? = nil,
        at place: Place = .first
    ) async throws -> SectionChange {
        let request = PutSectionRequest(
            merchantId: place.merchant,
            locationId: place.location,
            name: name,
            tables: tables.map { SectionTable(tableNumber: $0, name: names[$0]) },
            provider: provider,
            label: label
        )
        return try await bed.sections.put(Section(request))
    }

    private func read(
        _ bed: AllocatorBed,
        zone: String = "UTC",
        at place: Place = .first
    ) async throws -> [SectionView] {
        try await bed.sections.sections(of: place.merchant, at: place.location, timeZone: zone)
    }

    private func read(_ bed: AllocatorBed, named name: String) async throws -> SectionView? {
        try await read(bed).first { $0.name == name }
    }

    private func delete(
        _ bed: AllocatorBed,
        _ name: String,
        by provider: String?,
        at place: Place = .first
    ) async throws -> SectionChange {
        try await bed.sections.delete(name, of: place.merchant, at: place.location, by: provider)
    }
}
