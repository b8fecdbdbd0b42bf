import Foundation
import Postgres
import TestBed
import Testing

@Suite struct TestBedTests {
    private let shell = URL(filePath: "/bin/sh")

    @Test func outputIsReadAsLinesAndTheExitIsTold() async throws {
        let child = try ChildProcess.start(shell, ["-c", "echo one; echo two >&2; exit 3"])
        #expect(try await child.waitForLine(matching: "two") == "two")
        #expect(await child.waitForExit() == .status(3))
        #expect(child.lines() == ["one", "two"])
    }

    @Test func aLineThatNeverComesIsToldWithTheLastOnes() async throws {
        let child = try ChildProcess.start(shell, ["-c", "echo almost"])
        let error = await #expect(throws: TestBedError.self) { try await child.waitForLine(matching: "ready") }
        #expect(error?.description.contains("almost") == true)
    }

    @Test func signalsReachTheProgramItself() async throws {
        let child = try ChildProcess.start(URL(filePath: "/bin/sleep"), ["60"], environment: [:])
        child.pause()
        child.resume()
        #expect(child.isRunning)
        child.kill()
        #expect(await child.waitForExit() == .signal(9))
        let second = try ChildProcess.start(URL(filePath: "/bin/sleep"), ["60"])
        #expect(await second.stop() == .signal(15))
    }

    @Test func aMigratedTemplateIsMadeOnce() async throws {
        let postgres = try await PrivatePostgres.shared
        let urls = try await withThrowingTaskGroup(of: PostgresConfiguration.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    let url = try await postgres.freshDatabase(template: "things") { url in
                        let pool = PostgresPool(.init(url: url, applicationName: "migration"), logger: Bed.logger)
                        try await pool.execute("CREATE TABLE things (id int)")
                        await pool.shutdown()
                    }
                    return PostgresConfiguration(url: url, applicationName: "test")
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(urls.map { $0.url }).count == 3)
        for configuration in urls {
            let pool = PostgresPool(configuration, logger: Bed.logger)
            #expect(try await pool.query("SELECT id FROM things").isEmpty)
            await pool.shutdown()
        }
    }

    @Test func aPortInUseIsNamed() async throws {
        let proxy = try FaultProxy(to: .port(1))
        defer { proxy.stop() }
        let error = await #expect(throws: TestBedError.self) {
            _ = try await PrivatePostgres.start(port: proxy.port)
        }
        #expect(error?.description == "Port \(proxy.port) on 127.0.0.1 is in use by another program.")
    }

    @Test func aDurableClusterKeepsItsDataInItsFolder() async throws {
        let folder = TestBed.runDirectory.appending(path: "durable-\(UUID().uuidString.prefix(8))")
        let port = try TestBed.freePort()
        let first = try await PrivatePostgres.start(folder: folder, durable: true, port: port)
        // Elsewhere than asked for where the server's user cannot reach the project's folder.
        let place = first.folder
        let url = try await first.freshDatabase()
        let pool = PostgresPool(.init(url: url, applicationName: "test"), logger: Bed.logger)
        try await pool.execute("CREATE TABLE kept (a int)")
        await pool.shutdown()
        await first.stop()
        let second = try await PrivatePostgres.start(folder: folder, durable: true, port: port)
        let again = PostgresPool(.init(url: url, applicationName: "test"), logger: Bed.logger)
        let row = try await again.queryOne("SELECT current_setting('fsync') AS fsync, (SELECT count(*) FROM kept) AS n")
        #expect(try row?["fsync", as: String.self] == "on")
        await again.shutdown()
        await second.stop()
        try FileManager.default.removeItem(at: place)
    }
}
