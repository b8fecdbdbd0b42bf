import CLibPQ
import Foundation

/// One row of an answer.
///
/// Columns are decoded when they are asked for.
package struct Row: Sendable {
    let answer: Answer
    let index: Int32

    /// The value of the column of that name.
    ///
    /// - Throws: A `.decoding` error that names the column, the expected type and what was found.
    package subscript<Value: PostgresDecodable>(_ column: String, as type: Value.Type = Value.self) -> Value {
        get throws {
            guard let position = answer.position(of: column) else {
                throw PostgresError(.decoding, "There is no column \(column) in the answer.")
            }
            return try decode(position, as: type)
        }
    }

    /// The values of the first columns, in order: `let (id, name) = try row.decode(UUID.self, String?.self)`.
    ///
    /// - Throws: A `.decoding` error that names the column, the expected type and what was found.
    package func decode<each Value: PostgresDecodable>(
        _ types: repeat (each Value).Type
    ) throws
        -> (repeat each Value)
    {
        var position: Int32 = 0
        func next<Next: PostgresDecodable>(_ type: Next.Type) throws -> Next {
            defer { position += 1 }
            guard position < answer.columnCount else {
                throw PostgresError(.decoding, "The answer has only \(answer.columnCount) columns.")
            }
            return try decode(position, as: type)
        }
        return (repeat try next(each types))
    }

    private func decode<Value: PostgresDecodable>(_ column: Int32, as type: Value.Type) throws -> Value {
        try answer.withCell(index, column) { cell in
            do {
                return try Value(postgres: cell)
            } catch {
                let found = (error as? PostgresCell.Mismatch)?.found ?? "something unreadable"
                throw PostgresError(.decoding, "Column \(answer.name(of: column)) should be \(type), found \(found).")
            }
        }
    }
}

/// What the server answered to one statement, fully received.
///
/// Owns the `PGresult`.
final class Answer: @unchecked Sendable {  // a PGresult is never changed after it is complete, and freed only in deinit
    private let result: OpaquePointer

    init(_ result: OpaquePointer) {
        self.result = result
    }

    deinit {
        PQclear(result)
    }

    var rows: [Row] {
        (0..<PQntuples(result)).map { Row(answer: self, index: $0) }
    }

    var status: ExecStatusType { PQresultStatus(result) }

    var columnCount: Int32 { PQnfields(result) }

    /// How many rows the statement inserted, updated, deleted or returned.
    var affectedRows: Int {
        Int(String(cString: PQcmdTuples(result))) ?? 0
    }

    /// The command the server says it completed, such as `COMMIT`.
    var command: String {
        String(cString: PQcmdStatus(result))
    }

    func name(of column: Int32) -> String {
        PQfname(result, column).map { String(cString: $0) } ?? "\(column)"
    }

    func position(of column: String) -> Int32? {
        column.withCString { name in
            (0..<columnCount).first { strcmp(PQfname(result, $0), name) == 0 }
        }
    }

    func withCell<Value>(_ row: Int32, _ column: Int32, _ body: (PostgresCell) throws -> Value) rethrows -> Value {
        let type = PostgresType(rawValue: PQftype(result, column))
        guard PQgetisnull(result, row, column) == 0, let value = PQgetvalue(result, row, column) else {
            return try body(PostgresCell(type: type, utf8: nil))
        }
        let count = Int(PQgetlength(result, row, column))
        return try value.withMemoryRebound(to: UInt8.self, capacity: count) { start in
            try body(PostgresCell(type: type, utf8: UnsafeBufferPointer(start: start, count: count)))
        }
    }

    /// The error this answer is, if it is one.
    func failure(of statement: String) -> PostgresError? {
        guard status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE else {
            return nil
        }
        let text = PQresultErrorMessage(result).map { String(cString: $0) }
        var error: PostgresError
        if let state = field("C") {
            error = PostgresError(.server(SQLState(rawValue: state)), "The database refused the statement.")
        } else {
            error = PostgresError(.connectionLost, "The connection to the database was lost.")
        }
        error.serverText = text
        error.statement = statement
        error.severity = field("V")
        error.schema = field("s")
        error.table = field("t")
        error.column = field("c")
        error.constraint = field("n")
        return error
    }

    /// A field of an error, by the letter it has in the protocol.
    private func field(_ letter: Unicode.Scalar) -> String? {
        PQresultErrorField(result, Int32(letter.value)).map { String(cString: $0) }
    }
}
