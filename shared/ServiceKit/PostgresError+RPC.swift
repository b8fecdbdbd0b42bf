package import Postgres
package import RPC

/// What a caller learns when the database is the trouble. The details stay in the log, as the error's cause.
extension PostgresError: RPCErrorConvertible {
    package var rpcError: RPCError {
        switch kind {
        case .poolExhausted:
            RPCError(
                .resourceExhausted,
                "Too many calls are waiting for the database. Try again in a moment.",
                reason: "database_busy",
                nextAction: .retry,
                cause: self
            )
        case .connectionFailed, .connectionLost, .timedOut, .closed:
            RPCError(
                .unavailable,
                "The database cannot be reached at the moment. Try again in a moment.",
                reason: "database_unavailable",
                nextAction: .retry,
                cause: self
            )
        case .server where isRetryable:
            RPCError(
                .unavailable,
                "The database was busy with a conflicting change. Try again in a moment.",
                reason: "database_busy",
                nextAction: .retry,
                cause: self
            )
        case .zeroCharacter, .server(.characterNotInRepertoire), .server(.untranslatableCharacter):
            RPCError(
                .invalidArgument,
                "A text holds the character U+0000, which cannot be stored. Send the text without it.",
                reason: "unstorable_text",
                nextAction: .fixRequest,
                cause: self
            )
        default:
            RPCError(
                .internal,
                "The database refused a statement. The request id finds it in the logs.",
                nextAction: .callSupport,
                cause: self
            )
        }
    }
}

extension PostgresTransactionError: RPCErrorConvertible {
    package var rpcError: RPCError {
        cause?.rpcError
            ?? RPCError(
                .internal,
                "The database rolled a change back. The request id finds it in the logs.",
                nextAction: .callSupport,
                cause: self
            )
    }
}
