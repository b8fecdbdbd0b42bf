import Foundation
import RPC

/// What a caller learns when an order gets no table or loses it.
extension AllocationError: RPCErrorConvertible {
    var rpcError: RPCError {
        switch self {
        case .invalid(let fields):
            .invalid(fields)
        case .tableBusy(let holder):
            waiting("table_busy", "\(holder.table) is held by order \(holder.orderAndSince).")
        case .placementUnderWay(let holder):
            waiting(
                "table_busy",
                "Another order of this location is being placed: order \(holder.orderAndSince). The register names the "
                    + "same number to both until then."
            )
        case .tableInDoubt(let table, let holder):
            waiting(
                "table_in_doubt",
                "The register calls table \(table) free, but order \(holder.orderAndSince) holds it."
            )
        case .noFreeTable:
            waiting("no_free_table", "No free table numbers available")
        case .unknownSection:
            RPCError(
                .notFound,
                "The location has no section with tables. Import its tables, or set them with PutSection.",
                reason: "unknown_section",
                nextAction: .callSupport
            )
        case .leaseLost:
            RPCError(
                .failedPrecondition,
                "The order does not hold this table any more: the lease has expired, was released or was replaced. "
                    + "Allocate again before anything is sent.",
                reason: "lease_lost"
            )
        case .orderElsewhere(let lease):
            RPCError(
                .alreadyExists,
                "The order has a lease at location \(lease.owner.location). An order belongs to one location.",
                reason: "order_elsewhere",
                nextAction: .fixRequest
            )
        case .unknownGateway(let name):
            .invalid([FieldProblem("gateway", "is \(name)", accepted: "a gateway that the setting GATEWAYS names")])
        case .registerBlocked(let reason, let message, let nextAction):
            RPCError(.failedPrecondition, message, reason: reason, nextAction: nextAction)
        case .gatewayUnavailable(let cause):
            RPCError(
                .unavailable,
                "The gateway gave no answer about the register's tables. Nothing was reserved; try again in a moment.",
                reason: "gateway_unavailable",
                nextAction: .retry,
                cause: cause
            )
        }
    }

    private func waiting(_ reason: String, _ message: String) -> RPCError {
        RPCError(.failedPrecondition, message, reason: reason, nextAction: .wait)
    }
}

extension Lease {
    fileprivate var table: String { tableNumber.map { "Table \($0)" } ?? "The table" }

    fileprivate var orderAndSince: String {
        "\(owner.order.uuidString.lowercased()) since \(RFC3339.text(since))"
    }
}
