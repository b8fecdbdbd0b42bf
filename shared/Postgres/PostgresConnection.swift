/// A session lent to one caller, for work that needs the same session throughout.
///
/// Valid inside the closure it was passed to. Statements from several tasks take turns.
package struct PostgresConnection: PostgresStatements {
    let connection: Connection
    let lease: Connection.LeaseID
    let metrics: PostgresMetrics

    package func answer(to query: Query) async throws -> PostgresAnswer {
        try Task.checkCancellation()
        return try await metrics.measure {
            PostgresAnswer(answer: try await connection.run(query, in: lease))
        }
    }

    /// Runs any number of statements, separated by semicolons and without parameters.
    ///
    /// Outside a transaction they form one, unless the script says otherwise. `limit` is how long the client waits for
    /// the whole script; by default as long as for one statement.
    package func executeScript(_ sql: String, limit: Duration? = nil) async throws {
        try Task.checkCancellation()
        try await metrics.measure {
            _ = try await connection.runScript(sql, limit: limit, in: lease)
        }
    }

    /// Runs the body in a transaction at READ COMMITTED: committed when it returns, rolled back when it throws.
    ///
    /// Nothing is ever repeated: a deadlock or a serialization failure is the caller's to retry, body and all.
    ///
    /// - Throws: The body's own error, or ``PostgresTransactionError``.
    @discardableResult
    package func transaction<Value: Sendable>(
        _ body: (PostgresTransaction) async throws -> Value
    ) async throws -> Value {
        try Task.checkCancellation()
        do {
            try await connection.runScript("BEGIN ISOLATION LEVEL READ COMMITTED", in: lease)
        } catch {
            throw PostgresTransactionError.begin(error)
        }
        let value: Value
        do {
            value = try await body(PostgresTransaction(connection: self))
        } catch {
            await rollBack()
            throw error
        }
        try await commit()
        return value
    }

    private func commit() async throws {
        let answer: Answer
        do {
            answer = try await connection.runScript("COMMIT", in: lease)
        } catch  where error.isOutcomeUnknown {
            throw PostgresTransactionError.commitUnknown(error)
        } catch {
            throw PostgresTransactionError.commit(error)
        }
        // A transaction in which a statement failed is rolled back by COMMIT, and the server calls that a success.
        guard answer.command == "COMMIT" else {
            throw PostgresTransactionError.aborted
        }
    }

    private func rollBack() async {
        do {
            try await connection.runScript("ROLLBACK", in: lease)
        } catch {
            await connection.close()
        }
    }
}

/// A transaction in progress.
///
/// Valid inside the closure it was passed to; it cannot be nested.
package struct PostgresTransaction: PostgresStatements {
    let connection: PostgresConnection

    package func answer(to query: Query) async throws -> PostgresAnswer {
        try await connection.answer(to: query)
    }

    /// Runs a script inside the transaction; the script must not end it.
    package func executeScript(_ sql: String, limit: Duration? = nil) async throws {
        try await connection.executeScript(sql, limit: limit)
    }
}
