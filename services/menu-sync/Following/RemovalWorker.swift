import Contracts
import Foundation
import Logging
import Postgres
import RPC
import RPCClient
import ServiceKit
import ServiceLifecycle

/// Takes away what deleted integrations imported: menu, stock, imports' plans, and sections (rule K5).
///
/// Each is tried until everything is gone, by whichever replica comes first; orders are not here and stay.
final class RemovalWorker: Service {
    private let pool: PostgresPool
    private let menus: MenuStore
    private let allocator: RPCClient
    private let interval: Duration
    private let announce: @Sendable () -> Void
    private let logger: Logger
    private let alarm = Alarm()

    init(
        pool: PostgresPool,
        menus: MenuStore,
        allocator: RPCClient,
        interval: Duration = .seconds(1),
        announce: @escaping @Sendable () -> Void = {},
        logger: Logger
    ) {
        self.pool = pool
        self.menus = menus
        self.allocator = allocator
        self.interval = interval
        self.announce = announce
        self.logger = logger
    }

    /// Looks for work now.
    func wake() { alarm.ring() }

    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                do {
                    while let removal = try await claim() { await remove(removal) }
                } catch {
                    logger.warning("Removals not looked at", metadata: ["error": "\(error)"])
                }
                await alarm.wait(atMost: interval)
            }
        }
    }

    private struct Removal {
        var key: MenuKey
        var provider: String
        var askedAt: Date
        var failures: Int
    }

    /// Takes a removal for two minutes; whoever vanishes meanwhile is replaced then.
    private func claim() async throws -> Removal? {
        try await pool.queryOne(
            """
            UPDATE removals r SET run_at = now() + interval '2 minutes', failures = r.failures + 1
            FROM (
                SELECT merchant_id, location_id, provider FROM removals
                WHERE run_at <= now()
                ORDER BY run_at
                LIMIT 1
                FOR UPDATE SKIP LOCKED
            ) due
            WHERE r.merchant_id = due.merchant_id AND r.location_id = due.location_id AND r.provider = due.provider
            RETURNING r.merchant_id, r.location_id, r.provider, r.asked_at, r.failures
            """
        ).map { row in
            Removal(
                key: MenuKey(merchantID: try row["merchant_id"], locationID: try row["location_id"]),
                provider: try row["provider"],
                askedAt: try row["asked_at"],
                failures: try row["failures"]
            )
        }
    }

    private func remove(_ gone: Removal) async {
        do {
            try await menus.deleteEverything(gone.key)
            announce()
            try await deleteSections(of: gone)
            try await finish(gone)
        } catch {
            logger.warning(
                "What a deleted integration imported is not gone yet",
                metadata: ["location": "\(gone.key.locationID)", "error": "\(error)"]
            )
            await putOff(gone)
        }
    }

    /// Everything is gone; where a worker may still bring something, it is looked at again when none can.
    private func finish(_ gone: Removal) async throws {
        let again = try await pool.execute(
            """
            UPDATE removals SET run_at = again_at, again_at = NULL, failures = 0
            WHERE merchant_id = \(gone.key.merchantID) AND location_id = \(gone.key.locationID)
                AND provider = \(gone.provider) AND asked_at = \(gone.askedAt) AND again_at > now()
            """
        )
        guard again == 0 else { return }
        try await pool.execute(
            """
            DELETE FROM removals
            WHERE merchant_id = \(gone.key.merchantID) AND location_id = \(gone.key.locationID)
                AND provider = \(gone.provider) AND asked_at = \(gone.askedAt)
            """
        )
        logger.info(
            "What a deleted integration imported is gone",
            metadata: ["location": "\(gone.key.locationID)", "provider": "\(gone.provider)"]
        )
    }

    private func putOff(_ gone: Removal) async {
        let seconds = min(60, 1 << min(gone.failures, 6))
        do {
            try await pool.execute(
                """
                UPDATE removals SET run_at = now() + \("\(seconds) seconds")::interval
                WHERE merchant_id = \(gone.key.merchantID) AND location_id = \(gone.key.locationID)
                    AND provider = \(gone.provider) AND asked_at = \(gone.askedAt)
                """
            )
        } catch {
            // It is due again by itself after two minutes.
            logger.warning("Removal not put off", metadata: ["error": "\(error)"])
        }
    }

    private func deleteSections(of gone: Removal) async throws {
        let context = CallContext.background(timeout: .seconds(20), logger: logger)
        let sections = try await allocator.call(
            TableAllocatorV1.listSections,
            ListSectionsRequest(merchantId: gone.key.merchantID, locationId: gone.key.locationID),
            context: context
        ).sections
        for section in sections where section.provider == gone.provider {
            _ = try await allocator.call(
                TableAllocatorV1.deleteSection,
                SectionRequest(
                    merchantId: gone.key.merchantID,
                    locationId: gone.key.locationID,
                    name: section.name,
                    provider: gone.provider
                ),
                context: context
            )
        }
    }
}
