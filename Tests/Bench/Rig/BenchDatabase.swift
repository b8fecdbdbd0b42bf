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
        let file = TestBed.projectDirectory.appending(path: "Tests/Bench/pgbench/\(script)")
        var arguments = [
            "-n", "-M", "prepared", "-c", String(clients), "-j", String(min(2, clients)), "-T", String(seconds),
            "-f", file.path, "-h", socketFolder, "-p", String(port), "-U", role,
        ]
        for (name, value) in variables.sorted(by: { $0.key < $1.key }) { arguments += ["-D", "\(name)=\(value)"] }
        let process = try ChildProcess.start(try TestBed.postgresProgram("pgbench"), arguments + [name])
        _ = await process.waitForExit()
        let output = process.lines()
        guard let rate = Self.figure(after: "tps = ", in: output),
            let latency = Self.figure(after: "latency average = ", in: output)
        else { throw TestBedError("pgbench failed:\n\(output.joined(separator: "\n"))") }
        return PgbenchResult(perSecond: rate, milliseconds: latency)
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
