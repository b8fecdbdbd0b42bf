import Contracts
import Foundation
import Logging
import RPC
import RPCClient

/// What an import asks of the gateways and of the allocator.
///
/// Nothing here is called while a transaction is open: a register may take minutes.
struct RegisterDesk: Sendable {
    let gateways: [String: RPCClient]
    let allocator: RPCClient

    /// Reads the register's whole catalogue, part by part; each is taken before the next is asked for.
    ///
    /// Throws ``SyncError/catalogCut`` where the stream ended before the catalogue did.
    func readCatalog(
        _ record: ImportRecord,
        limit: Duration,
        logger: Logger,
        take: (CatalogPart) async throws -> Void
    ) async throws -> CatalogSummary {
        let parts = try gateway(record.gateway).stream(
            PosGatewayV1.readCatalog,
            LocationRequest(merchantId: record.key.merchantID, locationId: record.key.locationID),
            context: .background(timeout: limit, logger: logger)
        )
        var summary: CatalogSummary?
        for try await part in parts {
            try await take(part)
            summary = part.summary ?? summary
        }
        guard let summary else { throw SyncError.catalogCut }
        return summary
    }

    /// The register's tables, as the allocator takes them (rule K22).
    func readTables(_ record: ImportRecord, logger: Logger) async throws -> BroughtTables {
        let listed = try await gateway(record.gateway).call(
            PosGatewayV1.listTables,
            LocationRequest(merchantId: record.key.merchantID, locationId: record.key.locationID),
            context: .background(timeout: .seconds(80), logger: logger)
        ).tables
        return BroughtTables(listed)
    }

    /// Puts tables into the location's section.
    ///
    /// Sections of the provider with another name are those the section had before: they go once their tables have moved.
    func put(_ tables: BroughtTables, _ record: ImportRecord, into section: String, logger: Logger) async throws {
        let key = record.key
        let context = CallContext.background(timeout: .seconds(30), logger: logger)
        _ = try await allocator.call(
            TableAllocatorV1.putSection,
            PutSectionRequest(
                merchantId: key.merchantID,
                locationId: key.locationID,
                name: section,
                tables: tables.tables,
                provider: record.provider
            ),
            context: context
        )
        let sections = try await allocator.call(
            TableAllocatorV1.listSections,
            ListSectionsRequest(merchantId: key.merchantID, locationId: key.locationID),
            context: context
        ).sections
        for old in sections where old.provider == record.provider && old.name != section {
            _ = try await allocator.call(
                TableAllocatorV1.deleteSection,
                SectionRequest(
                    merchantId: key.merchantID,
                    locationId: key.locationID,
                    name: old.name,
                    provider: record.provider
                ),
                context: context
            )
        }
    }

    /// What is left of the articles that the register counts (rule K27).
    func readStock(
        _ key: MenuKey,
        _ gatewayName: String,
        threshold: Int?,
        context: CallContext
    ) async throws -> ReadStockResponse {
        try await gateway(gatewayName).call(
            PosGatewayV1.readStock,
            ReadStockRequest(merchantId: key.merchantID, locationId: key.locationID, threshold: threshold),
            context: context
        )
    }

    private func gateway(_ name: String) throws(SyncError) -> RPCClient {
        guard let client = gateways[name] else { throw .unknownGateway(name) }
        return client
    }
}

/// A register's tables as the allocator takes them (rule K12).
struct BroughtTables: Sendable {
    private(set) var tables: [SectionTable] = []
    private(set) var notices: [CatalogNotice] = []

    /// The allocator takes no more, nor longer names.
    private static let most = 2000
    private static let longestName = 20

    init(_ listed: [RegisterTable]) {
        var seen: Set<Int> = []
        for table in listed {
            if table.tableNumber < 1 {
                notices.append(
                    CatalogNotice(.skipped, "Table \(table.tableNumber) was left out: its number is below 1.")
                )
            } else if !seen.insert(table.tableNumber).inserted {
                notices.append(
                    CatalogNotice(.skipped, "Table \(table.tableNumber) is listed twice; the first is kept.")
                )
            } else if tables.count == Self.most {
                notices.append(CatalogNotice(.skipped, "Table \(table.tableNumber) was left out: there are over 2000."))
            } else {
                tables.append(SectionTable(tableNumber: table.tableNumber, name: name(of: table)))
            }
        }
    }

    private mutating func name(of table: RegisterTable) -> String? {
        let readable = table.name.unicodeScalars.filter { $0.properties.generalCategory != .control }
        let text = String(String.UnicodeScalarView(readable)).trimmingCharacters(in: .whitespaces)
        guard !text.isEmpty, text != "\(table.tableNumber)" else { return nil }
        guard text.unicodeScalars.count > Self.longestName else { return text }
        let short = String(String.UnicodeScalarView(text.unicodeScalars.prefix(Self.longestName)))
            .trimmingCharacters(in: .whitespaces)
        notices.append(
            CatalogNotice(.adjusted, "The name of table \(table.tableNumber), \(text.prefix(60)), was cut to \(short).")
        )
        return short
    }
}
