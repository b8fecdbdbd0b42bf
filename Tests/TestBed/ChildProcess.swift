package import Foundation
import Synchronization

/// A program started for a test or the demo, with its output in a file.
///
/// It never outlives this process, however this process ends: a guardian shell waits for the end of a pipe that only this
/// process holds open, and then signals the child. The child's process id is the program's own, so signals reach it and
/// nothing in between.
package final class ChildProcess: Sendable {
    package enum Exit: Sendable, Hashable {
        case status(Int)
        case signal(Int)
    }

    /// What the guardian does to a child whose parent is gone.
    struct Guardian {
        var signal = "KILL"
        /// A folder to delete when this process ended first, after the child.
        var removes: URL?
    }

    private struct Shared {
        var exit: Exit?
        var waiters: [CheckedContinuation<Exit, Never>] = []
    }

    package let name: String
    package let processID: Int32
    /// Standard output and standard error, as they were written.
    package let output: URL
    private let guardianPipe: Int32
    private let shared = Mutex(Shared())

    /// Starts a program.
    ///
    /// `environment` is its whole environment, by default this process's. Its output is appended to the file `output`, by
    /// default one of its own below the run folder.
    ///
    /// - Throws: ``TestBedError`` when there is no such program or it cannot be started.
    package static func start(
        _ executable: URL,
        _ arguments: [String] = [],
        environment: [String: String]? = nil,
        output: URL? = nil
    ) throws -> ChildProcess {
        try ChildProcess(executable, arguments, environment: environment, output: output, guardian: Guardian())
    }

    init(
        _ executable: URL,
        _ arguments: [String],
        environment: [String: String]?,
        output: URL?,
        guardian: Guardian
    ) throws {
        guard FileManager.default.isExecutableFile(atPath: executable.path) else {
            throw TestBedError("There is no program at \(executable.path).")
        }
        name = executable.lastPathComponent
        self.output = try output ?? Self.newOutputFile(for: executable.lastPathComponent)
        let spawned = try Spawn.start(
            ["/bin/sh", "-c", Self.wrapper(guardian), "sh", executable.path] + arguments,
            environment: environment ?? ProcessInfo.processInfo.environment,
            output: self.output
        )
        processID = spawned.processID
        guardianPipe = spawned.guardianPipe
        let thread = Thread { self.reap() }
        thread.name = "wait-\(name)"
        thread.start()
    }

    /// The shell becomes the program; the guardian, forked off twice to be nobody's child, waits on descriptor 3.
    private static func wrapper(_ guardian: Guardian) -> String {
        let remove = guardian.removes.map { folder in
            """
            n=0; while kill -0 $$ && [ $n -lt 200 ]; do sleep 0.05; n=$((n+1)); done
                rm -rf '\(folder.path.replacing("'", with: "'\\''"))'
            """
        }
        return """
            ( ( exec </dev/null >/dev/null 2>&1
                read -r word <&3 && exit
                kill -\(guardian.signal) $$
                \(remove ?? ":")
            ) & )
            exec "$@" 3<&-
            """
    }

    private static func newOutputFile(for name: String) throws -> URL {
        let folder = TestBed.runDirectory.appending(path: "output")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder.appending(path: "\(name)-\(UUID().uuidString.prefix(8)).log")
    }

    // MARK: Signals and the end

    /// Asks the program to end.
    package func terminate() {
        send(SIGTERM)
    }

    /// Ends the program without letting it do anything more.
    package func kill() {
        send(SIGKILL)
    }

    package func pause() {
        send(SIGSTOP)
    }

    package func resume() {
        send(SIGCONT)
    }

    /// Sends a signal, unless the program has ended.
    package func send(_ signal: Int32) {
        shared.withLock { shared in
            if shared.exit == nil {
                _ = posixKill(processID, signal)
            }
        }
    }

    /// How the program ended; `nil` while it runs.
    package var exit: Exit? {
        shared.withLock(\.exit)
    }

    package var isRunning: Bool {
        exit == nil
    }

    /// The most memory the process has had so far, in bytes, as Linux tells it.
    ///
    /// - Throws: ``TestBedError`` where the process is gone or the system tells nothing.
    package func peakMemory() throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(processID)/status", encoding: .utf8)
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
            let kibibytes = line.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) })
        else { throw TestBedError("Nothing is known of the memory of \(name).") }
        return kibibytes * 1_024
    }

    /// Waits for the end of the program.
    @discardableResult
    package func waitForExit() async -> Exit {
        await withCheckedContinuation { continuation in
            let exit = shared.withLock { shared in
                if shared.exit == nil {
                    shared.waiters.append(continuation)
                }
                return shared.exit
            }
            if let exit {
                continuation.resume(returning: exit)
            }
        }
    }

    /// Asks the program to end and kills it if it has not after the grace period.
    @discardableResult
    package func stop(grace: Duration = .seconds(60)) async -> Exit {
        terminate()
        let killer = Task {
            try await Task.sleep(for: grace)
            self.kill()
        }
        defer { killer.cancel() }
        return await waitForExit()
    }

    private func reap() {
        // Wait without reaping: until the lock is held, the process id must not become anyone else's.
        var info = siginfo_t()
        while waitid(P_PID, id_t(processID), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        let (exit, waiters) = shared.withLock { shared in
            var status: Int32 = 0
            waitpid(processID, &status, 0)
            let signal = status & 0x7f
            let exit = signal == 0 ? Exit.status(Int(status >> 8 & 0xff)) : .signal(Int(signal))
            shared.exit = exit
            defer { shared.waiters = [] }
            return (exit, shared.waiters)
        }
        Spawn.dismissGuardian(guardianPipe)
        for waiter in waiters {
            waiter.resume(returning: exit)
        }
    }

    // MARK: Output

    /// The complete lines written so far.
    package func lines() -> [String] {
        guard let data = try? Data(contentsOf: output) else {
            return []
        }
        return String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            .map(String.init)
    }

    /// Waits for a line that contains the text, and returns it.
    ///
    /// - Throws: ``TestBedError`` with the last lines when the time is up or the program has ended without that line.
    @discardableResult
    package func waitForLine(matching text: String, timeout: Duration = .seconds(60)) async throws -> String {
        let deadline = ContinuousClock.now + timeout
        while true {
            let hasEnded = !isRunning
            let lines = lines()
            if let line = lines.first(where: { $0.contains(text) }) {
                return line
            }
            guard !hasEnded, ContinuousClock.now < deadline else {
                let what = hasEnded ? "has ended (\(exit.map { "\($0)" } ?? "")) without" : "has not in \(timeout)"
                let last = lines.suffix(15).joined(separator: "\n")
                throw TestBedError("\(name) \(what) written \"\(text)\". Its last lines:\n\(last)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}

private func posixKill(_ processID: Int32, _ signal: Int32) -> Int32 {
    kill(processID, signal)
}
