import Contracts
import Foundation
import Postgres
import Testing

@testable import KassanetGateway

@Suite("The activity log of a location (K11)", .timeLimit(.minutes(5)), .serialized)
struct ActivityStoreTests {
    @Test("Entries are newest first, and only the newest 100 are kept (K11)")
    func newestHundred() async throws {
        try await GatewayBed.withDatabase { pool in
            let log = ActivityStore(pool: pool)
            for number in 1...105 { try await log.record(.first, .info, "Entry \(number)") }
            let entries = try await log.entries(.first)
            #expect(entries.map(\.message) == (6...105).reversed().map { "Entry \($0)" })
            #expect(zip(entries, entries.dropFirst()).allSatisfy { $0.timestamp >= $1.timestamp })
            let stored = try await pool.queryOne("SELECT count(*) AS n FROM activity")
            #expect(try stored?["n", as: Int.self] == 100)
        }
    }

    @Test("An entry equal to the newest in type and message only updates its time (K11)")
    func equalNewestCollapses() async throws {
        try await GatewayBed.withDatabase { pool in
            let log = ActivityStore(pool: pool)
            try await log.record(.first, .error, "The register is off.")
            let before = try #require(try await log.entries(.first).first).timestamp
            try await log.record(.first, .error, "The register is off.")
            let entries = try await log.entries(.first)
            #expect(entries.map(\.message) == ["The register is off."])
            #expect(entries.allSatisfy { $0.timestamp > before })
            try await log.record(.first, .info, "The register is off.")
            try await log.record(.first, .error, "Another.")
            try await log.record(.first, .error, "The register is off.")
            #expect(try await log.entries(.first).map(\.type) == ["error", "error", "info", "error"])
        }
    }

    @Test("Sixteen writers at once leave one entry of equal ones, and 100 of different ones (K11)")
    func manyWriters() async throws {
        try await GatewayBed.withDatabase { pool in
            let log = ActivityStore(pool: pool)
            try await withThrowingTaskGroup { group in
                for _ in 0..<16 { group.addTask { try await log.record(.first, .info, "Same") } }
                try await group.waitForAll()
            }
            #expect(try await log.entries(.first).map(\.message) == ["Same"])
            try await withThrowingTaskGroup { group in
                for writer in 0..<16 {
                    group.addTask {
                        for number in 0..<10 { try await log.record(.second, .info, "\(writer)/\(number)") }
                    }
                }
                try await group.waitForAll()
            }
            let entries = try await log.entries(.second)
            #expect(Set(entries.map(\.message)).count == 100)
            #expect(zip(entries, entries.dropFirst()).allSatisfy { $0.timestamp >= $1.timestamp })
            for writer in 0..<16 {
                // Whatever was kept of a writer, it is the newest of that writer's, newest first.
                let own = entries.compactMap { $0.message.hasPrefix("\(writer)/") ? $0.message : nil }
                #expect(own == (0..<10).reversed().prefix(own.count).map { "\(writer)/\($0)" })
            }
        }
    }

    @Test("Locations of one merchant, and merchants with locations of one name, have logs of their own (K11)")
    func logsNeverMeet() async throws {
        try await GatewayBed.withDatabase { pool in
            let log = ActivityStore(pool: pool)
            for place in [Place.first, .second, .elsewhere] {
                try await log.record(place, .info, "\(place.merchant)/\(place.location)")
            }
            for place in [Place.first, .second, .elsewhere] {
                #expect(try await log.entries(place).map(\.message) == ["\(place.merchant)/\(place.location)"])
            }
        }
    }
}

extension ActivityStore {
    fileprivate func record(_ place: Place, _ type: ActivityType, _ message: String) async throws {
        try await record(place.merchant, place.location, type, message)
    }

    fileprivate func entries(_ place: Place) async throws -> [ActivityEntry] {
        try await entries(place.merchant, place.location)
    }
}
