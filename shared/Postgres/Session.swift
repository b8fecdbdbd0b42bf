import CLibPQ
import Foundation

/// One libpq connection.
///
/// Blocks the calling thread, and never longer than the limit it is given.
///
/// After a lost or timed-out connection the session is closed; it is not reopened.
final class Session {
    /// `nil` once closed.
    private var connection: OpaquePointer?
    private var statements = StatementCache(limit: 256)
    private let lastWords = LastWords()

    /// Opens a session within the connect timeout.
    init(_ configuration: PostgresConfiguration) throws(PostgresError) {
        let parameters = try configuration.connectionParameters()
        let connection = Self.start(parameters)
        guard let connection else {
            throw PostgresError(.connectionFailed, "The database client could not be started.")
        }
        self.connection = connection
        PQsetNoticeReceiver(
            connection,
            { words, notice in
                guard let words, let state = PQresultErrorField(notice, Int32(UInt8(ascii: "C"))) else { return }
                Unmanaged<LastWords>.fromOpaque(words).takeUnretainedValue().hear(String(cString: state))
            },
            Unmanaged.passUnretained(lastWords).toOpaque()
        )
        PQsetErrorVerbosity(connection, PQERRORS_VERBOSE)
        do {
            try finishConnecting(by: .now + configuration.connectTimeout)
        } catch {
            close()
            throw error
        }
        PQsetErrorVerbosity(connection, PQERRORS_DEFAULT)
        PQsetnonblocking(connection, 1)
    }

    deinit {
        close()
    }

    var isOpen: Bool { connection != nil }

    /// Whether the session is between transactions.
    var isIdle: Bool {
        connection.map { PQtransactionStatus($0) == PQTRANS_IDLE } ?? false
    }

    func close() {
        if let connection {
            PQfinish(connection)
        }
        connection = nil
    }

    /// Takes in what arrived while the session was idle and says whether it still stands.
    func isAlive() -> Bool {
        guard let connection else {
            return false
        }
        // A dying server says why before it closes; two rounds find both. More is a server that keeps talking, and lives.
        for _ in 0..<8 {
            var socket = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
            guard poll(&socket, 1, 0) != 0 else {
                break
            }
            guard PQconsumeInput(connection) == 1 else {
                close()
                return false
            }
            _ = PQisBusy(connection)
            while let notification = PQnotifies(connection) {
                PQfreemem(notification)
            }
        }
        guard PQstatus(connection) == CONNECTION_OK, !lastWords.isGoing else {
            close()
            return false
        }
        return true
    }

    // MARK: Statements

    /// Runs one statement through a prepared statement of this session.
    func run(_ query: Query, limit: Duration) throws(PostgresError) -> Answer {
        let parameters = try Parameters(query.bindings)
        let key = StatementCache.Key(sql: query.sql, types: query.bindings.map(\.type))
        guard !key.sql.utf8.contains(0) else {
            throw PostgresError(.encoding, "A statement contains a zero character.")
        }
        let deadline = ContinuousClock.now + limit
        guard let name = statements.name(of: key) else {
            return try execute(prepare(key, by: deadline), parameters, key, by: deadline)
        }
        let wasIdle = isIdle
        do {
            return try execute(name, parameters, key, by: deadline)
        } catch {
            // The table changed under the plan, or somebody deallocated it. Nothing was executed; inside a transaction
            // the error stands, and the next attempt prepares anew.
            guard error.sqlState == .featureNotSupported || error.sqlState == .invalidStatementName else {
                throw error
            }
            statements.remove(key)
            guard wasIdle, isIdle else {
                throw error
            }
            return try execute(prepare(key, by: deadline), parameters, key, by: deadline)
        }
    }

    /// Runs any number of statements in the simple protocol; the answer is the last one's.
    func runScript(_ sql: String, limit: Duration) throws(PostgresError) -> Answer {
        guard !sql.utf8.contains(0) else {
            throw PostgresError(.encoding, "A script contains a zero character.")
        }
        let open = try opened()
        return try answer(to: sql, sent: PQsendQuery(open, sql), by: .now + limit)
    }

    private func prepare(
        _ key: StatementCache.Key,
        by deadline: ContinuousClock.Instant
    ) throws(PostgresError) -> String {
        if let old = statements.evict() {
            let deallocation = "DEALLOCATE \(old)"
            _ = try answer(to: deallocation, sent: PQsendQuery(opened(), deallocation), by: deadline)
        }
        let name = statements.newName()
        let types = key.types.map { Oid($0.rawValue) }
        let sent = PQsendPrepare(try opened(), name, key.sql, Int32(types.count), types)
        _ = try answer(to: key.sql, sent: sent, by: deadline)
        statements.insert(key, name: name)
        return name
    }

    private func execute(
        _ name: String,
        _ parameters: Parameters,
        _ key: StatementCache.Key,
        by deadline: ContinuousClock.Instant
    ) throws(PostgresError) -> Answer {
        let connection = try opened()
        let sent = parameters.withPointers { pointers in
            PQsendQueryPrepared(connection, name, Int32(pointers.count), pointers.baseAddress, nil, nil, 0)
        }
        return try answer(to: key.sql, sent: sent, by: deadline)
    }

