/// What can run statements: the pool, one of its connections, or a transaction.
package protocol PostgresStatements: Sendable {
    /// Runs a statement and hands over its answer.
    func answer(to query: Query) async throws -> PostgresAnswer
}

/// What the server answered to one statement, fully read.
package struct PostgresAnswer: Sendable {
    let answer: Answer

    package var rows: [Row] { answer.rows }
    /// How many rows the statement inserted, updated, deleted or returned.
    package var affectedRows: Int { answer.affectedRows }
}

extension PostgresStatements {
    /// Runs a statement and returns all its rows.
    ///
    /// A statement that was sent runs to its end or its timeout; cancelling the task does not interrupt it.
    ///
    /// - Throws: ``PostgresError``, or `CancellationError` before anything was sent.
    @discardableResult
    package func query(_ query: Query) async throws -> [Row] {
        try await answer(to: query).rows
    }

    /// Runs a statement that returns at most one row.
    ///
    /// - Throws: As ``query(_:)``, and `.unexpectedRows` for more than one row.
    package func queryOne(_ query: Query) async throws -> Row? {
        let rows = try await answer(to: query).rows
        guard rows.count <= 1 else {
            var error = PostgresError(.unexpectedRows, "Expected at most one row, found \(rows.count).")
            error.statement = query.sql
            throw error
        }
        return rows.first
    }

    /// Runs a statement and returns how many rows it inserted, updated, deleted or returned.
    ///
    /// - Throws: As ``query(_:)``.
    @discardableResult
    package func execute(_ query: Query) async throws -> Int {
        try await answer(to: query).affectedRows
    }
}
