import Foundation
import Postgres

/// The time by which tasks are due.
///
/// It is the database's, one clock for all replicas, so that a machine whose clock is wrong runs nothing early, late or
/// twice (fault F30). Tests bring their own. Leases never go by this: they are counted in the database alone.
struct ScheduleClock: Sendable {
    /// An expression of the moment, for a statement.
    let sql: @Sendable () -> Query

    static let database = ScheduleClock { "clock_timestamp()" }

    /// The moment now.
    func now(_ statements: some PostgresStatements) async throws -> Date {
        let row = try await statements.queryOne("SELECT \(sql())::timestamptz AS now")
        guard let row else { throw MissingRow() }
        return try row["now", as: Date.self]
    }
}

/// A statement that always has a row came without one.
struct MissingRow: Error {}
