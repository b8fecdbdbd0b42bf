import Contracts
import RPC

/// What was done of an action while the step before it was being committed.
enum HeadStart: Sendable {
    case none
    /// The order's lease is pinned, and live.
    case pinned
    /// All of it, or what kept it from being done.
    case done(OrderDesk.Outcome)
}

extension OrderDesk {
    /// Does of an action what needs no commit before it, so that both take their time together.
    ///
    /// That is reading a bill, and pinning the table of a write. The write itself waits for its intent to be committed. A
    /// lease that was pinned for an intent that then was not committed is found again by the order's next worker, to whom
    /// the allocator gives the same one.
    func headStart(on action: Action?, _ job: Job) async -> HeadStart {
        switch action {
        case .readBill?:
            return .done(await perform(.readBill, job))
        case .place?, .pay?:
            guard let action, let lease = job.order.progress.lease else { return .none }
            do throws(RPCError) {
                try await pin(lease, job)
                return .pinned
            } catch {
                return .done(Outcome(event: Self.event(error, of: action)))
            }
        default:
            return .none
        }
    }
}
