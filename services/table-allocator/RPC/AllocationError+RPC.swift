import Foundation
import RPC
import TableAllocatorStorage

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
        case .queued(let order, let since):
            waiting("table_busy", "Order \(order.text) has waited since \(RFC3339.text(since)) and goes first.")
        case .tableInDoubt(let table, let holder):
            waiting(
                "table_in_doubt",
                "The register calls table \(table) free, but order \(holder.orderAndSince) holds it."
            )
        case .tableUnsettled(let table, let order, let until):
            waiting(
                "table_in_doubt",
                "Order \(order.text) wrote to table \(table) and had no answer. Until \(RFC3339.text(until)) that may "
                    + "still take effect; then the table's bill is read and the table can be given again."
            )
        case .tableNotEmpty(let table):
            waiting(
                "table_in_doubt",
                "The register calls table \(table) free, but there is a bill on it, after a write that had no answer. "
                    + "Settle or remove that bill on the register."
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
        case .tableTaken(let table, let holder):
            RPCError(
                .failedPrecondition,
                "Table \(table) is not free any more: "
                    + (holder.map { "order \($0.orderAndSince) holds it." } ?? "another order has it, or had it last.")
                    + " Nothing was sent; allocate again.",
                reason: "table_taken"
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

    fileprivate var orderAndSince: String { "\(owner.order.text) since \(RFC3339.text(since))" }
}

extension UUID {
    fileprivate var text: String { uuidString.lowercased() }
}
