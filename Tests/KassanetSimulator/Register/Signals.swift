/// Something that a test waits for instead of sleeping.
enum Signal: Sendable, Hashable {
    case effect(LedgerEntry.Effect)
    /// A request to an endpoint, whatever became of it; nil for any endpoint.
    case request(endpoint: String?)
}

/// What a test waited for did not happen in time.
package struct SignalTimeout: Error, CustomStringConvertible {
    package let description: String
}

/// Those who wait for a signal to have been given so many times.
struct SignalWaiters {
    private struct Waiter {
        let signal: Signal
        let count: Int
        let continuation: CheckedContinuation<Bool, Never>
    }

    private var waiters: [Int: Waiter] = [:]
    private var nextID = 0

    mutating func reserve() -> Int {
        nextID += 1
        return nextID
    }

    mutating func add(_ id: Int, _ signal: Signal, count: Int, _ continuation: CheckedContinuation<Bool, Never>) {
        waiters[id] = Waiter(signal: signal, count: count, continuation: continuation)
    }

    /// Lets go everyone whose signal `counted` says was given often enough.
    mutating func release(counted: (Signal) -> Int) {
        for (id, waiter) in waiters where counted(waiter.signal) >= waiter.count {
            waiters[id] = nil
            waiter.continuation.resume(returning: true)
        }
    }

    /// Lets one waiter go with empty hands; nothing happens when it was let go before.
    mutating func giveUp(_ id: Int) {
        waiters.removeValue(forKey: id)?.continuation.resume(returning: false)
    }

    mutating func giveUpAll() {
        for id in Array(waiters.keys) { giveUp(id) }
    }
}
