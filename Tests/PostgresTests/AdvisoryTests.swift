import Foundation
import Postgres
import Secrets
import TestBed
import Testing

@Suite struct AdvisoryTests {
    @Test func aKeyIsWhatPostgresWouldDerive() async throws {
        try await Bed().withPool { pool in
            for length in 0..<40 {
                let name = String("Überlänge-location/0123456789-abcdefghijklmnopqrstuvwxyz".prefix(length))
                let row = try await pool.queryOne("SELECT hashtextextended('tables:' || \(name), 0) AS key")
                #expect(try row?["key", as: Int.self] == AdvisoryKey("tables", name).value)
            }
            let row = try await pool.queryOne("SELECT hashtextextended('a\\:b:c\\\\d', 0) AS key")
            #expect(try row?["key", as: Int.self] == AdvisoryKey("a:b", "c\\d").value)
        }
    }

    @Test func namesDoNotRunIntoEachOther() {
        #expect(AdvisoryKey("a", "b", "c") != AdvisoryKey("a", "b:c"))
        #expect(AdvisoryKey("a", "b") != AdvisoryKey("ab"))
    }

    private func withLock(
        _ body: (PostgresPool, FaultProxy, InstanceLock, UUID, Task<Void, any Error>) async throws -> Void
    ) async throws {
        let bed = try await Bed()
        try await bed.withProxy { proxy, url in
            try await bed.withPool { pool in
                var configuration = pool.configuration
                configuration.url = url
                let instance = UUID()
                let lock = InstanceLock(configuration, namespace: "test", instance: instance, logger: Bed.logger)
                let service = Task { try await lock.run() }
                try await lock.waitUntilHeld()
                try await body(pool, proxy, lock, instance, service)
                service.cancel()
                _ = await service.result
            }
        }
    }

    @Test("A lock whose holder falls silent becomes free, although its connection stands; without a limit it does not")
    func silence() async throws {
        try await Bed().withPool { pool in
            func lock(_ silence: Duration?) -> (UUID, InstanceLock, Task<Void, any Error>) {
                let instance = UUID()
                let lock = InstanceLock(
                    pool.configuration,
                    namespace: "test",
                    instance: instance,
                    longestSilence: silence,
                    logger: Bed.logger
                )
                return (instance, lock, Task { try await lock.run() })
            }
            // Half a second is shorter than the pause between two words of a live process.
            let (_, quiet, first) = lock(.milliseconds(500))
            let (patient, talking, second) = lock(nil)
            try await quiet.waitUntilHeld()
            try await talking.waitUntilHeld()
            #expect(
                await eventually {
                    if case .held(let times) = quiet.state { times > 1 } else { false }
                }
            )
            #expect(talking.state == .held(acquisition: 1))
            #expect(try await InstanceLock.isAlive(namespace: "test", instance: patient, via: pool))
            for service in [first, second] {
                service.cancel()
                _ = await service.result
            }
        }
    }

    @Test func anInstanceIsAliveWhileItHoldsItsLock() async throws {
        try await withLock { pool, _, lock, instance, service async throws in
            #expect(lock.state == .held(acquisition: 1))
            #expect(try await InstanceLock.isAlive(namespace: "test", instance: instance, via: pool))
            #expect(try await !InstanceLock.isAlive(namespace: "test", instance: UUID(), via: pool))
            #expect(try await !InstanceLock.isAlive(namespace: "other", instance: instance, via: pool))
            service.cancel()
            _ = await service.result
            #expect(lock.state == .stopped)
            #expect(
                try await eventually {
                    try await !InstanceLock.isAlive(namespace: "test", instance: instance, via: pool)
                }
            )
        }
    }

    @Test func anInstanceThatLostItsConnectionIsDeadAndComesBack() async throws {
        try await withLock { pool, proxy, lock, instance, _ in
            proxy.behave(.refuse)
            proxy.cut()
            #expect(
                try await eventually {
                    try await !InstanceLock.isAlive(namespace: "test", instance: instance, via: pool)
                }
            )
            #expect(await eventually { lock.state == .acquiring })
            proxy.behave(.forward)
            try await lock.waitUntilHeld()
            #expect(lock.state == .held(acquisition: 2))
            #expect(try await InstanceLock.isAlive(namespace: "test", instance: instance, via: pool))
        }
    }
}
