import Contracts
import Foundation
import RPC
import Testing

@testable import Scheduler

/// Daily imports through both changes of the clock, by the real task (rule K9).
@Suite(.timeLimit(.minutes(5))) struct DaylightSavingTests {
    struct Season: CustomTestStringConvertible {
        var name: String
        var time: String
        /// The clock is turned from here to there, ten minutes at a time.
        var from: String
        var until: String
        var due: [String]

        var testDescription: String { "\(time) in \(name)" }
    }

    static let seasons = [
        Season(
            name: "spring",
            time: "05:00",
            from: "2027-03-26T12:00:00Z",
            until: "2027-03-30T12:00:00Z",
            due: ["2027-03-27T04:00:00Z", "2027-03-28T03:00:00Z", "2027-03-29T03:00:00Z", "2027-03-30T03:00:00Z"]
        ),
        // On 28 March the clock jumps from 02:00 to 03:00: half past two is at three.
        Season(
            name: "spring",
            time: "02:30",
            from: "2027-03-26T12:00:00Z",
            until: "2027-03-30T12:00:00Z",
            due: ["2027-03-27T01:30:00Z", "2027-03-28T01:00:00Z", "2027-03-29T00:30:00Z", "2027-03-30T00:30:00Z"]
        ),
        Season(
            name: "autumn",
            time: "05:00",
            from: "2026-10-23T12:00:00Z",
            until: "2026-10-27T12:00:00Z",
            due: ["2026-10-24T03:00:00Z", "2026-10-25T04:00:00Z", "2026-10-26T04:00:00Z", "2026-10-27T04:00:00Z"]
        ),
        // On 25 October half past two comes twice: the first counts.
        Season(
            name: "autumn",
            time: "02:30",
            from: "2026-10-23T12:00:00Z",
            until: "2026-10-27T12:00:00Z",
            due: ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z", "2026-10-27T01:30:00Z"]
        ),
    ]

    @Test("Each day's import begins once, at its local time, for both merchants (K9)", arguments: seasons)
    func imports(season: Season) async throws {
        let stubs = StubServices()
        try await stubs.serve { services, _ in
            try await SchedulerBed.with(at: season.from) { bed in
                let replica = bed.replica(services)
                try await replica.tasks.register()
                for location in [Sample.first, Sample.second] {
                    try await replica.connections.apply(
                        Sample.connection(location, syncTime: season.time),
                        gateway: "kassanet"
                    )
                }
                // One that lives elsewhere, and one without a daily time.
                let elsewhere = Sample.location("m1", "tokyo")
                try await replica.connections.apply(
                    Sample.connection(elsewhere, zone: "Asia/Tokyo", syncTime: season.time),
                    gateway: "kassanet"
                )
                try await replica.connections.apply(
                    Sample.connection(Sample.location("m2", "none")),
                    gateway: "kassanet"
                )
                while bed.clock.now < instant(season.until) {
                    bed.clock.advance(.seconds(600))
                    _ = try await replica.plans.planDue()
                    for run in try await replica.runs.claim(TaskNames.autoSync, lane: 0, limit: 10) {
                        try await replica.perform(run)
                    }
                }
                let due = season.due.map(instant)
                for location in [Sample.first, Sample.second] {
                    let runs = try await bed.runs(TaskNames.autoSync, replica, at: location)
                    #expect(runs.map(\.dueAt) == due)
                    #expect(runs.allSatisfy { $0.outcome?.knownValue == .succeeded && $0.missedRuns == 0 })
                    // On time, as exactly as the clock was turned.
                    #expect(zip(runs, due).allSatisfy { $0.startedAt?.timeIntervalSince($1) ?? .infinity < 600 })
                    let syncs = stubs.notes.syncs.filter { LocationKey($0.merchantId, $0.locationId) == location }
                    #expect(syncs.count == 4)
                    #expect(syncs.allSatisfy { $0.trigger.knownValue == .schedule && $0.actor == "scheduler" })
                }
                #expect(stubs.notes.syncs.filter { $0.locationId == elsewhere.locationID }.count == 4)
                #expect(stubs.notes.syncs.count == 12)
            }
        }
    }
}