    // MARK: The conversation

    /// Sends what is queued and reads until the server is ready for the next statement, or, where it `copies`, until
    /// the COPY has begun.
    func answer(
        to statement: String,
        sent: Int32,
        by deadline: ContinuousClock.Instant,
        copies: Bool = false
    ) throws(PostgresError) -> Answer {
        let connection = try opened()
        var last: Answer?
        var failure: PostgresError?
        guard sent == 1 else {
            throw lost(statement, nil)
        }
        while true {
            let unsent = PQflush(connection)
            guard unsent >= 0 else {
                throw lost(statement, failure)
            }
            if unsent == 0, PQisBusy(connection) == 0 {
                guard let result = PQgetResult(connection) else {
                    break
                }
                let answer = Answer(result)
                failure = failure ?? answer.failure(of: statement)
                last = answer
                if [PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH].contains(answer.status) {
                    if copies { return answer }
                    close()
                    throw PostgresError(.configuration, "COPY has calls of its own: copyIn and copyOut.")
                }
                continue
            }
            let events = unsent == 0 ? POLLIN : POLLIN | POLLOUT
            guard wait(for: events, by: deadline) else {
                throw timedOut(statement)
            }
            guard PQconsumeInput(connection) == 1 else {
                throw lost(statement, failure)
            }
        }
        if PQstatus(connection) == CONNECTION_BAD {
            throw lost(statement, failure)
        }
        if let failure {
            throw failure
        }
        guard let last else {
            throw lost(statement, nil)
        }
        return last
    }

    func opened() throws(PostgresError) -> OpaquePointer {
        guard let connection else {
            throw PostgresError(.connectionLost, "The connection to the database was lost earlier.")
        }
        return connection
    }

    /// Closes the session, which did not answer in time, and says so.
    func timedOut(_ statement: String) -> PostgresError {
        close()
        var error = PostgresError(.timedOut, "The database did not answer in time.")
        error.statement = statement
        return error
    }

    /// Closes the session and says so, with whatever the server still said.
    func lost(_ statement: String, _ lastWords: PostgresError?) -> PostgresError {
        var error = PostgresError(.connectionLost, "The connection to the database was lost.")
        error.serverText = lastWords?.serverText ?? connection.map { String(cString: PQerrorMessage($0)) }
        error.statement = statement
        error.sqlState = lastWords?.sqlState
        error.severity = lastWords?.severity
        close()
        return error
    }

    /// Waits until the socket is readable or writable; false when the deadline came first.
    func wait(for events: Int32, by deadline: ContinuousClock.Instant) -> Bool {
        var socket = pollfd(fd: PQsocket(connection), events: Int16(events), revents: 0)
        while true {
            let left = ContinuousClock.now.duration(to: deadline).milliseconds
            guard left > 0 else {
                return false
            }
            // One millisecond more, because `left` is rounded down; a signal that interrupts poll() starts it anew.
            let ready = poll(&socket, 1, Int32(clamping: left + 1))
            if ready > 0 || (ready < 0 && errno != EINTR) {
                return true
            }
        }
    }

    // MARK: Connecting

    private static func start(_ parameters: [(keyword: String, value: String)]) -> OpaquePointer? {
        var keywords = parameters.map { strdup($0.keyword).map { UnsafePointer($0) } } + [nil]
        var values = parameters.map { strdup($0.value).map { UnsafePointer($0) } } + [nil]
        defer {
            for text in keywords + values {
                free(UnsafeMutablePointer(mutating: text))
            }
        }
        return PQconnectStartParams(&keywords, &values, 1)
    }

    private func finishConnecting(by deadline: ContinuousClock.Instant) throws(PostgresError) {
        var next = PGRES_POLLING_WRITING
        while next != PGRES_POLLING_OK {
            guard PQstatus(connection) != CONNECTION_BAD, next != PGRES_POLLING_FAILED else {
                throw refused("The database refused the connection.")
            }
            guard wait(for: next == PGRES_POLLING_READING ? POLLIN : POLLOUT, by: deadline) else {
                throw refused("The database did not answer the connection in time.")
            }
            next = PQconnectPoll(connection)
        }
    }

    /// libpq offers the SQLSTATE of a refused connection only inside its verbose message: `FATAL:  28P01: …`.
    private func refused(_ summary: String) -> PostgresError {
        let text = connection.map { String(cString: PQerrorMessage($0)) } ?? ""
        var error = PostgresError(.connectionFailed, summary, serverText: text)
        error.sqlState = text.firstMatch(of: #/: {2}([0-9A-Z]{5}):/#).map { SQLState(rawValue: String($0.1)) }
        return error
    }
}

/// What the server said outside any statement: that it ends the session, a moment before it does.
///
/// libpq hands such an error over as a notice and takes the session for sound until the socket closes.
private final class LastWords {
    private(set) var isGoing = false

    func hear(_ state: String) {
        if state.hasPrefix("57P") || state == SQLState.idleInTransactionTimeout.rawValue { isGoing = true }
    }
}
