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
    private let removals: RemovalStore
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
        removals = RemovalStore(pool: pool)
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
                    while let removal = try await removals.claim() { await remove(removal) }
                } catch {
                    logger.warning("Removals not looked at", metadata: ["error": "\(error)"])
                }
                await alarm.wait(atMost: interval)
            }
        }
    }

    private func remove(_ gone: Removal) async {
        do {
            try await menus.deleteEverything(gone.key)
            announce()
            try await deleteSections(of: gone)
            guard try await removals.finish(gone) else { return }
            logger.info(
                "What a deleted integration imported is gone",
                metadata: ["location": "\(gone.key.locationID)", "provider": "\(gone.provider)"]
            )
        } catch {
            logger.warning(
                "What a deleted integration imported is not gone yet",
                metadata: ["location": "\(gone.key.locationID)", "error": "\(error)"]
            )
            await putOff(gone)
        }
    }

    private func putOff(_ gone: Removal) async {
        do {
            try await removals.putOff(gone)
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
