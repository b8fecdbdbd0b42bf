import Foundation
import Synchronization

/// Starting a process with a guardian's pipe, which Foundation's `Process` does not offer.
enum Spawn {
    /// Starts a program in a process group of its own, with no input, its output appended to a file, and on descriptor 3
    /// a pipe that ends when this process does.
    static func start(
        _ command: [String],
        environment: [String: String],
        output: URL
    ) throws -> (processID: Int32, guardianPipe: Int32) {
        // A guardian somebody killed must not end this process when it is written to.
        signal(SIGPIPE, SIG_IGN)
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw TestBedError("No pipe can be opened: \(reason(errno)).")
        }
        // Otherwise a second child would hold the first one's pipe open.
        _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
        _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
        let file = open(output.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        defer {
            close(ends[0])
            close(file)
        }
        guard file >= 0 else {
            close(ends[1])
            throw TestBedError("\(output.path) cannot be written: \(reason(errno)).")
        }

        #if canImport(Darwin)
        var actions: posix_spawn_file_actions_t?
        var attributes: posix_spawnattr_t?
        #else
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, file, 1)
        posix_spawn_file_actions_adddup2(&actions, file, 2)
        posix_spawn_file_actions_adddup2(&actions, ends[0], 3)
        // A listening socket that a child has inherited keeps taking connections after this process has closed it.
        for descriptor in 4..<highestDescriptor() + 64 {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        // A group of its own, so that Ctrl-C reaches us first; default signal handling, whatever this process set up.
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK)
        )

        let arguments = command.map { strdup($0) } + [nil]
        let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer {
            for text in arguments + variables {
                free(text)
            }
        }
        var processID: pid_t = 0
        let failure = posix_spawn(&processID, command[0], &actions, &attributes, arguments, variables)
        guard failure == 0 else {
            close(ends[1])
            throw TestBedError("\(command[0]) cannot be started: \(reason(failure)).")
        }
        return (processID, ends[1])
    }

    /// The highest descriptor that is open now; a guess where the system does not tell.
    ///
    /// Closing one that is not open is no error.
    private static func highestDescriptor() -> Int32 {
        let open = try? FileManager.default.contentsOfDirectory(atPath: "/dev/fd")
        return open?.compactMap { Int32($0) }.max() ?? 1024
    }

    /// Tells a guardian that its child has ended, so that it does not signal whoever has that process id next.
    static func dismissGuardian(_ pipe: Int32) {
        _ = write(pipe, "ended\n", 6)
        close(pipe)
    }

    private static func reason(_ code: Int32) -> String {
        String(cString: strerror(code))
    }
}
