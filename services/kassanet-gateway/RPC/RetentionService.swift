import Contracts
import Logging
import RPC
import RPCServer

/// `Retention` v1: attempts that have been kept long enough are deleted, when the scheduler asks.
struct RetentionService: Sendable {
    /// What is served and published.
    static let endpoints: [Endpoint<Self>] = [.procedure(RetentionV1.eraseExpired, eraseExpired)]

    let attempts: AttemptStore
    /// How long an attempt is kept.
    let keeping: Duration

    func serve(on router: RPCRouter) { router.serve(Self.endpoints, by: self) }

    func eraseExpired(_ request: EraseExpiredRequest, _ context: CallContext) async throws -> EraseExpiredResponse {
        try context.caller.requireAccessToAllMerchants()
        let limit = try request.rows()
        let deleted = try await attempts.deleteSettled(olderThan: keeping, limit: limit)
        if deleted > 0 {
            context.logger.info("Old attempts deleted", metadata: ["attempts": "\(deleted)"])
        }
        return EraseExpiredResponse(
            erased: [ErasedRows(what: "attempts", rows: deleted)],
            isMore: deleted == limit
        )
    }
}
