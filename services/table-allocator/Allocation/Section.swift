import Contracts
import RPC

/// A section of a location and its tables, with names and numbers as rule K12 wants them.
struct Section: Sendable, Hashable {
    static let longestName = 25
    static let longestTableName = 20

    let merchant: MerchantID
    let location: LocationID
    let name: String
    let tables: [SectionTable]

    /// Throws ``AllocationError/invalid(_:)`` with every breach of rule K12 in the request, not just the first.
    ///
    /// Characters are counted as the database counts them: Unicode scalars.
    init(_ request: PutSectionRequest) throws(AllocationError) {
        var problems = [Self.problem("name", request.name, longest: Self.longestName)].compactMap(\.self)
        var seen: Set<Int> = []
        for (index, table) in request.tables.enumerated() {
            if let problem = Self.problem("tables[\(index)].name", table.name, longest: Self.longestTableName) {
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
        merchant = request.merchantId
        location = request.locationId
        name = request.name
        tables = request.tables
    }

    private static func problem(_ field: String, _ name: String, longest: Int) -> FieldProblem? {
        let scalars = name.unicodeScalars
        let accepted = "1 to \(longest) characters, none of them a control character"
        if scalars.allSatisfy(\.properties.isWhitespace) { return FieldProblem(field, "is empty", accepted: accepted) }
        if scalars.count > longest {
            return FieldProblem(field, "has \(scalars.count) characters", accepted: accepted)
        }
        return scalars.contains { $0.properties.generalCategory == .control }
            ? FieldProblem(field, "has a control character", accepted: accepted) : nil
    }
}
