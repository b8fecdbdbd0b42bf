/// A SQLSTATE: the five characters by which PostgreSQL names what went wrong.
package struct SQLState: RawRepresentable, Sendable, Hashable {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    private init(_ code: String) {
        rawValue = code
    }

    // MARK: The statement met the data

    package static let notNullViolation = SQLState("23502")
    package static let foreignKeyViolation = SQLState("23503")
    package static let uniqueViolation = SQLState("23505")
    package static let checkViolation = SQLState("23514")
    package static let exclusionViolation = SQLState("23P01")

    // MARK: The statement met other statements

    package static let serializationFailure = SQLState("40001")
    package static let deadlockDetected = SQLState("40P01")
    package static let lockNotAvailable = SQLState("55P03")
    package static let inFailedTransaction = SQLState("25P02")
    package static let idleInTransactionTimeout = SQLState("25P03")
    package static let readOnlyTransaction = SQLState("25006")
    /// A statement timeout, or somebody's `pg_cancel_backend`.
    package static let queryCanceled = SQLState("57014")

    // MARK: The server is going, gone or full

    package static let adminShutdown = SQLState("57P01")
    package static let crashShutdown = SQLState("57P02")
    package static let cannotConnectNow = SQLState("57P03")
    package static let tooManyConnections = SQLState("53300")
    package static let diskFull = SQLState("53100")
    package static let outOfMemory = SQLState("53200")

    // MARK: The statement, or who sends it, is wrong

    package static let featureNotSupported = SQLState("0A000")
    package static let invalidStatementName = SQLState("26000")
    package static let syntaxError = SQLState("42601")
    package static let undefinedTable = SQLState("42P01")
    package static let undefinedColumn = SQLState("42703")
    package static let duplicateSchema = SQLState("42P06")
    package static let insufficientPrivilege = SQLState("42501")
    package static let invalidTextRepresentation = SQLState("22P02")
    /// A text holds U+0000, which PostgreSQL stores nowhere; the second is what it says of one in JSON.
    package static let characterNotInRepertoire = SQLState("22021")
    package static let untranslatableCharacter = SQLState("22P05")
    package static let invalidPassword = SQLState("28P01")
    package static let unknownDatabase = SQLState("3D000")
}

extension SQLState: CustomStringConvertible {
    package var description: String { rawValue }
}

extension SQLState {
    /// Whether the statement certainly had no effect and may well succeed a moment later.
    var isTransient: Bool {
        Self.transient.contains(self)
    }

    private static let transient: Set<SQLState> = [
        .serializationFailure, .deadlockDetected, .lockNotAvailable, .adminShutdown, .crashShutdown,
        .cannotConnectNow, .tooManyConnections,
    ]
}
