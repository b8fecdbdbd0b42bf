import Contracts
import Foundation
import Logging
import Metrics
import RPC
import RPCClient
import Synchronization

/// Asks menu-sync and table-allocator what they know, for no longer than a guest's patience.
///
/// Reads only. A service that is away costs a warning in the answer, never the answer.
final class KnowledgeReader: Sendable {
    private let menuSync: RPCClient
    private let allocator: RPCClient
    /// How long either may take.
    let patience: Duration
    private let known: KnownTables
    private let logger: Logger
    /// Who did not answer when last asked.
    private let away = Mutex<Set<String>>([])

    /// How long a table that was there counts as there, without asking again.
    private static let freshness: TimeInterval = 10

    init(
        menuSync: RPCClient,
        allocator: RPCClient,
        patience: Duration,
        known: KnownTables = KnownTables(),
        logger: Logger
    ) {
        self.menuSync = menuSync
        self.allocator = allocator
        self.patience = patience
        self.known = known
        self.logger = logger
    }

    /// Whether the order's articles are on the menu, in stock, at their prices.
    func menu(_ question: MenuQuestion?, _ context: CallContext) async -> MenuKnowledge {
        guard let question else { return .notAsked }
        do {
            let answer = try await menuSync.call(
                MenuSyncV1.checkItems,
                question.request,
                context: context.limited(to: patience)
            )
            answered("menu-sync")
            return .answered(answer, to: question)
        } catch {
            failed("menu-sync", error)
            return .notAnswered
        }
    }

    /// Whether some section of the location has the table.
    func table(_ table: Int?, at key: LaneKey, _ context: CallContext) async -> TableKnowledge? {
        guard let table else { return nil }
        let before = known.tables(key)
        if let before, before.numbers.contains(table), -before.readAt.timeIntervalSinceNow < Self.freshness {
            return .has(asOf: before.readAt)
        }
        let asked = Date()
        do {
            let answer = try await allocator.call(
                TableAllocatorV1.listSections,
                ListSectionsRequest(merchantId: key.merchantID, locationId: key.locationID),
                context: context.limited(to: patience)
            )
            answered("table-allocator")
            let numbers = Set(answer.sections.flatMap { $0.tables.map(\.tableNumber) })
            known.learn(KnownTables.Tables(numbers: numbers, readAt: asked), of: key)
            guard !numbers.isEmpty else { return .noSections(asOf: asked) }
            return numbers.contains(table) ? .has(asOf: asked) : .hasNot(asOf: asked)
        } catch {
            failed("table-allocator", error)
            guard let before, before.numbers.contains(table) else { return .notAnswered(lastRead: before?.readAt) }
            return .has(asOf: before.readAt)
        }
    }

    // MARK: - Who is away

    private func answered(_ service: String) {
        guard away.withLock({ $0.remove(service) }) != nil else { return }
        logger.info("Service answers checks again", metadata: ["asked": "\(service)"])
    }

    /// Said once per outage, counted each time.
    private func failed(_ service: String, _ error: RPCError) {
        // Somebody who hung up says nothing of the service.
        guard error.code != .canceled else { return }
        Counter(label: "order_checks_unanswered_total", dimensions: [("asked", service)]).increment()
        guard away.withLock({ $0.insert(service).inserted }) else { return }
        logger.warning("Service does not answer checks", metadata: ["asked": "\(service)", "error": "\(error)"])
    }
}
