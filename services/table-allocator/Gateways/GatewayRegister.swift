import Contracts
import RPC
import TableAllocatorStorage
import RPCClient

/// The registers behind one gateway, read over its contract.
struct GatewayRegister: Register {
    let client: RPCClient

    func freeTable(for owner: LeaseOwner, context: CallContext) async throws(AllocationError) -> Int? {
        let request = LocationRequest(merchantId: owner.merchant, locationId: owner.location)
        return try await ask(PosGatewayV1.askFreeTable, request, context).tableNumber
    }

    func bill(
        onTable number: Int,
        for owner: LeaseOwner,
        context: CallContext
    ) async throws(AllocationError) -> Bill {
        let request = ReadBillRequest(merchantId: owner.merchant, locationId: owner.location, tableNumber: number)
        return try await ask(PosGatewayV1.readBill, request, context).bill
    }

    private func ask<Message, Answer>(
        _ method: RPCMethod<Message, Answer>,
        _ message: Message,
        _ context: CallContext
    ) async throws(AllocationError) -> Answer {
        do {
            return try await client.call(method, message, context: context)
        } catch {
            throw AllocationError(gatewayError: error)
        }
    }
}

extension AllocationError {
    /// A gateway's error as ours: passed on where only the register's side can mend it, else the gateway is the trouble.
    init(gatewayError error: RPCError) {
        if let reason = error.reason, Self.passedOn.contains(reason) {
            self = .registerBlocked(reason: reason, message: error.message, nextAction: error.nextAction)
        } else {
            self = .gatewayUnavailable(cause: error)
        }
    }

    private static let passedOn: Set<String> = ["register_unreachable", "register_misconfigured", "not_connected"]
}
