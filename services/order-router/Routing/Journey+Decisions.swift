import Contracts
import Foundation
import RPC

extension Journey {
    /// What follows from an event.
    ///
    /// `newAttempt`: makes the id of the next write, so that tests can know it.
    func decide(
        _ event: Event,
        for order: Order,
        on route: Route,
        newAttempt: () -> UUID = { UUID() }
    ) -> Decision {
        concluding(
            decision(event, for: order, on: route) { number in
                WriteIntent(attemptId: newAttempt(), number: number, phase: .intended, gateway: route.gateway)
            }
        )
    }

    /// An order that rests with a number it asked the register for lets others ask for theirs (rule K37: at most one order
    /// is between asking and placed).
    private func concluding(_ decision: Decision) -> Decision {
        guard case .store(let order, var followup) = decision, followup.wake != .now, followup.letGo == nil,
            order.mayBeOnRegister
        else { return decision }
        followup.letGo = order.concludesPlacement
        return .store(order, followup)
    }

    private func decision(
        _ event: Event,
        for order: Order,
        on route: Route,
        _ intend: (_ number: Int) -> WriteIntent
    ) -> Decision {
        switch event {
        case .tableAssigned(let table, let baseline):
            tableAssigned(table, baseline, order, intend)
        case .noTable(let reason, let explanation):
            noTable(reason, explanation, order)
        case .tableRegained(let table):
            .store(order.changed { $0.lease = table }, .init(.now))
        case .leaseLost:
            leaseLost(order)
        case .placement(let report):
            placement(
                report,
                ifUnsent: .after(pauses.pause(\.service, order.progress.fruitless)),
                order,
                route,
                intend
            )
        case .placementLookedUp(let report):
            // The new attempt goes out at once: only who has just committed one may send it.
            placement(report, ifUnsent: .now, order, route, intend)
        case .placementChecked(let check, let afterRefusal):
            placementChecked(check, afterRefusal: afterRefusal, order, intend)
        case .billRead(let bill, let growth):
            billRead(bill, growth, order, route, intend)
        case .payment(let report):
            payment(report, order, route)
        case .paymentChecked(let check):
            paymentChecked(check, order)
        case .tableReleased:
            tableReleased(order)
        case .obstacle(let obstacle, let detail):
            park(order, obstacle, detail: detail, route)
        case .held:
            held(order)
        case .unreadable(let detail):
            unreadable(detail, order)
        case .callRefused(let detail, let wasWrite):
            callRefused(detail, wasWrite: wasWrite, order)
        case .serviceFailed(let detail):
            serviceFailed(detail, order)
        }
    }
}
