/// Why a transaction did not commit, when the reason is not the body's own error.
///
/// An error thrown by the body is rethrown as itself once the transaction is rolled back. A rollback that fails closes
/// the connection, which rolls back as well, so it never hides the body's error.
package enum PostgresTransactionError: Error, Sendable {
    /// `BEGIN` failed; the body did not run.
    case begin(PostgresError)
    /// The server refused to commit, for example because of a deferred constraint; nothing was committed.
    case commit(PostgresError)
    /// The body returned although one of its statements had failed; the server rolled back.
    case aborted
    /// `COMMIT` was sent and no answer came: the transaction is committed, or it is not. Look before repeating it.
    case commitUnknown(PostgresError)

    /// The database error behind this one; `nil` for ``aborted``.
    package var cause: PostgresError? {
        switch self {
        case .begin(let error), .commit(let error), .commitUnknown(let error): error
        case .aborted: nil
        }
    }

    /// Whether nothing was committed and repeating the whole transaction makes sense.
    package var isRetryable: Bool {
        switch self {
        case .begin(let error): error.isRetryable || error.isOutcomeUnknown
        case .commit(let error): error.isRetryable
        case .aborted, .commitUnknown: false
        }
    }
}

extension PostgresTransactionError: CustomStringConvertible, CustomDebugStringConvertible {
    package var description: String {
        switch self {
        case .begin(let error): "The transaction could not begin: \(error)"
        case .commit(let error): "The transaction was not committed: \(error)"
        case .aborted: "The transaction was rolled back: one of its statements had failed."
        case .commitUnknown(let error): "The transaction may or may not be committed: \(error)"
        }
    }

    package var debugDescription: String {
        guard let cause else {
            return description
        }
        return "\(description)\n\(cause.debugDescription)"
    }
}
