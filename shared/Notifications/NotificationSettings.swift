import Contracts
package import ServiceKit

/// Who is told of a service's events, and how persistently.
///
/// The settings have the same names in every service that sends notifications.
package struct NotificationSettings: Sendable {
    package var subscribers: [Subscriber]
    /// How long to wait after each attempt that came to nothing; after the last one it is given up.
    package var pauses: [Duration]
    /// How long one attempt may take.
    package var timeout: Duration
    /// How many notifications one subscriber gets at a time, from one process.
    package var concurrency: Int
    /// How often what is due is looked for.
    package var pollInterval: Duration
    /// How long events and their deliveries are kept.
    package var retention: Duration

    package init(
        subscribers: [Subscriber] = [],
        pauses: [Duration] = Self.usualPauses,
        timeout: Duration = .seconds(10),
        concurrency: Int = 4,
        pollInterval: Duration = .seconds(1),
        retention: Duration = .seconds(30 * 86_400)
    ) {
        self.subscribers = subscribers
        self.pauses = pauses
        self.timeout = timeout
        self.concurrency = concurrency
        self.pollInterval = pollInterval
        self.retention = retention
    }

    /// Ten attempts within two days.
    package static let usualPauses: [Duration] = [5, 30, 120, 600, 3600, 10_800, 21_600, 43_200, 86_400].map {
        .seconds($0)
    }

    package init(_ settings: SettingsReader) {
        let usual = Self()
        let json = settings.optionalSecret(
            "subscribers",
            """
            Who is told of events, by signed webhooks: a JSON array of {"name", "url", "secrets", "events", "merchants"}; a \
            secret is whsec_ and base64, "*" in a list means all. The same in every service.
            """
        )
        var subscribers: [Subscriber] = []
        do {
            if let json { subscribers = try Subscriber.list(json: json) }
        } catch {
            settings.refuse("SUBSCRIBERS \(error).")
        }
        self.subscribers = subscribers
        pauses =
            settings.parsed(
                "notification.pauses",
                default: "5s,30s,2m,10m,1h,3h,6h,12h,24h",
                "How long to wait after each attempt at a notification that came to nothing; after the last it is given up."
            ) { text throws(Unacceptable) in
                let pauses = text.split(separator: ",").map { Duration(settingText: String($0)) }
                let known = pauses.compactMap { $0 }
                guard (1...50).contains(pauses.count), known.count == pauses.count else {
                    throw Unacceptable("1 to 50 times such as 5s,30s,2m,1h")
                }
                return known
            } ?? usual.pauses
        timeout = settings.duration(
            "notification.timeout",
            default: usual.timeout,
            "How long a subscriber may take to answer."
        )
        concurrency = settings.integer(
            "notification.concurrency",
            default: usual.concurrency,
            in: 1...64,
            "How many notifications one subscriber gets at a time from this process."
        )
        pollInterval = settings.duration(
            "notification.poll.interval",
            default: usual.pollInterval,
            "How often notifications that are due are looked for; being woken is quicker, this is the truth."
        )
        retention =
            settings.parsed(
                "notification.retention",
                default: "720h",
                "How long notifications and their deliveries are kept; longer than they are tried."
            ) { text throws(Unacceptable) in
                guard let retention = Duration(settingText: text) else { throw Unacceptable("a time such as 720h") }
                return retention
            } ?? usual.retention
        if pauses.reduce(.zero, +) * 1.2 > retention {
            settings.refuse(
                "NOTIFICATION_RETENTION must be longer than all NOTIFICATION_PAUSES together, and a fifth more."
            )
        }
        if timeout < .milliseconds(100) || timeout > .seconds(25) {
            // An attempt under way is finished at the end of a process, which takes at most 30 s.
            settings.refuse("NOTIFICATION_TIMEOUT must be 100ms to 25s.")
        }
        if pollInterval < .milliseconds(10) { settings.refuse("NOTIFICATION_POLL_INTERVAL must be at least 10ms.") }
    }
}
