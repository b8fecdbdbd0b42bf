package import RPC

/// What every service serves that keeps something about guests, or keeps something that grows.
///
/// How long each keeps what is its own setting; the scheduler only asks, again and again until nothing is left to erase.
package enum RetentionV1 {
    package static let service = "upvendo.retention.v1.Retention"

    /// Erases what has been kept long enough, a bounded number of rows at a time.
    ///
    /// It reaches over all merchants, so only a caller for all of them may ask.
    package static let eraseExpired = RPCMethod<EraseExpiredRequest, EraseExpiredResponse>(
        service,
        "EraseExpired",
        .idempotent,
        summary: "Erases what has been kept long enough, a bounded number of rows at a time."
    )
}

package struct EraseExpiredRequest: Codable, Hashable, Sendable {
    /// How many rows at most; absent: 1000.
    package var limit: Int?

    package init(limit: Int? = nil) {
        self.limit = limit
    }
}

package struct EraseExpiredResponse: Codable, Hashable, Sendable {
    package var erased: [ErasedRows]
    /// There is more to erase: ask again.
    package var isMore: Bool

    package init(erased: [ErasedRows], isMore: Bool) {
        self.erased = erased
        self.isMore = isMore
    }
}

package struct ErasedRows: Codable, Hashable, Sendable {
    /// Such as `guests_of_orders`.
    package var what: String
    package var rows: Int

    package init(what: String, rows: Int) {
        self.what = what
        self.rows = rows
    }
}

package enum RetentionLimits {
    package static let rows = 1...10_000
}

extension EraseExpiredRequest {
    /// How many rows at most: 1000 where nothing was said.
    ///
    /// Throws `invalid_argument` for a number that is out of bounds.
    package func rows() throws(RPCError) -> Int {
        let rows = limit ?? 1000
        let bounds = RetentionLimits.rows
        guard bounds.contains(rows) else {
            throw .invalid([
                FieldProblem("limit", "is \(rows)", accepted: "\(bounds.lowerBound) to \(bounds.upperBound)")
            ])
        }
        return rows
    }
}

extension EraseExpiredRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        ["limit": .number(RetentionLimits.rows, "How many rows at most; 1000 without it.")]
    }

    package static var schemaExample: (any Encodable & Sendable)? { EraseExpiredRequest(limit: 1000) }
}
