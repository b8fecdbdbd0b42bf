import RPC

extension SectionError: RPCErrorConvertible {
    var rpcError: RPCError {
        switch self {
        case .invalid(let fields):
            .invalid(fields)
        case .nameTaken(let other):
            RPCError(
                .alreadyExists,
                "The location has a section \(other) already. Names are unique, whatever their case: choose another.",
                reason: "section_name_taken",
                nextAction: .fixRequest,
                fields: [FieldProblem("name", "is taken by \(other)", accepted: "a name no other section has")]
            )
        case .ofIntegration(let name):
            RPCError(
                .failedPrecondition,
                "Section \(name) comes from an integration. Its tables can be named by hand; tables are added and removed "
                    + "on the register and by the next import, and the section goes when the integration is deleted.",
                reason: "section_of_integration",
                nextAction: .fixRequest,
                fields: [FieldProblem("name", "names a section of an integration")]
            )
        case .tableOfIntegration(let table, let section):
            RPCError(
                .failedPrecondition,
                "Table \(table) belongs to section \(section), which comes from an integration. Leave it there.",
                reason: "section_of_integration",
                nextAction: .fixRequest,
                fields: [FieldProblem("tables", "holds \(table), which belongs to \(section)")]
            )
        case .unknown(let name):
            RPCError(
                .notFound,
                "The location has no section \(name). ListSections names those it has.",
                reason: "unknown_section",
                nextAction: .fixRequest
            )
        }
    }
}
