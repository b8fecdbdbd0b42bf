import Contracts
import Foundation
import Postgres
import RPC
import TestBed
import Testing

@testable import OrderRouter

/// Orders that come at the same time share commits, and nothing else.
@Suite struct IntakeBatchesTests {
    @Test func ordersThatComeTogetherShareCommits() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            let outcomes = try await Self.submit((0..<200).map { Sample.content(transaction: "t-\($0)") }, bed)
            #expect(outcomes.count { $0.isAccepted } == 200)
            let commits = try await bed.pool.queryOne(
                "SELECT count(DISTINCT xmin::text) AS commits, count(*) AS orders FROM orders"
            )
            #expect(try commits?["orders", as: Int.self] == 200)
            // How many share one is the machine's business; two hundred commits would be none of it.
            #expect(try #require(try commits?["commits", as: Int.self]) < 150)
        }
    }

    /// Each of fifty transactions from four callers at once, in changing order.
    @Test func aTransactionIsStoredOnceWhicheverBatchItIsIn() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            let contents = (0..<200).map { Sample.content(transaction: "t-\(($0 * 37) % 50)") }
            let outcomes = try await Self.submit(contents, bed)
            #expect(outcomes.count { $0.isAccepted } == 50)
            #expect(outcomes.count { $0.isKnown } == 150)
            #expect(Set(outcomes.compactMap(\.id)).count == 50)
        }
    }

    @Test func whatCannotBeStoredHarmsNobodyElse() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            let other = MerchantID(unchecked: "other")
            let results = await withTaskGroup(of: (Int, Outcome?).self) { group in
                for number in 0..<60 {
                    group.addTask {
                        var content = Sample.content(transaction: "t-\(number)")
                        if number % 10 == 3 { content.locationId = LocationID(unchecked: "nowhere") }
                        if number % 10 == 5 { content.merchantId = other }
                        // PostgreSQL keeps no U+0000.
                        if number % 10 == 7 { content.note = "a\u{0}b" }
                        return (number, try? await Outcome(bed.orders.submit(content, id: UUIDv7.next())))
                    }
                }
                return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
            for number in 0..<60 {
                switch number % 10 {
                case 3, 5: #expect(results[number] == .unknownLocation)
                case 7: #expect(results[number] == nil)
                default: #expect(results[number]?.isAccepted == true)
                }
            }
        }
    }

    @Test func aDatabaseThatIsAwayFailsAllWhoWaitAndTheNextAreTaken() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            try await bed.pool.execute("ALTER TABLE orders RENAME TO hidden")
            let failed = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<40 {
                    group.addTask {
                        (try? await bed.orders.submit(Sample.content(transaction: "t-\(number)"), id: UUIDv7.next()))
                            == nil
                    }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(failed == 40)
            try await bed.pool.execute("ALTER TABLE hidden RENAME TO orders")
            let outcomes = try await Self.submit((0..<40).map { Sample.content(transaction: "t-\($0)") }, bed)
            #expect(outcomes.count { $0.isAccepted } == 40)
        }
    }

    /// A caller whose time is up is answered, however long the commits before it take.
    @Test func whoGivesUpWaitsNoLonger() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            try await bed.pool.transaction { transaction in
                try await transaction.execute("LOCK TABLE orders IN SHARE MODE")
                let calls = (0..<12).map { number in
                    Task { try await bed.orders.submit(Sample.content(transaction: "t-\(number)"), id: UUIDv7.next()) }
                }
                try await bed.untilASessionWaits()
                for call in calls { call.cancel() }
                for call in calls { #expect(await call.isFailure) }
            }
            let outcomes = try await Self.submit((0..<12).map { Sample.content(transaction: "t-\($0)") }, bed)
            #expect(Set(outcomes.compactMap(\.id)).count == 12)
        }
    }

    /// F6: a database that does not answer is waited for once by all together, not by each in turn.
    @Test func aDatabaseThatHangsIsWaitedForOnce() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            var configuration = RouterBed.configuration(bed.url)
            configuration.statementTimeout = .seconds(2)
            let hanging = PostgresPool(configuration, logger: RouterBed.logger)
            let orders = OrderStore(pool: hanging)
            try await bed.pool.transaction { transaction in
                try await transaction.execute("LOCK TABLE orders IN SHARE MODE")
                let start = ContinuousClock.now
                let calls = (0..<60).map { number in
                    Task { try await orders.submit(Sample.content(transaction: "t-\(number)"), id: UUIDv7.next()) }
                }
                for call in calls { #expect(await call.isFailure) }
                // Three at a time, each in its turn, would take forty seconds.
                #expect(start.duration(to: .now) < .seconds(18))
            }
            await hanging.shutdown()
        }
    }

    private enum Outcome: Equatable, Sendable {
        case accepted(UUID)
        case known(UUID)
        case unknownLocation

        init(_ intake: OrderStore.Intake) {
            switch intake {
            case .accepted(let id, _): self = .accepted(id)
            case .known(let order), .erased(let order): self = .known(order.id)
            case .unknownLocation: self = .unknownLocation
            }
        }

        var isAccepted: Bool { if case .accepted = self { true } else { false } }
        var isKnown: Bool { if case .known = self { true } else { false } }

        var id: UUID? {
            switch self {
            case .accepted(let id), .known(let id): id
            case .unknownLocation: nil
            }
        }
    }

    private static func submit(_ contents: [SubmitOrderRequest], _ bed: RouterBed) async throws -> [Outcome] {
        try await withThrowingTaskGroup(of: Outcome.self) { group in
            for content in contents {
                group.addTask { Outcome(try await bed.orders.submit(content, id: UUIDv7.next())) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }
}

extension Task where Failure == any Error {
    /// Whether the task ended with an error.
    fileprivate var isFailure: Bool {
        get async { if case .failure = await result { true } else { false } }
    }
}
