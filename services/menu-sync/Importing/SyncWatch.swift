import Foundation
import Logging
import RPC
import ServiceKit
import ServiceLifecycle

/// Lets calls wait until an import changes.
struct SyncWatch: Service {
    private let watch: ChangeWatch
    private let syncs: SyncStore

    init(syncs: SyncStore, capacity: Int, interval: Duration = .seconds(1), logger: Logger) {
        self.syncs = syncs
        watch = ChangeWatch(capacity: capacity, interval: interval, logger: logger) { watched in
            try await syncs.revisions(watched.map { (merchant: $0.merchant, sync: $0.id) })
        }
    }

    func run() async throws { try await watch.run() }

    /// Says that an import was changed by this process.
    func noticed(_ sync: UUID) { watch.noticed(sync) }

    /// The import as soon as it is as wanted, or as it is when the deadline is near.
    func watched(
        _ merchant: MerchantID,
        _ sync: UUID,
        _ context: CallContext,
        until isWanted: (ImportRecord) -> Bool
    ) async throws -> ImportRecord {
        let first = try await find(merchant, sync)
        if isWanted(first) { return first }
        do {
            return try await watch.value(of: sync, merchant, by: context.deadline) {
                try await find(merchant, sync)
            } until: {
                isWanted($0)
            }
        } catch is ChangeWatch.TooManyWaiters {
            throw SyncError.tooManyWaiters
        }
    }

    private func find(_ merchant: MerchantID, _ sync: UUID) async throws -> ImportRecord {
        guard let record = try await syncs.find(merchant, sync) else { throw SyncError.unknownSync }
        return record
    }
}
