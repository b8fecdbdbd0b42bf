import Contracts
import Postgres
import RPC

/// The tables of each location's sections, in PostgreSQL.
struct SectionStore: Sendable {
    let postgres: PostgresPool

    /// Replaces the tables of a section, under the location's lock.
    ///
    /// A number belongs to one section: one that another section of the location had moves here. Tables that are no
    /// longer listed are not chosen any more; a lease of one lasts until it is released.
    func put(_ section: Section) async throws {
        try await postgres.execute(
            """
            SELECT put_section(
                \(section.merchant.rawValue), \(section.location.rawValue), \(section.name),
                \(section.tables.map(\.tableNumber)), \(section.tables.map(\.name))
            )
            """
        )
    }
}
