import Foundation

/// A thread that runs one actor's work, so that waiting for the database never occupies Swift's own threads.
///
/// The thread starts with the executor and ends when the executor is released, after the work it was given.
final class ConnectionThread: SerialExecutor {
    private let mailbox = Mailbox()

    init(name: String) {
        let mailbox = mailbox
        let thread = Thread {
            while let jobs = mailbox.next() {
                for (job, executor) in jobs {
                    job.runSynchronously(on: executor)
                }
            }
        }
        thread.name = name
        thread.stackSize = 512 * 1024
        thread.start()
    }

    deinit {
        mailbox.close()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        mailbox.put(UnownedJob(job), asUnownedSerialExecutor())
    }
}

/// The work a thread still has to do.
private final class Mailbox: @unchecked Sendable {  // everything mutable is touched only under `condition`
    typealias Work = (job: UnownedJob, executor: UnownedSerialExecutor)

    private let condition = NSCondition()
    private var work: [Work] = []
    private var isClosed = false

    func put(_ job: UnownedJob, _ executor: UnownedSerialExecutor) {
        condition.lock()
        work.append((job, executor))
        condition.signal()
        condition.unlock()
    }

    /// Waits for work; `nil` once there is none and never will be.
    func next() -> [Work]? {
        condition.lock()
        defer { condition.unlock() }
        while work.isEmpty, !isClosed {
            condition.wait()
        }
        defer { work.removeAll() }
        return work.isEmpty ? nil : work
    }

    func close() {
        condition.lock()
        isClosed = true
        condition.signal()
        condition.unlock()
    }
}
