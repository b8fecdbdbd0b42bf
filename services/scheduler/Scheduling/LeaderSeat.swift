import Foundation
import Logging
import Postgres

/// Which replica plans.
///
/// The seat is a session-level advisory lock that every replica tries to take and PostgreSQL frees the moment its holder
/// dies, so the next one sits there within a second. One that is stopped, or cut off from the network, loses it after a
/// silence of 15 s. The seat only saves work: what decides is the unique row of each run, so two planners at once, which
/// the lock cannot rule out in every failure, would plan the same runs and make each once.
struct LeaderSeat: Sendable {
    let lock: InstanceLock

    init(_ configuration: PostgresConfiguration, logger: Logger) {
        // One name for all replicas, so that they meet: ordinarily each instance has one of its own. Those that stand in
        // line find the lock taken again and again, which is no news.
        lock = InstanceLock(
            configuration,
            namespace: "scheduler-leader",
            instance: Self.everybody,
            longestSilence: .seconds(15),
            logger: logger
        )
    }

    private static let everybody = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))

    var isOurs: Bool {
        if case .held = lock.state { true } else { false }
    }
}
