import Foundation
import RPC
import TableAllocatorStorage

/// Why an order has no table, or no longer has it.
enum AllocationError: Error {
    /// The request breaks a rule whatever the state of the tables; names every breach.
    case invalid([FieldProblem])
    /// The guest's table is another order's at the moment (mode `named`).
    case tableBusy(holder: Lease)
    /// Another order of the location is between asking and placed (mode `virtual`).
    case placementUnderWay(holder: Lease)
    /// The table, or the place, is free, and that order has waited for it longer.
    case queued(behind: UUID, since: Date)
    /// The register keeps naming a number that we hold (mode `virtual`).
    case tableInDoubt(table: Int, holder: Lease)
    /// A write of that order to the table had no answer and may still take effect.
    case tableUnsettled(table: Int, order: UUID, until: Date)
    /// The register names a number that has a bill again and again, after a write to it had no answer.
    case tableNotEmpty(table: Int)
    /// The register has no free number, or every table of the sections is taken.
    case noFreeTable
    /// Physical tables were asked for, and the location has none.
    case unknownSection
    /// The token is not the live one any more.
    case leaseLost
    /// The number that a virtual lease was given is another order's by now, or is not settled.
    case tableTaken(table: Int, holder: Lease?)
    /// The order has its lease at another location.
    case orderElsewhere(Lease)
    /// The setting `gateways` does not name this one.
    case unknownGateway(String)
    /// The register cannot be asked until somebody or something changes; in the gateway's words.
    case registerBlocked(reason: String, message: String, nextAction: NextAction?)
    /// The gateway gave no usable answer.
    case gatewayUnavailable(cause: any Error)
}

/// Why a section was not changed or found.
enum SectionError: Error {
    case invalid([FieldProblem])
    case nameTaken(by: String)
    /// An integration keeps it.
    case ofIntegration(String)
    /// The table belongs to a section that an integration keeps.
    case tableOfIntegration(Int, section: String)
    case unknown(String)
}
