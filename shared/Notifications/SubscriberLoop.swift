import AsyncHTTPClient
import Contracts
import Foundation
import Logging
import Metrics
import RPC
import Synchronization

/// Sends one subscriber what it is to be told, and knows of no other subscriber: a slow one holds up nobody else.
final class SubscriberLoop: Sendable {
    private let subscriber: Subscriber
    private let store: DeliveryStore
    private let settings: NotificationSettings
    private let logger: Logger
    private let circuit: Mutex<SubscriberCircuit>
    private let isStopped = Atomic(false)
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    init(_ subscriber: Subscriber, store: DeliveryStore, settings: NotificationSettings, logger: Logger) {
        self.subscriber = subscriber
        self.store = store
        self.settings = settings
        var logger = logger
        logger[metadataKey: "subscriber"] = "\(subscriber.name)"
        self.logger = logger
        circuit = Mutex(SubscriberCircuit(concurrency: settings.concurrency))
        (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Looks for what is due now.
    func wake() { signal.yield() }

    /// Begins no more attempts; those under way are finished.
    func stop() {
        isStopped.store(true, ordering: .releasing)
        signal.finish()
    }

    /// Sends until it is stopped.
    func run(_ http: HTTPClient) async {
        let post = WebhookPost(http: http, timeout: settings.timeout)
        await withDiscardingTaskGroup { group in
            for await _ in signals {
                do {
                    for delivery in try await claim() {
                        group.addTask { await self.attempt(delivery, post) }
                    }
                } catch is CancellationError {
                    return
                } catch {
                    logger.warning("Due notifications not looked for", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    private func claim() async throws -> [DeliveryStore.Claimed] {
        let room = circuit.withLock { $0.room() }
        // A signal may still be on its way when the loop is stopped.
        guard room > 0, !isStopped.load(ordering: .acquiring) else { return [] }
        // Long enough to hear of the answer and to store it; whoever is killed meanwhile loses it to another.
        let claimed = try await store.claim(subscriber, limit: room, lease: settings.timeout + Self.leaseMargin)
        circuit.withLock { $0.began(claimed.count) }
        return claimed
    }

    private static let leaseMargin = Duration.seconds(10)

    private func attempt(_ delivery: DeliveryStore.Claimed, _ post: WebhookPost) async {
        // What is due next follows as soon as there is room for it.
        defer { signal.yield() }
        let (start, date) = (ContinuousClock.now, Date())
        let answer = await post.post(delivery, to: subscriber)
        guard answer.verdict != .brokenOff else { return circuit.withLock { $0.brokeOff() } }
        let ending = ending(
            answer,
            of: delivery,
            DeliveryLogEntry(
                at: date,
                status: answer.status,
                error: answer.error,
                durationMs: Int(start.duration(to: .now).milliseconds)
            )
        )
        do {
            if try await !store.end(delivery, of: subscriber, ending) {
                logger.warning("Notification was tried by another meanwhile", metadata: metadata(delivery))
            }
        } catch {
            // It is sent again when the lease is over: the subscriber knows it by its id.
            logger.warning("Notification's end not stored", metadata: metadata(delivery, ["error": "\(error)"]))
        }
        tell(ending, of: delivery)
        notice(circuit.withLock { $0.ended(taken: answer.verdict != .notTaken) }, ending)
    }

    private func ending(
        _ answer: WebhookPost.Answer,
        of delivery: DeliveryStore.Claimed,
        _ entry: DeliveryLogEntry
    ) -> DeliveryStore.Ending {
        switch answer.verdict {
        case .taken: return DeliveryStore.Ending(state: .delivered, pause: .zero, entry: entry)
        case .gone: return DeliveryStore.Ending(state: .gaveUp, pause: .zero, entry: entry)
        case .notTaken, .brokenOff:
            guard delivery.failures < settings.pauses.count else {
                return DeliveryStore.Ending(state: .gaveUp, pause: .zero, entry: entry)
            }
            // So that what failed together does not come back together.
            let pause = settings.pauses[delivery.failures] * Double.random(in: 0.8...1.2)
            return DeliveryStore.Ending(state: .pending, pause: max(pause, answer.retryAfter ?? .zero), entry: entry)
        }
    }

    private func tell(_ ending: DeliveryStore.Ending, of delivery: DeliveryStore.Claimed) {
        let outcome =
            switch ending.state {
            case .delivered: "delivered"
            case .gaveUp: "gave_up"
            case .pending: "failed"
            }
        Counter(
            label: "notification_attempts_total",
            dimensions: [("subscriber", subscriber.name.rawValue), ("outcome", outcome)]
        ).increment()
        let facts: Logger.Metadata = [
            "attempt": "\(delivery.attempt)", "status": ending.entry.status.map { "\($0)" } ?? "",
            "error": ending.entry.error.map { "\($0)" } ?? "",
        ]
        switch ending.state {
        case .delivered: logger.debug("Notification delivered", metadata: metadata(delivery, facts))
        case .pending: logger.info("Notification not taken", metadata: metadata(delivery, facts))
        case .gaveUp: logger.warning("Notification given up", metadata: metadata(delivery, facts))
        }
    }

    private func notice(_ change: SubscriberCircuit.Change, _ ending: DeliveryStore.Ending) {
        switch change {
        case .none: break
        case .opened:
            logger.warning(
                "Subscriber takes no notifications",
                metadata: ["error": ending.entry.error.map { "\($0)" } ?? ""]
            )
        case .recovered: logger.notice("Subscriber takes notifications again")
        }
    }

    private func metadata(_ delivery: DeliveryStore.Claimed, _ more: Logger.Metadata = [:]) -> Logger.Metadata {
        more.merging(["event": "\(delivery.eventID.uuidString.lowercased())"]) { $1 }
    }
}
