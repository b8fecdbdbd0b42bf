import Contracts
import Foundation
import Postgres
import RPC
import Testing

@testable import KassanetGateway

@Suite("What is deleted when it was kept long enough", .timeLimit(.minutes(5)), .serialized)
struct RetentionTests {
    private static let week: Duration = .seconds(7 * 86_400)

    /// Attempts of both merchants: for each state one of today, and `old` that are eight days old.
    private func keep(_ old: Int, in bed: GatewayBed) async throws {
        try await bed.postgres.execute(
            """
            INSERT INTO attempts (
                attempt_id, merchant_id, location_id, operation, state, instance, not_after, created_at
            )
            SELECT gen_random_uuid(), merchant, 'location-1', 'place_order', state, gen_random_uuid(), now(),
                now() - CASE WHEN number = 0 THEN 1 ELSE 8 END * interval '1 day'
            FROM generate_series(0, \(old)) AS number,
                unnest(ARRAY['merchant-1', 'merchant-2']) AS merchant,
                unnest(ARRAY['sending', 'done', 'refused', 'not_sent', 'no_answer']) AS state
            """
        )
    }

    private func left(_ bed: GatewayBed) async throws -> [String] {
        try await bed.postgres.query(
            """
            SELECT merchant_id || ' ' || state || ' ' || (created_at < now() - interval '7 days')::text AS kept
            FROM attempts
            ORDER BY 1
            """
        ).map { try $0["kept", as: String.self] }
    }

    @Test("Old attempts go in bounded batches, of every merchant; younger ones and those without an outcome stay")
    func oldAttemptsGo() async throws {
        try await GatewayBed.with { bed in
            try await keep(2, in: bed)
            let service = RetentionService(attempts: bed.attempts, keeping: Self.week)
            var rows: [Int] = []
            var isMore = true
            while isMore {
                let answer = try await service.eraseExpired(EraseExpiredRequest(limit: 5), bed.context())
                #expect(answer.erased.map(\.what) == ["attempts"])
                rows += answer.erased.map(\.rows)
                isMore = answer.isMore
            }
            #expect(rows == [5, 5, 2])
            let kept = try await left(bed)
            for merchant in ["merchant-1", "merchant-2"] {
                for state in ["sending", "done", "refused", "not_sent", "no_answer"] {
                    #expect(kept.count { $0 == "\(merchant) \(state) false" } == 1)
                    let isOpen = ["sending", "no_answer"].contains(state)
                    #expect(kept.count { $0 == "\(merchant) \(state) true" } == (isOpen ? 2 : 0))
                }
            }
            #expect(try await service.eraseExpired(EraseExpiredRequest(), bed.context()).isMore == false)
        }
    }

    @Test("Four who erase at once take different attempts")
    func fourAtOnce() async throws {
        try await GatewayBed.with { bed in
            try await keep(20, in: bed)
            let service = RetentionService(attempts: bed.attempts, keeping: Self.week)
            let deleted = try await withThrowingTaskGroup { group in
                for _ in 0..<4 {
                    group.addTask {
                        try await service.eraseExpired(EraseExpiredRequest(limit: 30), bed.context()).erased.map(\.rows)
                    }
                }
                return try await group.reduce(0) { $0 + $1.reduce(0, +) }
            }
            #expect(deleted == 120)
            #expect(try await left(bed).count == 10 + 80)
        }
    }

    @Test("The oldest are found by an index, not by looking at every attempt")
    func anIndexFindsThem() async throws {
        try await GatewayBed.withDatabase { pool in
            let plan = try await pool.transaction { transaction in
                try await transaction.execute("SET LOCAL enable_seqscan = off")
                return try await transaction.query(
                    """
                    EXPLAIN SELECT attempt_id FROM attempts
                    WHERE created_at < now() - interval '7 days' AND state IN ('done', 'refused', 'not_sent')
                    ORDER BY created_at LIMIT 10
                    """
                ).map { try $0["QUERY PLAN", as: String.self] }
            }
            #expect(plan.contains { $0.contains("attempts_by_age") })
        }
    }

    @Test("A caller for some merchants may not erase, and a limit that makes no sense is named")
    func onlyForAllMerchants() async throws {
        try await GatewayBed.with { bed in
            try await keep(1, in: bed)
            let before = try await left(bed)
            let service = RetentionService(attempts: bed.attempts, keeping: Self.week)
            let refused = await rpcError {
                _ = try await service.eraseExpired(
                    EraseExpiredRequest(),
                    bed.context(.only([Place.first.merchant]))
                )
            }
            #expect(refused?.code == .permissionDenied)
            #expect(refused?.reason == "merchant_not_allowed")
            for limit in [0, -1, 10_001] {
                let named = await rpcError {
                    _ = try await service.eraseExpired(EraseExpiredRequest(limit: limit), bed.context())
                }
                #expect(named?.fields.map(\.field) == ["limit"])
            }
            #expect(try await left(bed) == before)
        }
    }
}
