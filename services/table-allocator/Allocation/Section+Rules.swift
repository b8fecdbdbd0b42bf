import Contracts
import Foundation
import RPC
import TableAllocatorStorage

extension Section {
    static let longestName = 25
    static let longestLabel = 10
    static let longestTableName = 20
    static let longestProvider = 20
    static let mostTables = 2000

    /// The section a request asks for; throws ``SectionError/invalid(_:)`` with every breach of rule K12, not just the first.
    ///
    /// Characters are counted as the database counts them: Unicode scalars.
    init(_ request: PutSectionRequest) throws(SectionError) {
        var problems = [Self.problem("name", request.name, longest: Self.longestName)].compactMap(\.self)
        if let label = request.label, let problem = Self.problem("label", label, longest: Self.longestLabel) {
            problems.append(problem)
        }
        if let provider = request.provider {
            if let problem = Self.problem("provider", provider, longest: Self.longestProvider) {
                problems.append(problem)
            } else if !request.name.lowercased().hasPrefix(provider.lowercased()) {
                problems.append(
                    FieldProblem(
                        "name",
                        "does not begin with the provider",
                        accepted: "\(provider.capitalized), then a name; at most \(Self.longestName) characters in all"
                    )
                )
            }
        }
        if request.tables.count > Self.mostTables {
            problems.append(
                FieldProblem("tables", "has \(request.tables.count) tables", accepted: "at most \(Self.mostTables)")
            )
        }
        var seen: Set<Int> = []
        for (index, table) in request.tables.prefix(Self.mostTables).enumerated() {
            if let name = table.name,
                let problem = Self.problem("tables[\(index)].name", name, longest: Self.longestTableName)
            {
                problems.append(problem)
            }
            let field = "tables[\(index)].tableNumber"
            if table.tableNumber < 1 {
                problems.append(FieldProblem(field, "is \(table.tableNumber)", accepted: "a number from 1"))
            } else if !seen.insert(table.tableNumber).inserted {
                problems.append(FieldProblem(field, "repeats \(table.tableNumber)", accepted: "each number once"))
            }
        }
        guard problems.isEmpty else { throw .invalid(problems) }
        self.init(
            merchant: request.merchantId,
            location: request.locationId,
            name: request.name,
            provider: request.provider,
            label: request.label,
            tables: request.tables
        )
    }

    /// What is wrong with a text that people read, as rule K12 bounds it.
    static func problem(_ field: String, _ text: String, longest: Int) -> FieldProblem? {
        let scalars = text.unicodeScalars
        let accepted = "1 to \(longest) characters, none of them a control character"
        if scalars.allSatisfy(\.properties.isWhitespace) { return FieldProblem(field, "is empty", accepted: accepted) }
        if scalars.count > longest {
            return FieldProblem(field, "has \(scalars.count) characters", accepted: accepted)
        }
        return scalars.contains { $0.properties.generalCategory == .control }
            ? FieldProblem(field, "has a control character", accepted: accepted) : nil
    }
}
