extension PostgresConnection {
    /// Writes rows into a table through COPY, the fastest way in, and returns how many there were.
    ///
    /// Rows are taken as fast as the server takes them: at most one chunk is in memory. All of them are stored or none;
    /// inside a transaction they share its fate. `table` and `columns` are names the program itself wrote. Each chunk
    /// has the time of one statement; the server's own statement timeout holds for the whole, so set it higher for long
    /// copies. Throws what `rows` throws, after which nothing is stored.
    package func copyIn<Rows: AsyncSequence>(
        _ table: String,
        columns: [String],
        rows: Rows
    ) async throws -> Int where Rows.Element == CopyRow {
        try Task.checkCancellation()
        let sql = copyStatement(table, columns)
        try await connection.beginCopy(sql, in: lease)
        do {
            var chunk: [UInt8] = []
            chunk.reserveCapacity(Self.copyChunk * 2)
            for try await row in rows {
                chunk.append(contentsOf: row.line.utf8)
                guard chunk.count >= Self.copyChunk else { continue }
                try Task.checkCancellation()
                try await connection.putCopy(chunk, in: lease)
                chunk.removeAll(keepingCapacity: true)
            }
            if !chunk.isEmpty { try await connection.putCopy(chunk, in: lease) }
        } catch {
            await connection.cancelCopyIn(in: lease)
            throw error
        }
        return try await connection.endCopyIn(sql, in: lease).affectedRows
    }

    /// Writes the rows of a buffer into a table through COPY and returns how many there were.
    ///
    /// As ``copyIn(_:columns:rows:)``, for rows that are all there already.
    package func copyIn(_ table: String, columns: [String], _ buffer: CopyBuffer) async throws -> Int {
        guard buffer.rows > 0 else { return 0 }
        try Task.checkCancellation()
        let sql = copyStatement(table, columns)
        return try await metrics.measure {
            try await connection.beginCopy(sql, in: lease)
            do {
                try await connection.putCopy(buffer.finished, in: lease)
            } catch {
                await connection.cancelCopyIn(in: lease)
                throw error
            }
            return try await connection.endCopyIn(sql, in: lease).affectedRows
        }
    }

    private func copyStatement(_ table: String, _ columns: [String]) -> String {
        let names = columns.map { "\"\($0.replacing("\"", with: "\"\""))\"" }.joined(separator: ", ")
        return "COPY \"\(table.replacing("\"", with: "\"\""))\" (\(names)) FROM STDIN"
    }

    /// Reads what a query returns through COPY, in pieces of COPY's text format, each a whole number of lines.
    ///
    /// The next piece is read when `consume` has returned; at most one is in memory. Throws what `consume` throws, after
    /// which the session is closed, because the rest of the answer is still on its way.
    package func copyOut(_ query: String, _ consume: (String) async throws -> Void) async throws {
        try Task.checkCancellation()
        try await connection.beginCopy("COPY (\(query)) TO STDOUT", in: lease)
        do {
            while true {
                let (bytes, isLast) = try await connection.takeCopy(atLeast: Self.copyChunk, in: lease)
                if !bytes.isEmpty { try await consume(String(decoding: bytes, as: UTF8.self)) }
                if isLast { return }
                try Task.checkCancellation()
            }
        } catch {
            await connection.close()
            throw error
        }
    }

    private static let copyChunk = 64 * 1024
}

extension PostgresTransaction {
    /// As ``PostgresConnection/copyIn(_:columns:rows:)``, inside the transaction.
    package func copyIn<Rows: AsyncSequence>(
        _ table: String,
        columns: [String],
        rows: Rows
    ) async throws -> Int where Rows.Element == CopyRow {
        try await connection.copyIn(table, columns: columns, rows: rows)
    }

    /// As ``PostgresConnection/copyIn(_:columns:_:)``, inside the transaction.
    @discardableResult
    package func copyIn(_ table: String, columns: [String], _ buffer: CopyBuffer) async throws -> Int {
        try await connection.copyIn(table, columns: columns, buffer)
    }

    /// As ``PostgresConnection/copyOut(_:_:)``, inside the transaction.
    package func copyOut(_ query: String, _ consume: (String) async throws -> Void) async throws {
        try await connection.copyOut(query, consume)
    }
}
