import Contracts
import Foundation
import RPC

/// When an order is first tried, and when it is too late for it.
struct OrderTiming: Sendable {
    /// How long before it is picked up an order goes to the register.
    var pickupLead = Duration.seconds(30 * 60)
    /// How long after its acceptance, or its pickup where that is later, an order of which nothing was sent is given up.
    var expireAfter = Duration.seconds(24 * 60 * 60)

    /// How an order begins: at once, or waiting for its time.
    func first(_ content: SubmitOrderRequest, now: Date) -> (state: OrderState, progress: Progress, dueAt: Date?) {
        var progress = Progress()
        let lead = Double(pickupLead.milliseconds) / 1000
        guard let pickup = content.pickupAt, pickup.addingTimeInterval(-lead) > now else {
            return (.accepted, progress, nil)
        }
        let due = pickup.addingTimeInterval(-lead)
        progress.reason = "scheduled"
        progress.explanation = "The order is for later; it goes to the register at \(RFC3339.text(due))."
        progress.resume = .accepted
        return (.waiting, progress, due)
    }
}
