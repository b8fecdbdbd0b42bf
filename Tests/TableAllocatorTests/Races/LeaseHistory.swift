import Contracts
import Foundation
import RPC
import Synchronization

/// Who had which table when, as the holders saw it, and what is wrong with that (I3).
///
/// It knows nothing of the allocator. An interval begins when the holder has learnt of its lease and ends before it gives
/// it back, so it lies within the lease's own: two that overlap prove that one table had two holders.
final class LeaseHistory: Sendable {
    struct Interval: Sendable, Hashable {
        var merchant: String
        var location: String
        var table: Int
        var order: UUID
        var token: Int
        var from: ContinuousClock.Instant
        var until: ContinuousClock.Instant
    }

    private struct Key: Hashable {
        var merchant: String
        var location: String
        var table: Int
    }

    private let recorded = Mutex<[Interval]>([])

    var intervals: [Interval] { recorded.withLock { $0 } }

    func record(_ interval: Interval) {
        recorded.withLock { $0.append(interval) }
    }

    /// Every pair of neighbours on a table that shared it, or whose tokens do not grow.
    var problems: [String] {
        Self.problems(of: intervals)
    }

    static func problems(of intervals: [Interval]) -> [String] {
        var problems: [String] = []
        var ofOrder: [UUID: Set<String>] = [:]
        for interval in intervals {
            ofOrder[interval.order, default: []].insert("\(interval.merchant)/\(interval.location)")
        }
        for (order, places) in ofOrder where places.count > 1 {
            problems.append("order \(order) was at \(places.sorted())")
        }
        let tables = Dictionary(grouping: intervals) {
            Key(merchant: $0.merchant, location: $0.location, table: $0.table)
        }
        for (key, intervals) in tables {
            let byTime = intervals.sorted { $0.from < $1.from }
            // The latest end so far, not the neighbour's: a long interval may hold several short ones.
            var last = byTime[0]
            for next in byTime.dropFirst() {
                if next.from < last.until {
                    problems.append(
                        "table \(key.table) of \(key.merchant): tokens \(last.token) and \(next.token) overlap"
                    )
                }
                if next.token <= last.token {
                    problems.append("table \(key.table) of \(key.merchant): token \(next.token) after \(last.token)")
                }
                if next.until > last.until { last = next }
            }
        }
        return problems.sorted()
    }
}
