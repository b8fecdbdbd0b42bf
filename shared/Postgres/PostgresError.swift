/// Why a statement, or the connection it needed, did not work out.
///
/// `description` is bland: no values and none of the server's text, so it may be logged and answered anywhere.
/// `debugDescription` is complete and may quote values from the data.
package struct PostgresError: Error, Sendable {
    package enum Kind: Sendable, Hashable {
        /// The server refused the statement; it had no effect.
        case server(SQLState)
        /// No session could be opened; nothing was sent.
        case connectionFailed
        /// The connection broke. A statement that was on its way may have taken effect.
        case connectionLost
        /// No answer came in time and the connection was given up. The statement may have taken effect.
        case timedOut
        /// All connections stayed in use, or too many callers were waiting; nothing was sent.
        case poolExhausted
        /// A value in the answer does not have the asked-for type. The statement has taken effect.
        case decoding
        /// A value could not be written as a parameter; nothing was sent.
        case encoding
        /// A text holds U+0000, which PostgreSQL cannot store; nothing was sent.
        case zeroCharacter
        /// More rows came back than the caller allows. The statement has taken effect.
        case unexpectedRows
        /// The pool is shut down, or the connection was used outside its scope; nothing was sent.
        case closed
        /// The settings cannot work; nothing was sent.
        case configuration
    }

    package let kind: Kind
    /// The SQLSTATE, also where the server named one while it dropped the connection.
    package var sqlState: SQLState?
    package var severity: String?
    package var constraint: String?
    package var schema: String?
    package var table: String?
    package var column: String?

    /// One of our own sentences: says nothing that came from data or from the server.
    let summary: String
    /// What the server or libpq said.
    var serverText: String?
    /// The statement, without its parameters; `nil` when none was sent.
    var statement: String?

    init(_ kind: Kind, _ summary: String, serverText: String? = nil) {
        self.kind = kind
        self.summary = summary
        self.serverText = serverText
        if case .server(let state) = kind {
            sqlState = state
        }
    }
}

extension PostgresError {
    /// Whether a constraint of that name was violated, of whichever kind.
    package func isConstraintViolation(_ name: String) -> Bool {
        sqlState?.rawValue.hasPrefix("23") == true && constraint == name
    }

    /// Whether the statement certainly had no effect and trying it again later makes sense.
    ///
    /// A lost or timed-out connection is not retryable here: only the caller knows how to find out what happened. Inside
    /// a transaction it is the whole transaction that must be repeated.
    package var isRetryable: Bool {
        switch kind {
        case .server(let state): state.isTransient
        case .connectionFailed: sqlState?.isTransient ?? true
        case .poolExhausted: true
        case .connectionLost, .timedOut, .decoding, .encoding, .zeroCharacter, .unexpectedRows, .closed, .configuration:
            false
        }
    }

    /// Whether the statement may or may not have taken effect.
    package var isOutcomeUnknown: Bool {
        (kind == .connectionLost || kind == .timedOut) && statement != nil
    }

    /// The database error inside an error of this module, if there is one.
    package static func cause(of error: any Error) -> PostgresError? {
        (error as? PostgresError) ?? (error as? PostgresTransactionError)?.cause
    }
}

extension PostgresError: CustomStringConvertible, CustomDebugStringConvertible {
    package var description: String {
        var facts: [String] = []
        if let sqlState { facts.append("SQLSTATE \(sqlState)") }
        if let constraint { facts.append("constraint \(constraint)") }
        return facts.isEmpty ? summary : "\(summary) (\(facts.joined(separator: ", ")))"
    }

    package var debugDescription: String {
        var lines = [description]
        let place = [schema, table, column].compactMap(\.self).joined(separator: ".")
        if !place.isEmpty { lines.append("at: \(place)") }
        if let severity { lines.append("severity: \(severity)") }
        if let serverText { lines.append("server: \(serverText)") }
        if let statement { lines.append("statement: \(statement)") }
        return lines.joined(separator: "\n")
    }
}
