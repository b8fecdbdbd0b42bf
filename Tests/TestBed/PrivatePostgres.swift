package import Foundation
import Logging
import Postgres

/// A PostgreSQL cluster of our own, which nobody else uses and which ends with this process.
package actor PrivatePostgres {
    /// The folder of the cluster: data, log and, where the path is short enough, the socket.
    package nonisolated let folder: URL
    /// Where its log goes.
    package nonisolated let log: URL
    private let programs: PostgresPrograms
    package nonisolated let socketFolder: URL
    package nonisolated let port: Int
    private let listensOnLoopback: Bool
    private let isDurable: Bool
    private let settings: [String: String]
    private let isTemporary: Bool
    private var server: ChildProcess?
    var databaseCount = 0
    var templates: [String: Task<String, any Error>] = [:]

    /// Starts a cluster.
    ///
    /// It is kept in `folder`, where an existing one is used again; without a folder it is new, and deleted when this
    /// process ends. When it is `durable`, a commit survives a crash of the machine; otherwise everything is faster. With
    /// a `port` it also listens there on the loopback interface. `settings` go over those every cluster gets.
    ///
    /// - Throws: ``TestBedError``, one sentence that says what is missing.
    package static func start(
        folder: URL? = nil,
        durable: Bool = false,
        port: Int? = nil,
        settings: [String: String] = [:]
    ) async throws -> PrivatePostgres {
        let postgres = try PrivatePostgres(folder: folder, durable: durable, port: port, settings: settings)
        do {
            try await postgres.initialize()
            try await postgres.launch()
        } catch {
            await postgres.stop(immediate: true)
            throw error
        }
        return postgres
    }

    private init(folder: URL?, durable: Bool, port: Int?, settings: [String: String]) throws {
        self.settings = settings
        programs = try PostgresPrograms.find()
        isTemporary = folder == nil
        isDurable = durable
        listensOnLoopback = port != nil
        self.port = port ?? 5432
        self.folder = try Self.prepare(folder)
        log = self.folder.appending(path: "postgres.log")
        // A socket's path must fit into 107 bytes, and its name takes the last few.
        let beside = self.folder.appending(path: "socket")
        let isShort = beside.path.utf8.count <= 80
        socketFolder = isShort ? beside : URL(filePath: "/tmp/pg-\(UUID().uuidString.prefix(8))")
    }

    private static func prepare(_ folder: URL?) throws -> URL {
        let name = "postgres-\(getpid())-\(UUID().uuidString.prefix(8))"
        var place = folder ?? TestBed.runDirectory.appending(path: name)
        if !PostgresPrograms.canReach(place) {
            place = FileManager.default.temporaryDirectory.appending(path: folder?.lastPathComponent ?? name)
        }
        do {
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        } catch {
            throw TestBedError("The folder \(place.path) cannot be written.")
        }
        PostgresPrograms.handOver(place)
        return place.standardizedFileURL
    }

    // MARK: Life

    private var data: URL { folder.appending(path: "data") }

    private func initialize() async throws {
        guard !FileManager.default.fileExists(atPath: data.appending(path: "PG_VERSION").path) else {
            return
        }
        let command = try programs.command(
            "initdb",
            [
                "-D", data.path, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync",
                "--no-instructions",
            ]
        )
        let initdb = try run(command, guardian: .init(removes: isTemporary ? folder : nil))
        guard await initdb.waitForExit() == .status(0) else {
            throw failure("initdb failed")
        }
    }

    private func launch() async throws {
        try FileManager.default.createDirectory(at: socketFolder, withIntermediateDirectories: true)
        PostgresPrograms.handOver(socketFolder)
        var arguments = [
            "-D", data.path, "-p", String(port), "-c", "unix_socket_directories=\(socketFolder.path)",
            "-c", "listen_addresses=\(listensOnLoopback ? "127.0.0.1" : "")", "-c", "max_connections=500",
            "-c", "shared_buffers=64MB", "-c", "log_destination=stderr", "-c", "logging_collector=off",
        ]
        if !isDurable {
            // Statistics are then what a test made them, not what a worker in the background has come to by then.
            arguments += [
                "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "autovacuum=off",
            ]
        }
        // The last word on a setting counts.
        for (name, value) in settings.sorted(by: { $0.key < $1.key }) { arguments += ["-c", "\(name)=\(value)"] }
        let guardian = ChildProcess.Guardian(signal: "INT", removes: isTemporary ? folder : nil)
        let server = try run(try programs.command("postgres", arguments), guardian: guardian)
        self.server = server
        let admin = pool()
        do {
            // The pool tries again until the server is ready; a server that gave up makes that pointless.
            let waiting = Task { try await admin.query("SELECT 1") }
            let watching = Task {
                await server.waitForExit()
                waiting.cancel()
            }
            defer { watching.cancel() }
            _ = try await waiting.value
        } catch {
            await admin.shutdown()
            throw failure("the server did not start")
        }
        await admin.shutdown()
    }

    /// Stops the server, immediately or after rolling back what is in progress, and starts it again.
    package func restart(immediate: Bool = false) async throws {
        await halt(immediate: immediate)
        try await launch()
    }

    /// Stops the server.
    ///
    /// A cluster that was made for this process is deleted.
    package func stop(immediate: Bool = false) async {
        await halt(immediate: immediate)
        if isTemporary {
            try? FileManager.default.removeItem(at: folder)
        }
        if !socketFolder.path.hasPrefix(folder.path) {
            try? FileManager.default.removeItem(at: socketFolder)
        }
    }

    /// Starts the server again after ``halt(immediate:)``.
    package func resume() async throws {
        try await launch()
    }

    /// Stops the server and keeps its data.
    package func halt(immediate: Bool = false) async {
        server?.send(immediate ? SIGQUIT : SIGINT)
        await server?.waitForExit()
        server = nil
    }

    private func run(_ command: [String], guardian: ChildProcess.Guardian) throws -> ChildProcess {
        try ChildProcess(
            URL(filePath: command[0]),
            Array(command.dropFirst()),
            environment: ["PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"],
            output: log,
            guardian: guardian
        )
    }

    private func failure(_ what: String) -> TestBedError {
        let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
        let recent = text.split(separator: "\n").suffix(30).joined(separator: "\n")
        if recent.contains("No space left on device") {
            return TestBedError("The disk of \(folder.path) is full.")
        }
        if recent.contains("Address already in use") || recent.contains("could not bind") {
            return TestBedError("Port \(port) on 127.0.0.1 is in use by another program.")
        }
        if recent.contains("lock file \"postmaster.pid\" already exists") {
            return TestBedError("Another PostgreSQL already runs in \(folder.path).")
        }
        if recent.contains("Permission denied") {
            return TestBedError("The folder \(folder.path) cannot be written by the user PostgreSQL runs as.")
        }
        return TestBedError("PostgreSQL in \(folder.path): \(what). Its log ends:\n\(recent)")
    }
}
