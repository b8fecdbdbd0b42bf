import Contracts
import RPC

/// How a bill that holds an order of ours is to be settled: the rules under "Money at the end", with no I/O.
enum Settlement: Equatable {
    /// Pay the whole bill.
    case settle(amountCents: Cents, surplusCents: Cents)
    /// Put what was paid on the bill and leave it to the staff.
    case deposit(amountCents: Cents)
    /// The bill holds our lines twice, and we may have sent them twice: nothing is paid.
    case doubled
    /// Our lines are not on the bill any more: staff paid, moved or removed them.
    case billGone

    /// What to do with a bill as it is now.
    ///
    /// `placements` says how many attempts it took to place the order. Only after more than one can our own lines stand
    /// on the bill twice; after a single one, equal lines are somebody else's.
    static func decide(
        order: Order,
        bill: Bill,
        growth: BillGrowth,
        placements: Int,
        onMismatch: MismatchPolicy
    ) -> Settlement {
        guard bill.isOpen else { return .billGone }
        // Ours was paid or moved, and somebody else sits there now: perhaps with the same dishes.
        if order.progress.sawMark ?? false, !growth.hasMark { return .billGone }
        switch growth.ours.knownValue {
        case .twice where placements > 1: return .doubled
        case .absent where !growth.hasMark: return .billGone
        default: break
        }
        let paid = order.payableCents
        guard growth.isOursAlone else { return .deposit(amountCents: paid) }
        if bill.openCents == paid { return .settle(amountCents: paid, surplusCents: 0) }
        guard onMismatch == .settle, bill.openCents < paid else { return .deposit(amountCents: paid) }
        return .settle(amountCents: bill.openCents, surplusCents: paid - bill.openCents)
    }

    /// Whether the bill and the payment disagree in a way that somebody has to look at (rule K33).
    ///
    /// On a table with foreign lines a deposit is the normal way, and a difference says nothing.
    static func isMismatch(order: Order, bill: Bill, growth: BillGrowth) -> Bool {
        growth.isOursAlone && growth.growthCents != order.payableCents
    }
}
