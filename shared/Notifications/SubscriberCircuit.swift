/// How much a subscriber is sent at a time: as many as it takes while it takes them, one by one after failures.
///
/// A subscriber that fails is left alone for a while between two attempts, longer with each, up to half a minute. So one
/// that is down costs little, however much waits for it, and what waits does not use up its attempts.
struct SubscriberCircuit: Sendable {
    private let concurrency: Int
    private(set) var inFlight = 0
    /// How many attempts in a row came to nothing.
    private(set) var failures = 0
    private var restsUntil: ContinuousClock.Instant?

    init(concurrency: Int) {
        self.concurrency = concurrency
    }

    /// From so many failures in a row on, a subscriber is tried singly.
    static let patience = 3

    var isOpen: Bool { failures >= Self.patience }

    /// How many more attempts may begin now.
    func room(at now: ContinuousClock.Instant = .now) -> Int {
        guard isOpen else { return max(0, concurrency - inFlight) }
        if let restsUntil, now < restsUntil { return 0 }
        return inFlight == 0 ? 1 : 0
    }

    mutating func began(_ attempts: Int) { inFlight += attempts }

    /// Takes note of an attempt's end.
    ///
    /// - Returns: What that changed for the subscriber as a whole.
    mutating func ended(
        taken: Bool,
        jitter: Double = .random(in: 0.8...1.2),
        at now: ContinuousClock.Instant = .now
    )
        -> Change
    {
        inFlight -= 1
        let wasOpen = isOpen
        guard !taken else {
            (failures, restsUntil) = (0, nil)
            return wasOpen ? .recovered : .none
        }
        failures += 1
        guard isOpen else { return .none }
        let rest = min(30, Double(1 << min(failures - Self.patience, 5)))
        restsUntil = now + .seconds(rest * jitter)
        return wasOpen ? .none : .opened
    }

    /// An attempt ended of which nothing is known.
    mutating func brokeOff() { inFlight -= 1 }

    enum Change: Sendable, Equatable {
        case none
        /// It is tried singly from now on.
        case opened
        /// It takes notifications again.
        case recovered
    }
}
