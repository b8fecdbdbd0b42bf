import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The register's own truth: every effect, in order, in memory and on one line each of a file.
///
/// A line is one write to a file opened for appending, so a process killed at any moment leaves whole lines behind.
struct Ledger {
    private(set) var entries: [LedgerEntry] = []
    private let file: FileHandle?

    /// Opens the file at `path`, which keeps what it holds; nil keeps the ledger in memory alone.
    init(path: String?) throws {
        guard let path else {
            file = nil
            return
        }
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw ConfigurationError("the ledger \(path) cannot be written") }
        file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    /// Writes an effect down.
    ///
    /// When that fails the effect must not happen either.
    mutating func append(_ happening: Happening, at: String, requestID: String?, late: Bool) throws -> LedgerEntry {
        let entry = LedgerEntry(
            seq: entries.count + 1,
            at: at,
            effect: happening.effect,
            table: happening.bill.table,
            tableText: happening.bill.tableText,
            items: happening.items,
            amountCents: happening.amountCents,
            tipCents: happening.tipCents,
            requestId: requestID,
            late: late,
            toTable: happening.toTable
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try file?.write(contentsOf: try encoder.encode(entry) + Data("\n".utf8))
        entries.append(entry)
        return entry
    }
}
