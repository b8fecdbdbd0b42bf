import Synchronization

/// Collects what handlers saw, in order.
final class Tally<Element: Sendable>: Sendable {
    private let seen = Mutex<[Element]>([])

    var all: [Element] { seen.withLock { $0 } }
    var count: Int { all.count }

    /// Notes one more and returns how many there are now.
    @discardableResult func note(_ element: Element) -> Int {
        seen.withLock { seen in
            seen.append(element)
            return seen.count
        }
    }
}

extension Tally where Element == Void {
    @discardableResult func note() -> Int { note(()) }
}

/// Returns when the task around it is cancelled, and never before.
func untilCancelled() async {
    for await _ in AsyncStream(Never.self, { _ in }) {}
}
