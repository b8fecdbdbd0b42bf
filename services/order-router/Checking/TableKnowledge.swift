import Contracts
import Foundation
import RPC
import Synchronization

/// What is known of a table that a guest names.
enum TableKnowledge: Sendable, Equatable {
    case has(asOf: Date)
    case hasNot(asOf: Date)
    /// The location has no tables in sections, so any number may be right.
    case noSections(asOf: Date)
    /// table-allocator is away, or was too slow; when the tables were last read, where they were.
    case notAnswered(lastRead: Date?)

    var asOf: Date? {
        switch self {
        case .has(let asOf), .hasNot(let asOf), .noSections(let asOf): asOf
        case .notAnswered(let lastRead): lastRead
        }
    }
}

/// The tables of the locations that were asked about last.
///
/// Only that a table is there is taken from here: a table that was added a moment ago is not denied. Bounded; the one
/// that was read longest ago makes room.
final class KnownTables: Sendable {
    struct Tables: Sendable {
        var numbers: Set<Int>
        var readAt: Date
    }

    private let capacity: Int
    private let known = Mutex<[LaneKey: Tables]>([:])

    init(capacity: Int = 2000) {
        self.capacity = capacity
    }

    func tables(_ key: LaneKey) -> Tables? { known.withLock { $0[key] } }

    func learn(_ tables: Tables, of key: LaneKey) {
        known.withLock { known in
            known[key] = tables
            guard known.count > capacity, let oldest = known.min(by: { $0.value.readAt < $1.value.readAt }) else {
                return
            }
            known[oldest.key] = nil
        }
    }

    var count: Int { known.withLock { $0.count } }
}
