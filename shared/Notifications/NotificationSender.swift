import AsyncHTTPClient
import Contracts
import Foundation
package import Logging
import Metrics
package import Postgres
import ServiceLifecycle

/// Sends a service's notifications to those who subscribe, until a graceful stop.
///
/// Every replica does it; each delivery is one replica's at a time, by a lease. A notification is sent at least once: one
/// whose sender dies, or whose answer is lost, is sent again under the same `webhook-id`. Their order is not kept.
///
/// At its start it writes the subscribers into the outbox; from then on events are kept for them. It erases what is older
/// than the retention time.
package final class NotificationSender: Service {
    private let loops: [SubscriberLoop]
    private let store: DeliveryStore
    private let settings: NotificationSettings
    private let logger: Logger

    package init(pool: PostgresPool, settings: NotificationSettings, logger: Logger) {
        let store = DeliveryStore(pool: pool)
        self.store = store
        self.settings = settings
        self.logger = logger
        loops = settings.subscribers.map {
            SubscriberLoop($0, store: store, settings: settings, logger: logger)
        }
    }

    /// Says that something was committed that may be due now.
    ///
    /// Cheap, and never needed: what is due is looked for every `pollInterval` anyway.
    package func wake() {
        for loop in loops { loop.wake() }
    }

    package func run() async throws {
        let http = HTTPClient.forWebhooks()
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for loop in self.loops { group.addTask { await loop.run(http) } }
                group.addTask { await self.every(self.settings.pollInterval) { self.wake() } }
                group.addTask {
                    await self.untilDone(self.introduce)
                    await self.every(.seconds(30), self.measure)
                }
                group.addTask { await self.every(.seconds(600), self.eraseOld) }
            }
        } onGracefulShutdown: {
            for loop in self.loops { loop.stop() }
        }
        try await http.shutdown()
    }

    /// Makes the outbox keep events for these subscribers and no others.
    private func introduce() async throws {
        try await store.sync(settings.subscribers)
        logger.info("Subscribers known", metadata: ["subscribers": "\(settings.subscribers.map(\.name.rawValue))"])
    }

    private func measure() async throws {
        guard !settings.subscribers.isEmpty else { return }
        let backlog = try await store.backlog()
        for subscriber in settings.subscribers {
            let waiting = backlog.first { $0.subscriber == subscriber.name }
            let dimensions = [("subscriber", subscriber.name.rawValue)]
            Gauge(label: "notifications_pending", dimensions: dimensions).record(waiting?.pending ?? 0)
            Gauge(label: "notifications_oldest_pending_seconds", dimensions: dimensions)
                .record(waiting?.oldestSeconds ?? 0)
        }
    }

    private func eraseOld() async throws {
        let limit = 500
        var isMore = true
        while isMore {
            let erased = try await Notifications.erase(olderThan: settings.retention, limit: limit, in: store.pool)
            for (subscriber, missed) in erased.undelivered {
                Counter(label: "notifications_never_delivered_total", dimensions: [("subscriber", subscriber)])
                    .increment(by: missed)
                logger.warning(
                    "Notifications erased that were never delivered",
                    metadata: ["subscriber": "\(subscriber)", "deliveries": "\(missed)"]
                )
            }
            isMore = erased.events == limit
            try Task.checkCancellation()
        }
    }

    // MARK: - Chores

    private func untilDone(_ chore: @escaping @Sendable () async throws -> Void) async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    return try await chore()
                } catch {
                    self.logger.warning("Subscribers not written", metadata: ["error": "\(error)"])
                }
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func every(_ pause: Duration, _ chore: @escaping @Sendable () async throws -> Void) async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await chore()
                } catch is CancellationError {
                    return
                } catch {
                    self.logger.warning("Outbox not looked after", metadata: ["error": "\(error)"])
                }
                try? await Task.sleep(for: pause)
            }
        }
    }
}
