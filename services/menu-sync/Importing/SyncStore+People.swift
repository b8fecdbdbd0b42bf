import Contracts
import Foundation
import Postgres
import RPC

/// What people see of imports, and decide about their plans.
extension SyncStore {
    /// An import of a merchant; `nil` where the merchant has no such.
    func find(_ merchant: MerchantID, _ sync: UUID) async throws -> ImportRecord? {
        try await pool.queryOne(
            """
            SELECT \(unescaped: ImportRecord.columns)
            FROM syncs
            WHERE sync_id = \(sync) AND merchant_id = \(merchant)
            """
        ).map(ImportRecord.init)
    }

    /// A page of a location's imports, newest first.
    func list(_ key: MenuKey, after cursor: SyncCursor?, limit: Int) async throws -> [ImportRecord] {
        var condition: Query = "merchant_id = \(key.merchantID) AND location_id = \(key.locationID)"
        if let cursor {
            condition = "\(condition) AND (requested_at, sync_id) < (\(cursor.requestedAt), \(cursor.sync))"
        }
        return try await pool.query(
            """
            SELECT \(unescaped: ImportRecord.columns)
            FROM syncs
            WHERE \(condition)
            ORDER BY requested_at DESC, sync_id DESC
            LIMIT \(limit)
            """
        ).map(ImportRecord.init)
    }

    /// The revisions of imports; those that are not the merchant's are left out.
    func revisions(_ syncs: [(merchant: MerchantID, sync: UUID)]) async throws -> [UUID: Int] {
        let rows = try await pool.query(
            """
            SELECT s.sync_id, s.revision
            FROM unnest(\(syncs.map(\.merchant.rawValue)), \(syncs.map(\.sync.uuidString)))
                AS watched (merchant_id, sync_id)
            JOIN syncs s ON s.sync_id = watched.sync_id::uuid AND s.merchant_id = watched.merchant_id
            """
        )
        return try rows.reduce(into: [:]) { revisions, row in
            revisions[try row["sync_id", as: UUID.self]] = try row["revision", as: Int.self]
        }
    }

    /// Sends a plan that waits for a person on its way to the menu.
    func approve(_ merchant: MerchantID, _ sync: UUID, _ approval: Approval) async throws -> ImportRecord {
        try await deciding(merchant, sync) { record, transaction in
            guard record.state == .held || record.state == .planned else {
                throw SyncError.noPlanToApprove(record.state)
            }
            var record = record
            record.change(.displayGroups) {
                $0.state = .known(.waiting)
                $0.endedAt = nil
            }
            let row = try await transaction.queryOne(
                """
                UPDATE syncs
                SET state = 'in_progress', plan_only = false, step = 'apply', approval = \(JSON(approval)),
                    stages = \(JSON(record.stages)), reason = NULL, message = \(SyncWords.approved(by: approval.actor)),
                    failures = 0, takeovers = 0, run_at = now(), tell_at = now(), revision = revision + 1
                WHERE sync_id = \(sync)
                RETURNING \(unescaped: ImportRecord.columns)
                """
            )
            guard let row else { throw SyncError.unknownSync }
            return try ImportRecord(row)
        }
    }

    /// Dismisses a plan that waits for a person; a plan that was dismissed already stays so.
    func discard(_ merchant: MerchantID, _ sync: UUID, actor: String) async throws -> ImportRecord {
        try await deciding(merchant, sync) { record, transaction in
            if record.state == .discarded { return record }
            guard record.state == .held || record.state == .planned else {
                throw SyncError.noPlanToApprove(record.state)
            }
            let row = try await transaction.queryOne(
                """
                UPDATE syncs
                SET state = 'discarded', reason = 'dismissed', message = \(SyncWords.dismissed(by: actor)),
                    ended_at = now(), tell_at = now(), revision = revision + 1
                WHERE sync_id = \(sync)
                RETURNING \(unescaped: ImportRecord.columns)
                """
            )
            guard let row else { throw SyncError.unknownSync }
            return try ImportRecord(row)
        }
    }

    /// Runs a person's decision under the lock of the location, which every beginning of an import takes too.
    private func deciding(
        _ merchant: MerchantID,
        _ sync: UUID,
        _ decide: @Sendable (ImportRecord, PostgresTransaction) async throws -> ImportRecord
    ) async throws -> ImportRecord {
        guard let found = try await find(merchant, sync) else { throw SyncError.unknownSync }
        return try await pool.transaction { transaction in
            _ = try await LocationStore.lock(found.key, in: transaction)
            let row = try await transaction.queryOne(
                """
                SELECT \(unescaped: ImportRecord.columns)
                FROM syncs
                WHERE sync_id = \(sync) AND merchant_id = \(merchant)
                FOR UPDATE
                """
            )
            guard let row else { throw SyncError.unknownSync }
            return try await decide(try ImportRecord(row), transaction)
        }
    }

    /// When a location's last import that succeeded ended.
    func lastSuccess(_ key: MenuKey) async throws -> Date? {
        try await pool.queryOne(
            """
            SELECT max(ended_at) AS at
            FROM syncs
            WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID) AND state = 'succeeded'
            """
        ).flatMap { try $0["at", as: Date?.self] }
    }
}

/// Where a page of imports ended.
struct SyncCursor: Sendable, Equatable {
    var requestedAt: Date
    var sync: UUID

    init(requestedAt: Date, sync: UUID) {
        self.requestedAt = requestedAt
        self.sync = sync
    }

    /// `nil` where the text is no cursor of ours.
    init?(_ text: String) {
        guard let data = Data(base64Encoded: text) else { return nil }
        let parts = String(decoding: data, as: UTF8.self).split(separator: ":")
        guard parts.count == 2, let microseconds = Int(parts[0]), Self.range.contains(microseconds),
            let id = UUID(uuidString: String(parts[1]))
        else { return nil }
        self.init(requestedAt: Date(timeIntervalSince1970: Double(microseconds) / 1_000_000), sync: id)
    }

    var text: String {
        let microseconds = Int((requestedAt.timeIntervalSince1970 * 1_000_000).rounded())
        return Data("\(microseconds):\(sync.uuidString)".utf8).base64EncodedString()
    }

    /// From 1970 to the year 5138.
    private static let range = 0...100_000_000_000_000_000
}
