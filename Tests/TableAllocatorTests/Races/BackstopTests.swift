import Foundation
import Postgres
import Testing

@testable import TableAllocator
@testable import TableAllocatorStorage

/// What holds without any lock or guard.
@Suite(.timeLimit(.minutes(5))) struct BackstopTests {
    @Test func theIndexRefusesASecondHolderThatNoGuardStopped() async throws {
        try await AllocatorBed.with { bed in
            _ = try await bed.named(7)
            try await expect(bed, "leases_one_holder_per_table", mode: "named", table: "7")
        }
    }

    @Test func theIndexRefusesASecondPlacementThatNoGuardStopped() async throws {
        try await AllocatorBed.with { bed in
            _ = try await bed.virtual(.naming(900))
            try await expect(bed, "leases_one_placement_per_location", mode: "virtual", table: "901")
        }
    }

    @Test func theIndexRefusesASecondLeaseOfAnOrder() async throws {
        try await AllocatorBed.with { bed in
            let lease = try await bed.named(7)
            try await expect(bed, "leases_pkey", mode: "named", table: "8", order: lease.owner.order)
        }
    }

    /// Expects that a row written past all guards breaks the constraint.
    private func expect(
        _ bed: AllocatorBed,
        _ constraint: String,
        mode: String,
        table: String,
        order: UUID = UUID()
    ) async throws {
        let error = await #expect(throws: PostgresError.self) {
            try await bed.postgres.execute(
                """
                INSERT INTO leases (
                    merchant_id, location_id, order_id, mode, table_number, fencing_token, state, is_concluded,
                    since, expires_at
                )
                VALUES (
                    'm1', 'main', \(order), \(mode), \(unescaped: table), nextval('fencing_tokens'), 'held', false,
                    now(), now() + interval '1 minute'
                )
                """
            )
        }
        #expect(error?.isConstraintViolation(constraint) == true)
    }
}
