import Contracts
import Foundation
import Postgres

/// A staged catalogue, brought into the menu's shape stage by stage.
///
/// Each stage is one transaction and keeps its outcome: repeated after a crash it changes nothing and answers the same.
struct StagingStore: Sendable {
    let pool: PostgresPool

    /// How long a statement over a whole catalogue may take: a stage's limit (rule K21).
    static let limit: Duration = .seconds(300)

    /// Forgets everything aside of an import.
    func clear(_ sync: UUID) async throws {
        try await pool.transaction(limit: Self.limit) { transaction in
            try await transaction.execute("DELETE FROM stagings WHERE sync_id = \(sync)")
            try await Self.deleteRows([sync], in: transaction)
        }
    }

    static func deleteRows(_ syncs: [UUID], in transaction: PostgresTransaction) async throws {
        guard !syncs.isEmpty else { return }
        for table in rowTables {
            try await transaction.execute("DELETE FROM \(identifier: table) WHERE sync_id = ANY (\(syncs))")
        }
    }

    private static let rowTables = [
        "staged_products", "staged_categories", "staged_selections", "staged_groups", "staged_combinations",
        "arranged_combinations", "arranged_parts",
    ]

    // MARK: - Stages

    enum Stage: String {
        case categories, products, displayGroups = "display_groups"
    }

    /// Runs a stage once: under its own row's lock, in one transaction with its outcome.
    func once(
        _ stage: Stage,
        of sync: UUID,
        _ body: (PostgresTransaction, _ staged: Staged) async throws -> StageOutcome
    ) async throws -> StageOutcome {
        try await pool.transaction(limit: Self.limit) { transaction in
            try await transaction.preferWholeTables()
            let outcome = "\(stage.rawValue)_outcome"
            let row = try await transaction.queryOne(
                """
                SELECT merchant_id, location_id, products, categories, selections, \(identifier: outcome) AS outcome,
                    products > 0 AND NOT EXISTS (SELECT FROM staged_products p WHERE p.sync_id = s.sync_id) AS is_lost
                FROM stagings AS s
                WHERE sync_id = \(sync) AND staged_at IS NOT NULL
                FOR UPDATE
                """
            )
            guard let row else { throw ImportError.noPlan }
            if let done = try row["outcome", as: JSON<StageOutcome>?.self] { return done.value }
            guard try !row["is_lost", as: Bool.self] else { throw ImportError.stagingLost }
            let staged = Staged(
                products: try row["products"],
                categories: try row["categories"],
                selections: try row["selections"]
            )
            let result = try await body(transaction, staged)
            try await transaction.execute(
                "UPDATE stagings SET \(identifier: outcome) = \(JSON(result)) WHERE sync_id = \(sync)"
            )
            return result
        }
    }

    /// How much of each was staged.
    struct Staged {
        let products: Int
        let categories: Int
        let selections: Int
    }
}

extension PostgresTransaction {
    /// Settings for statements over a whole catalogue, for this transaction alone.
    ///
    /// The planner knows nothing of rows that came a moment ago, and would take hundreds of thousands for a few, and join
    /// row by row.
    func preferWholeTables() async throws {
        try await executeScript(
            """
            SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off;
            SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL work_mem = '64MB'
            """
        )
    }
}
