import Foundation
import Logging
import Postgres
import Secrets
import TestBed

/// The database of a bench: asked beside the services, and loaded by pgbench as the reference.
struct BenchDatabase: Sendable {
    let administrator: Secret
    let pool: PostgresPool
    private let socketFolder: String
    private let port: Int
    private let name: String

    init(administrator: Secret, postgres: PrivatePostgres) {
        self.administrator = administrator
        socketFolder = postgres.socketFolder.path
        port = postgres.port
        name = URL(string: administrator.reveal())?.lastPathComponent ?? ""
        pool = PostgresPool(
            PostgresConfiguration(url: administrator, maxConnections: 2, applicationName: "bench"),
            logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    func execute(_ statement: Query) async throws { try await pool.execute(statement) }

    func number(_ query: Query) async throws -> Int {
        guard let row = try await pool.queryOne("SELECT (\(query))::bigint AS answer") else { return 0 }
        return try row["answer", as: Int.self]
    }

    /// Waits until a condition holds, for half a minute.
    func wait(_ condition: Query, seconds: Int = 30) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while try await number("SELECT CASE WHEN (\(condition)) THEN 1 ELSE 0 END") == 0 {
            guard ContinuousClock.now < deadline else { throw TestBedError("This did not come true: \(condition.sql)") }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Gives the write-ahead log the files of a database that has run for a while: 2 GB that are written over.
    ///
    /// A new database makes each file of 16 MB when it gets there, and every commit waits for it.
    func ageLog() async throws {
        try await pool.executeScript(
            """
            BEGIN;
            SET LOCAL statement_timeout = 0;
            DO $$
            BEGIN
                FOR file IN 1..127 LOOP
                    PERFORM pg_logical_emit_message(false, 'bench', 'a file that is used up');
                    PERFORM pg_switch_wal();
                END LOOP;
            END
            $$;
            COMMIT
            """,
            limit: .seconds(120)
        )
        try await execute("CHECKPOINT")
    }

    // MARK: - What work costs

    /// Commits that wrote something, and the bytes of the write-ahead log, since the cluster began.
    func written() async throws -> (commits: Int, bytes: Int) {
        (
            // Only what writes takes a transaction id.
            try await number("SELECT pg_snapshot_xmax(pg_current_snapshot())::text"),
            try await number("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')")
        )
    }

    // MARK: - The reference

    struct PgbenchResult: Sendable {
        var perSecond: Double
        /// The mean of a whole script.
        var milliseconds: Double
    }

    /// Runs a script of `Tests/Bench/pgbench` as one of the roles, prepared, on sockets as the services are.
    func pgbench(
        _ script: String,
        role: String,
        clients: Int = 8,
        seconds: Int = 4,
        variables: [String: String] = [:]
    ) async throws -> PgbenchResult {
        let output = try await pgbench(
            script,
            [
                "-c", String(clients), "-j", String(min(2, clients)), "-T", String(seconds), "-U", role,
            ],
            variables
        )
        guard let rate = Self.figure(after: "tps = ", in: output),
            let latency = Self.figure(after: "latency average = ", in: output)
        else { throw TestBedError("pgbench failed:\n\(output.joined(separator: "\n"))") }
        return PgbenchResult(perSecond: rate, milliseconds: latency)
    }

    /// Runs a script in an open loop, with eight clients.
    ///
    /// - Returns: How long each took from when it was due, in milliseconds.
    func pgbench(
        _ script: String,
        role: String,
        perSecond: Double,
        seconds: Int,
        variables: [String: String] = [:]
    ) async throws -> [Double] {
        let folder = TestBed.runDirectory.appending(path: "pgbench-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let output = try await pgbench(
            script,
            [
                "-c", "8", "-j", "1", "-T", String(seconds), "-U", role, "-R", String(perSecond), "-l", "--log-prefix",
                folder.appending(path: "log").path,
            ],
            variables
        )
        var times: [Double] = []
        for file in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil) {
            for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
                // client, number, microseconds, and what is not asked for
                let fields = line.split(separator: " ")
                guard fields.count > 2, let microseconds = Double(fields[2]) else { continue }
                times.append(microseconds / 1000)
            }
        }
        guard !times.isEmpty else { throw TestBedError("pgbench failed:\n\(output.joined(separator: "\n"))") }
        return times
    }

    private func pgbench(
        _ script: String,
        _ arguments: [String],
        _ variables: [String: String]
    ) async throws -> [String] {
        let file = TestBed.projectDirectory.appending(path: "Tests/Bench/pgbench/\(script)")
        let definitions = variables.sorted { $0.key < $1.key }.flatMap { ["-D", "\($0.key)=\($0.value)"] }
        let process = try ChildProcess.start(
            try TestBed.postgresProgram("pgbench"),
            ["-n", "-M", "prepared", "-f", file.path, "-h", socketFolder, "-p", String(port)] + arguments + definitions
                + [name]
        )
        _ = await process.waitForExit()
        return process.lines()
    }

    /// Runs a script of `Tests/Bench/pgbench` once, as the administrator.
    func psql(_ script: String) async throws {
        let file = TestBed.projectDirectory.appending(path: "Tests/Bench/pgbench/\(script)")
        let process = try ChildProcess.start(
            try TestBed.postgresProgram("psql"),
            [
                "-v", "ON_ERROR_STOP=1", "-q", "-h", socketFolder, "-p", String(port), "-U", "postgres", "-d", name,
                "-f",
                file.path,
            ]
        )
        guard await process.waitForExit() == .status(0) else {
            throw TestBedError("psql failed:\n\(process.lines().joined(separator: "\n"))")
        }
    }

    private static func figure(after label: String, in lines: [String]) -> Double? {
        for line in lines {
            guard let range = line.firstRange(of: label) else { continue }
            return Double(line[range.upperBound...].prefix { $0.isNumber || $0 == "." })
        }
        return nil
    }
}
