/// A session lent to one caller, for work that needs the same session throughout.
///
/// Valid inside the closure it was passed to. Statements from several tasks take turns.
package struct PostgresConnection: PostgresStatements {
    let connection: Connection
    let lease: Connection.LeaseID
    let metrics: PostgresMetrics
    /// How long the client waits for a statement; `nil` as the configuration has it.
    var limit: Duration?

    package func answer(to query: Query) async throws -> PostgresAnswer {
        try Task.checkCancellation()
        return try await metrics.measure {
            PostgresAnswer(answer: try await connection.run(query, limit: limit, in: lease))
        }
    }

    /// Runs any number of statements, separated by semicolons and without parameters.
    ///
    /// Outside a transaction they form one, unless the script says otherwise. `limit` is how long the client waits for
    /// the whole script; by default as long as for one statement.
    package func executeScript(_ sql: String, limit: Duration? = nil) async throws {
        try Task.checkCancellation()
        try await metrics.measure {
            _ = try await connection.runScript(sql, limit: limit ?? self.limit, in: lease)
        }
    }

    /// Runs the body in a transaction at READ COMMITTED: committed when it returns, rolled back when it throws.
    ///
    /// Nothing is ever repeated: a deadlock or a serialization failure is the caller's to retry, body and all. `limit`: how
    /// long each of its statements may take, on the server and for the client; by default as any statement.
    ///
    /// - Throws: The body's own error, or ``PostgresTransactionError``.
    @discardableResult
    package func transaction<Value: Sendable>(
        limit: Duration? = nil,
        _ body: (PostgresTransaction) async throws -> Value
    ) async throws -> Value {
        try Task.checkCancellation()
        var begin = "BEGIN ISOLATION LEVEL READ COMMITTED"
        var session = self
        if let limit {
            begin += "; SET LOCAL statement_timeout = \(limit.milliseconds)"
            session.limit = limit + PostgresConfiguration.answerMargin
        }
        do {
            try await connection.runScript(begin, in: lease)
        } catch {
            throw PostgresTransactionError.begin(error)
        }
        let value: Value
        do {
            value = try await body(PostgresTransaction(connection: session))
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
