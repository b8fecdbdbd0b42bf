import Contracts
import Logging
import RPC
import TableAllocatorStorage

// QR codes on tables (rules K12, K22).

extension TableAllocatorService {
    func resolveTable(_ request: ResolveTableRequest, context: CallContext) async throws -> ResolveTableResponse {
        var merchants = context.caller.merchants
        if let merchant = request.merchantId {
            try context.caller.requireAccess(to: merchant)
            merchants = .only([merchant])
        }
        guard let table = try await codes.table(withCode: request.qrCode, visibleTo: merchants) else {
            throw TableCodeError.unknownCode
        }
        return ResolveTableResponse(
            merchantId: table.merchant,
            locationId: table.location,
            tableNumber: table.number,
            name: table.name,
            section: table.section
        )
    }

    func renewTableCode(_ request: RenewTableCodeRequest, context: CallContext) async throws -> RenewTableCodeResponse {
        var problems = [Section.problem("actor", request.actor, longest: TableLimits.longestActor)].compactMap(\.self)
        if !TableLimits.tableNumber.contains(request.tableNumber) {
            problems.append(
                FieldProblem("tableNumber", "is \(request.tableNumber)", accepted: "a number from 1")
            )
        }
        guard problems.isEmpty else { throw RPCError.invalid(problems) }
        let renewal = try await codes.renew(
            request.qrCode,
            ofTable: request.tableNumber,
            of: request.merchantId,
            at: request.locationId,
            actor: request.actor
        )
        switch renewal {
        case .renewed(let table):
            context.logger.notice(
                "QR code replaced",
                metadata: ["location": "\(table.location)", "table": "\(table.number)"]
            )
            return RenewTableCodeResponse(changed: true, qrCode: table.code)
        case .already(let table): return RenewTableCodeResponse(changed: false, qrCode: table.code)
        case .unknown: throw TableCodeError.notThatTables
        }
    }
}
