package import Foundation

/// One step of a schema's history.
///
/// Forward only, and never changed once it has been applied anywhere.
package struct Migration: Sendable, Hashable {
    package let version: Int
    package let name: String
    package let sql: String

    package init(version: Int, name: String, sql: String) {
        self.version = version
        self.name = name
        self.sql = sql
    }
}

extension Migration {
    /// The migrations of a folder: one per file named like `0001_create_orders.sql`, in order of their versions.
    ///
    /// - Throws: ``MigrationError/unreadableName(_:)`` for another `.sql` name, and what reading files throws.
    package static func load(from folder: URL) throws -> [Migration] {
        try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "sql" && $0.lastPathComponent.first?.isNumber == true }
            .map { file in
                let parts = file.deletingPathExtension().lastPathComponent.split(separator: "_", maxSplits: 1)
                guard parts.count == 2, let version = Int(parts[0]) else {
                    throw MigrationError.unreadableName(file.lastPathComponent)
                }
                return Migration(
                    version: version,
                    name: String(parts[1]),
                    sql: try String(contentsOf: file, encoding: .utf8)
                )
            }
            .sorted { $0.version < $1.version }
    }
}

/// Why a schema was not migrated.
///
/// The sentences are meant for an operator.
package enum MigrationError: Error, Sendable, Hashable {
    case changed(version: Int, name: String)
    case duplicateVersion(Int)
    case unreadableName(String)
    case missingSchema(String)
    case endedItsTransaction(version: Int, name: String)
}

extension MigrationError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .changed(let version, let name):
            "Migration \(version) (\(name)) was applied with another text than this program's. Nothing was changed; "
                + "restore the migration and put the difference into a new one."
        case .duplicateVersion(let version):
            "Two migrations have the version \(version)."
        case .unreadableName(let name):
            "The migration file \(name) is not named like 0001_create_orders.sql."
        case .missingSchema(let schema):
            "The schema \(schema) does not exist and this user may not create it. Run CREATE SCHEMA \(schema) "
                + "AUTHORIZATION … as the database's owner."
        case .endedItsTransaction(let version, let name):
            "Migration \(version) (\(name)) ends its own transaction, which it must leave to the migrator."
        }
    }
}
