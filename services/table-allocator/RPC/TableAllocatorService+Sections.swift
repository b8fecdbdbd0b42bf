import Contracts
import RPC
import TableAllocatorStorage

// Sections of a location (rule K12).

extension TableAllocatorService {
    func putSection(_ request: PutSectionRequest, context: CallContext) async throws -> PutSectionResponse {
        let section = try Section(request)
        try Self.allow(try await sections.put(section), section.name)
        return PutSectionResponse(tables: section.tables.count)
    }

    func getSection(_ request: SectionRequest, context: CallContext) async throws -> SectionResponse {
        let found = try await sections.sections(
            of: request.merchantId,
            at: request.locationId,
            named: request.name,
            timeZone: try Self.zone(request.timeZone)
        )
        guard let section = found.first else { throw SectionError.unknown(request.name) }
        return SectionResponse(section: section)
    }

    func listSections(_ request: ListSectionsRequest, context: CallContext) async throws -> ListSectionsResponse {
        ListSectionsResponse(
            sections: try await sections.sections(
                of: request.merchantId,
                at: request.locationId,
                timeZone: try Self.zone(request.timeZone)
            )
        )
    }

    func deleteSection(_ request: SectionRequest, context: CallContext) async throws -> DeleteSectionResponse {
        let change = try await sections.delete(
            request.name,
            of: request.merchantId,
            at: request.locationId,
            by: request.provider
        )
        if change == .absent { return DeleteSectionResponse(changed: false) }
        try Self.allow(change, request.name)
        return DeleteSectionResponse(changed: true)
    }

    private static func allow(_ change: SectionChange, _ name: String) throws(SectionError) {
        switch change {
        case .done: return
        case .absent: throw .unknown(name)
        case .nameTaken(let other): throw .nameTaken(by: other)
        case .ofIntegration: throw .ofIntegration(name)
        case .tableOfIntegration(let table, let section): throw .tableOfIntegration(table, section: section)
        }
    }

    private static func zone(_ name: String?) throws(SectionError) -> String {
        guard let name else { return "UTC" }
        if let problem = problem(withTimeZone: name) { throw .invalid([problem]) }
        return name
    }
}
