import Contracts
import RPC
import Testing

@testable import TableAllocator
@testable import TableAllocatorStorage

/// Sections of a location and their tables (rule K12).
@Suite(.timeLimit(.minutes(2))) struct SectionTests {
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

    private func delete(
        _ bed: AllocatorBed,
        _ name: String,
        by provider: String?,
        at place: Place = .first
    ) async throws -> SectionChange {
        try await bed.sections.delete(name, of: place.merchant, at: place.location, by: provider)
    }
}
