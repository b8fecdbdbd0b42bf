import Foundation

/// Runs work that waits, for a socket or a process, on a thread of its own.
///
/// Swift has as many threads as the machine has cores, and a test process also runs register simulators and whole services on
/// them. What keeps one of them holds those up until limits pass that are under test.
package func onOwnThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        Thread { continuation.resume(returning: body()) }.start()
    }
}

/// Runs work that computes for seconds on a thread of its own, after everything else that the machine has to do.
///
/// It keeps none of Swift's threads, as ``onOwnThread(_:)``. The body is not part of the test's task: it returns what it
/// found, and the test records it.
package func computing<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await onOwnThread {
        #if os(Linux)
        // Of this thread alone; elsewhere it would be that of the process.
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
        #endif
        return body()
    }
}
