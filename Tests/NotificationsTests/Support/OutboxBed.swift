import Contracts
import Foundation
import Logging
import Postgres
import RPC
import Secrets
import ServiceLifecycle
import Synchronization
import TestBed

@testable import Notifications

/// A migrated outbox of its own for one test.
struct OutboxBed: Sendable {
    let pool: PostgresPool

    static let merchant = MerchantID(unchecked: "m1")
    static let otherMerchant = MerchantID(unchecked: "m2")
    static let location = LocationID(unchecked: "main")
    static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    var store: DeliveryStore { DeliveryStore(pool: pool) }

    /// Runs the body with an empty, migrated database.
    static func with(_ body: (OutboxBed) async throws -> Void) async throws {
        let url = try await PrivatePostgres.shared.freshDatabase(template: "notifications") { url in
            try await withPool(url) { pool in
                _ = try await Migrator([NotificationsSchema.migration(version: 1)]).apply(pool, schema: "outbox")
                try await pool.executeScript("CREATE TABLE changes (name text PRIMARY KEY)")
            }
        }
        try await withPool(url) { try await body(OutboxBed(pool: $0)) }
    }

    private static func withPool(_ url: Secret, _ body: (PostgresPool) async throws -> Void) async throws {
        let configuration = PostgresConfiguration(
            url: url,
            searchPath: "outbox",
            maxConnections: 8,
            acquireTimeout: .seconds(120),
            connectTimeout: .seconds(60),
            applicationName: "notifications-tests"
        )
        let pool = PostgresPool(configuration, logger: logger)
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(pool))
        } catch {
            result = .failure(error)
        }
        await pool.shutdown()
        try result.get()
    }

    static func subscriber(
        _ name: String = "kitchen",
        url: String = "http://127.0.0.1:9/",
        secrets: [String] = [secret],
        events: [String] = ["*"],
        merchants: Allowance<MerchantID> = .all
    ) -> Subscriber {
        Subscriber(
            name: SubscriberName(unchecked: name),
            url: Secret(url),
            secrets: secrets.compactMap(WebhookSecret.init),
            events: events,
            merchants: merchants
        )
    }

    static func event(_ number: Int = 1, merchant: MerchantID = merchant) -> MenuReloadEvent {
        MenuReloadEvent(merchantId: merchant, locationId: location, menuVersion: number, cause: .imported)
    }

    /// Adds an event that is told of with nothing else.
    func add(_ number: Int = 1, merchant: MerchantID = merchant) async throws {
        try await Notifications.add(
            Self.event(number, merchant: merchant),
            merchant: merchant,
            location: Self.location,
            in: pool
        )
    }

    func count(_ table: String) async throws -> Int {
        let row = try await pool.queryOne("SELECT count(*) AS n FROM \(identifier: table)")
        return try row?["n", as: Int.self] ?? 0
    }

    /// All deliveries of the sample's merchants, oldest first.
    func deliveries(_ merchants: [MerchantID] = [merchant, otherMerchant]) async throws -> [DeliveryView] {
        var found: [ListedDelivery] = []
        for merchant in merchants {
            found += try await store.list(DeliveryStore.Filter(merchant: merchant), after: nil, limit: 1000)
        }
        return found.sorted { ($0.seq, $0.view.subscriber.rawValue) < ($1.seq, $1.view.subscriber.rawValue) }.map(
            \.view
        )
    }

    /// Settings of tests: quick, and with no pause unless the test is about them.
    static func settings(
        _ subscribers: [Subscriber],
        pauses: [Duration] = [.milliseconds(10), .milliseconds(10)],
        timeout: Duration = .seconds(60),
        concurrency: Int = 4
    ) -> NotificationSettings {
        NotificationSettings(
            subscribers: subscribers,
            pauses: pauses,
            timeout: timeout,
            concurrency: concurrency,
            pollInterval: .milliseconds(20)
        )
    }

    /// Runs the body while a sender runs, and stops it gracefully.
    ///
    /// The subscribers are known before the body begins.
    func sending(
        _ settings: NotificationSettings,
        logger: Logger = logger,
        _ body: (NotificationSender) async throws -> Void
    ) async throws {
        try await store.sync(settings.subscribers)
        let sender = NotificationSender(pool: pool, settings: settings, logger: logger)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: [.init(service: sender)], logger: Self.logger)
        )
        let running = Task { try await group.run() }
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(sender))
        } catch {
            result = .failure(error)
        }
        await group.triggerGracefulShutdown()
        try await running.value
        try result.get()
    }
}

/// Every line that was logged, with its metadata, at whatever level.
final class CapturedLogs: Sendable {
    private let taken = Mutex<[String]>([])

    var lines: [String] { taken.withLock { $0 } }

    /// A logger that writes here and nowhere else.
    var logger: Logger {
        Logger(label: "test") { _ in Handler(logs: self) }
    }

    private struct Handler: LogHandler {
        let logs: CapturedLogs
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }
            logs.taken.withLock { $0.append("\(event.level) \(event.message) \(all)") }
        }
    }
}
