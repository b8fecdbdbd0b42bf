import Contracts
import Foundation
import Logging
import RPC
import RPCClient
import ServiceKit
import ServiceLifecycle

/// Writes down into the gateways how imports stand, for the backoffice to show (rules K10, K11).
///
/// Whatever an import's state is, its gateway learns it sooner or later, and never an older one after a newer: one import
/// is told by one process at a time, and one that a newer has overtaken is not told any more. An import that only looks
/// is nobody's status. A gateway that is away delays this and nothing else.
final class SyncTeller: Service {
    private let syncs: SyncStore
    private let gateways: [String: RPCClient]
    private let interval: Duration
    private let logger: Logger
    private let alarm = Alarm()

    init(syncs: SyncStore, gateways: [String: RPCClient], interval: Duration = .seconds(1), logger: Logger) {
        self.syncs = syncs
        self.gateways = gateways
        self.interval = interval
        self.logger = logger
    }

    /// Looks for what is to be told now.
    func wake() { alarm.ring() }

    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                do {
                    while let news = try await syncs.claimUntold() { await tell(news) }
                } catch {
                    logger.warning("Imports to be told not looked at", metadata: ["error": "\(error)"])
                }
                await alarm.wait(atMost: interval)
            }
        }
    }

    private func tell(_ news: SyncStore.Untold) async {
        do {
            try await call(news)
            try await syncs.told(news)
        } catch {
            let problem = ImportProblem(error)
            logger.warning(
                "Import's status not in the backoffice",
                metadata: ["sync": "\(news.record.id.uuidString.lowercased())", "error": "\(error)"]
            )
            do {
                // A gateway that knows no such connection never will: it was deleted.
                if problem.isWorthRepeating { try await syncs.putOff(news) } else { try await syncs.told(news) }
            } catch {
                logger.warning("Import's status not put off", metadata: ["error": "\(error)"])
            }
        }
    }

    private func call(_ news: SyncStore.Untold) async throws {
        let record = news.record
        guard let gateway = gateways[record.gateway] else { throw SyncError.unknownGateway(record.gateway) }
        let context = CallContext.background(timeout: .seconds(5), logger: logger)
        if !news.isOvertaken {
            _ = try await gateway.call(
                PosGatewayV1.recordSync,
                RecordSyncRequest(
                    merchantId: record.key.merchantID,
                    locationId: record.key.locationID,
                    status: record.shownStatus,
                    message: record.message,
                    details: record.shownDetails,
                    lastSyncAt: news.lastSuccess
                ),
                context: context
            )
        }
        if let type = record.activity {
            _ = try await gateway.call(
                PosGatewayV1.recordActivity,
                RecordActivityRequest(
                    merchantId: record.key.merchantID,
                    locationId: record.key.locationID,
                    type: type,
                    message: record.message
                ),
                context: context
            )
        }
    }
}

extension ImportRecord {
    /// The state in the words of rule K10.
    ///
    /// A plan that waits for a person is pending: the import is neither through nor under way.
    var shownStatus: SyncStatus {
        switch state {
        case .pending, .held, .planned: .pending
        case .inProgress: .inProgress
        case .succeeded: .success
        case .failed, .discarded: .error
        }
    }

    /// What the activity log says of a state; nothing while it is under way.
    var activity: ActivityType? {
        switch state {
        case .pending, .inProgress, .planned: nil
        case .held, .discarded: .info
        case .succeeded: .success
        case .failed: .error
        }
    }

    /// What was imported, by name.
    var shownDetails: [SyncDetail]? {
        var details = findings.counts.sorted { $0.key < $1.key }.map { SyncDetail(name: $0.key, value: "\($0.value)") }
        if let menu = findings.menuID {
            details.append(SyncDetail(name: "menu_id", value: menu.uuidString.lowercased()))
        }
        if let version = menuVersion { details.append(SyncDetail(name: "menu_version", value: "\(version)")) }
        if let section = findings.tableSection { details.append(SyncDetail(name: "table_section", value: section)) }
        if findings.noticeCount > 0 { details.append(SyncDetail(name: "notices", value: "\(findings.noticeCount)")) }
        return details.isEmpty ? nil : details
    }
}
