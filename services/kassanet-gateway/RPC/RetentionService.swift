import Contracts
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
        guard case .all = context.caller.merchants else {
            throw RPCError(
                .permissionDenied,
                "The caller \(context.caller.name) may not erase: that reaches over all merchants. Its token lists some.",
                reason: "merchant_not_allowed",
                nextAction: .callSupport
            )
        }
        let limit = request.limit ?? 1_000
        guard RetentionLimits.rows.contains(limit) else {
            throw RPCError.invalid([FieldProblem("limit", "is \(limit)", accepted: "1 to 10000")])
        }
        let deleted = try await attempts.deleteSettled(olderThan: keeping, limit: limit)
        return EraseExpiredResponse(
            erased: [ErasedRows(what: "attempts", rows: deleted)],
            isMore: deleted == limit
        )
    }
}
