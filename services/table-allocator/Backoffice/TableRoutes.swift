import Contracts
import Crypto
import Foundation
import Hummingbird
import OpenAPI
import RPC
import RPCServer
import TableAllocatorStorage

/// The QR codes of tables as files, for the backoffice (rules K12, K22): `/api/backoffice/tables/{locationId}`.
///
/// The merchant is the one that the caller's token names; a token for several says which in `x-merchant-id`.
struct TableRoutes: Sendable {
    /// What a caller's token must list to use these routes.
    static let service = "upvendo.backoffice.tables.v1"
    private static let path = "/api/backoffice/tables/{locationId}"

    /// What is served and published: every route, with the method that answers it.
    static let endpoints: [Endpoint<Self>] = [
        .file(
            "image/svg+xml",
            "\(path)/{tableNumber}/qr.svg",
            service: service,
            id: "drawTableCode",
            summary: "A table's QR code as an SVG, with the table's name below.",
            parameters: [
                .locationInPath,
                APIParameter("tableNumber", in: .path, Int.self, example: "12", "The table's number, from 1."),
                .merchantHeader,
            ],
            drawing
        ),
        .file(
            "application/pdf",
            "\(path)/qr.pdf",
            service: service,
            id: "printTableCodes",
            summary: "The QR codes of all tables as a PDF: twelve to a page, each section on pages of its own.",
            parameters: [
                .locationInPath,
                .merchantHeader,
                APIParameter(
                    "section",
                    in: .query,
                    String.self,
                    isRequired: false,
                    "The tables of that section alone."
                ),
            ],
            print
        ),
    ]

    let codes: TableCodeStore
    /// `nil` where the setting is not set.
    let address: QRAddress?

    func serve(on router: RPCRouter) { router.serve(Self.endpoints, by: self) }

    /// One table's code.
    func drawing(_ call: RouteCall, _ context: CallContext) async throws -> RouteFile {
        let merchant = try call.merchant(for: context.caller)
        let location: LocationID = try call.identifier("locationId")
        guard let number = call.parameters.get("tableNumber").flatMap({ Int($0) }), number > 0 else {
            throw RPCError.invalid([FieldProblem("tableNumber", "is no number", accepted: "a number from 1")])
        }
        guard let address else { throw TableCodeError.noAddress }
        guard let table = try await codes.table(number, of: merchant, at: location) else {
            throw TableCodeError.unknownTable(number)
        }
        let bytes = try QRCodeSVG(label: QRLabel(table, address)).bytes()
        let tag = SHA256.hash(data: bytes).prefix(16).map { String(Int($0) + 0x100, radix: 16).dropFirst() }.joined()
        return RouteFile("table-\(number).svg", tag: tag, bytes)
    }

    /// The codes of a location, or of one of its sections.
    func print(_ call: RouteCall, _ context: CallContext) async throws -> RouteFile {
        let merchant = try call.merchant(for: context.caller)
        let location: LocationID = try call.identifier("locationId")
        let section = call.query.get("section")
        if let section, let problem = Section.problem("section", section, longest: Section.longestName) {
            throw RPCError.invalid([problem])
        }
        guard let address else { throw TableCodeError.noAddress }
        let tables = try await codes.tables(of: merchant, at: location, inSection: section)
        guard !tables.isEmpty else { throw TableCodeError.unknownSection(section) }
        let pdf = QRCodePDF(title: "QR codes of \(location)", tables: tables, address)
        return RouteFile("qr-\(location).pdf", tag: pdf.tag) { try await pdf.write(to: $0) }
    }
}

extension QRCodePDF {
    /// The codes of tables that are sorted by section.
    fileprivate init(title: String, tables: [CodedTable], _ address: QRAddress) {
        var sections: [(name: String, labels: [QRLabel])] = []
        for table in tables {
            if sections.last?.name != table.section { sections.append((table.section, [])) }
            sections[sections.count - 1].labels.append(QRLabel(table, address))
        }
        self.init(title: title, sections: sections.map { Section(name: $0.name, labels: $0.labels) })
    }
}
