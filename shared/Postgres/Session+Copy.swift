import CLibPQ
import Foundation

/// COPY, in both directions, a piece at a time.
extension Session {
    /// Starts a COPY that takes data in, or gives it out.
    func beginCopy(_ sql: String, limit: Duration) throws(PostgresError) {
        let open = try opened()
        _ = try answer(to: sql, sent: PQsendQuery(open, sql), by: .now + limit, copies: true)
    }

    /// Hands bytes over, as fast as the server takes them.
    func putCopy(_ bytes: [UInt8], limit: Duration) throws(PostgresError) {
        let connection = try opened()
        let deadline = ContinuousClock.now + limit
        while true {
            let result = bytes.withUnsafeBytes { bytes in
                PQputCopyData(connection, bytes.bindMemory(to: CChar.self).baseAddress, Int32(bytes.count))
            }
            guard result >= 0 else { throw lost("COPY", nil) }
            // Zero: libpq's buffer is full and nothing was taken.
            try flush(by: deadline)
            if result == 1 { return }
        }
    }

    /// Ends the data; with a reason, the server throws all of it away.
    func endCopyIn(_ sql: String, discarding reason: String? = nil, limit: Duration) throws(PostgresError) -> Answer {
        let connection = try opened()
        let deadline = ContinuousClock.now + limit
        while true {
            let result = PQputCopyEnd(connection, reason)
            guard result >= 0 else { throw lost(sql, nil) }
            if result == 1 { break }
            try flush(by: deadline)
        }
        return try answer(to: sql, sent: 1, by: deadline)
    }

    /// At least so many bytes of what comes, or all that is left, after which the COPY is over.
    func takeCopy(atLeast count: Int, limit: Duration) throws(PostgresError) -> (bytes: [UInt8], isLast: Bool) {
        let connection = try opened()
        let deadline = ContinuousClock.now + limit
        var piece: [UInt8] = []
        while piece.count < count {
            var line: UnsafeMutablePointer<CChar>?
            let length = PQgetCopyData(connection, &line, 1)
            if let line, length > 0 {
                piece.append(contentsOf: UnsafeRawBufferPointer(start: line, count: Int(length)))
                PQfreemem(line)
                continue
            }
            switch length {
            case 0:
                guard wait(for: POLLIN, by: deadline) else { throw timedOut("COPY") }
                guard PQconsumeInput(connection) == 1 else { throw lost("COPY", nil) }
            case -1:
                _ = try answer(to: "COPY", sent: 1, by: deadline)
                return (piece, true)
            default:
                throw lost("COPY", nil)
            }
        }
        return (piece, false)
    }

    private func flush(by deadline: ContinuousClock.Instant) throws(PostgresError) {
        let connection = try opened()
        while true {
            let unsent = PQflush(connection)
            guard unsent >= 0 else { throw lost("COPY", nil) }
            if unsent == 0 { return }
            guard wait(for: POLLIN | POLLOUT, by: deadline) else { throw timedOut("COPY") }
            // A server that has something to say, such as why it refuses, may block until it is heard.
            guard PQconsumeInput(connection) == 1 else { throw lost("COPY", nil) }
        }
    }
}
