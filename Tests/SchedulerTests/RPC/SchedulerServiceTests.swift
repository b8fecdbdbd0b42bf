import Contracts
import Foundation
import Logging
import RPC
import Testing

@testable import Scheduler

/// What callers may ask.
@Suite(.timeLimit(.minutes(5))) struct SchedulerServiceTests {
    private static func context(_ merchants: Allowance<MerchantID> = .all) -> CallContext {
        var context = CallContext.background(timeout: .seconds(120), logger: SchedulerBed.logger)
        context.caller = Caller(name: "anna", services: .all, merchants: merchants)
        return context
    }

    /// A bed with two locations that have daily times, and everything served.
    private func with(
        _ body: @escaping @Sendable (SchedulerBed, Replica, StubServices) async throws -> Void
    ) async throws {
        let stubs = StubServices()
        try await stubs.serve { services, _ in
            try await SchedulerBed.with { bed in
                let replica = bed.replica(services)
                try await replica.tasks.register()
                for location in [Sample.first, Sample.second] {
                    try await replica.connections.apply(
                        Sample.connection(location, syncTime: "05:00"),
                        gateway: "kassanet"
                    )
                }
                try await body(bed, replica, stubs)
            }
        }
    }

    @Test("Every task is listed with when it runs, how many locations it has, and how it went last")
    func listing() async throws {
        try await with { bed, replica, _ in
            bed.clock.set(instant("2026-11-22T04:00:00Z"))
            _ = try await replica.plans.planDue()
            try await replica.performAll()
            let tasks = try await replica.service.listTasks(ListTasksRequest(), Self.context()).tasks
            #expect(
                tasks.map(\.name) == [
                    "in-house:auto-sync", "kassanet:check-and-requeue", "lease-sweep", "retention", "stock-polling",
                ]
            )
            #expect(tasks[0].locations == 2)
            #expect(tasks[0].nextDueAt == instant("2026-11-23T04:00:00Z"))
            #expect(tasks[0].lastRun?.reason == "started")
            #expect(tasks[3].schedule == "daily at 03:30 (UTC)")
            #expect(tasks[3].nextDueAt == instant("2026-11-23T03:30:00Z"))
            #expect(tasks.allSatisfy { $0.waitingRuns == 0 && $0.runningRuns == 0 && $0.paused == nil })
        }
    }

    @Test("A task runs for one location when asked to, once for two who ask at the same time")
    func oneLocation() async throws {
        try await with { bed, replica, stubs in
            let request = RunTaskRequest(
                task: TaskNames.autoSync,
                merchantId: Sample.second.merchantID,
                locationId: Sample.second.locationID,
                actor: "anna"
            )
            let first = try await replica.service.runTask(request, Self.context())
            let second = try await replica.service.runTask(request, Self.context())
            #expect(!first.joined)
            #expect(second.joined)
            #expect(first.run.runId == second.run.runId)
            try await replica.running {
                let wait = GetRunRequest(runId: first.run.runId, waitUntilDone: true)
                let run = try await replica.service.getRun(wait, Self.context()).run
                #expect(run.state.knownValue == .done)
                #expect(run.actor == "anna")
                #expect(run.trigger.knownValue == .person)
            }
            #expect(stubs.notes.syncs.map(\.merchantId) == [Sample.second.merchantID])
            #expect(stubs.notes.syncs.first?.actor == "anna")
            // The daily import stays where it was.
            #expect(try await bed.nextDue(TaskNames.autoSync, Sample.second) == instant("2026-11-22T04:00:00Z"))
        }
    }

    @Test("A task runs for all its locations when none is named, and each of these runs can be read")
    func allLocations() async throws {
        try await with { bed, replica, stubs in
            let begun = try await replica.service.runTask(
                RunTaskRequest(task: TaskNames.autoSync, actor: "anna"),
                Self.context()
            )
            try await replica.performAll()
            let parts = try await replica.service.listRuns(
                ListRunsRequest(parentRunId: begun.run.runId),
                Self.context()
            ).runs
            #expect(Set(parts.map { $0.merchantId?.rawValue }) == ["m1", "m2"])
            #expect(parts.allSatisfy { $0.outcome?.knownValue == .succeeded })
            #expect(stubs.notes.syncs.count == 2)
            let parent = try await replica.service.getRun(GetRunRequest(runId: begun.run.runId), Self.context()).run
            #expect(parent.items == [TaskRunItem(name: "locations", outcome: .succeeded, count: 2)])
        }
    }

    @Test("Pages of the history are one after the other, newest first, and no run is on two")
    func pages() async throws {
        try await with { bed, replica, _ in
            for _ in 0..<7 {
                bed.clock.advance(.seconds(60))
                _ = try await replica.plans.planDue()
                try await replica.performAll()
            }
            var seen: [TaskRun] = []
            var cursor: String?
            repeat {
                let page = try await replica.service.listRuns(
                    ListRunsRequest(task: TaskNames.sweep, pageSize: 2, cursor: cursor),
                    Self.context()
                )
                #expect(page.runs.count <= 2)
                seen += page.runs
                cursor = page.nextCursor
            } while cursor != nil
            #expect(seen.count == 7)
            #expect(Set(seen.map(\.runId)).count == 7)
            #expect(seen.map(\.dueAt) == seen.map(\.dueAt).sorted(by: >))
            let failed = try await replica.service.listRuns(
                ListRunsRequest(task: TaskNames.sweep, outcomes: [.failed]),
                Self.context()
            )
            #expect(failed.runs.isEmpty)
        }
    }

    @Test("Who acts for some merchants only may do nothing here")
    func someMerchants() async throws {
        try await with { _, replica, _ in
            let context = Self.context(.only([Sample.first.merchantID]))
            let service = replica.service
            func refused(_ call: () async throws -> Void) async {
                do {
                    try await call()
                    Issue.record("It was not refused.")
                } catch {
                    #expect(RPCError(mapping: error).code == .permissionDenied)
                    #expect(RPCError(mapping: error).reason == "merchant_not_allowed")
                }
            }
            await refused { _ = try await service.listTasks(ListTasksRequest(), context) }
            await refused {
                let location = Sample.first
                let request = RunTaskRequest(
                    task: TaskNames.autoSync,
                    merchantId: location.merchantID,
                    locationId: location.locationID,
                    actor: "a"
                )
                _ = try await service.runTask(request, context)
            }
            await refused {
                _ = try await service.pauseTask(PauseTaskRequest(task: "retention", actor: "a", reason: "b"), context)
            }
            await refused {
                _ = try await service.resumeTask(ResumeTaskRequest(task: "retention", actor: "a"), context)
            }
            await refused { _ = try await service.getRun(GetRunRequest(runId: UUID()), context) }
            await refused { _ = try await service.listRuns(ListRunsRequest(), context) }
            await refused { _ = try await service.eraseExpired(EraseExpiredRequest(), context) }
            let views = try await service.tasks.views()
            #expect(views.allSatisfy { $0.paused == nil && $0.waitingRuns == 0 })
        }
    }

    @Test("What is wrong with a request is said, with what would be taken")
    func refusals() async throws {
        try await with { _, replica, _ in
            let service = replica.service
            func reason(_ call: () async throws -> Void) async -> String? {
                do {
                    try await call()
                    return nil
                } catch {
                    return RPCError(mapping: error).reason
                }
            }
            let unknown = await reason {
                _ = try await service.runTask(RunTaskRequest(task: "nothing", actor: "a"), Self.context())
            }
            #expect(unknown == "unknown_task")
            let nowhere = await reason {
                let place = Sample.location("m9")
                let request = RunTaskRequest(
                    task: TaskNames.autoSync,
                    merchantId: place.merchantID,
                    locationId: place.locationID,
                    actor: "a"
                )
                _ = try await service.runTask(request, Self.context())
            }
            #expect(nowhere == "unknown_location")
            let global = await reason {
                let request = RunTaskRequest(
                    task: TaskNames.retention,
                    merchantId: Sample.first.merchantID,
                    locationId: Sample.first.locationID,
                    actor: "a"
                )
                _ = try await service.runTask(request, Self.context())
            }
            #expect(global == "task_has_no_locations")
            let half = await reason {
                let request = RunTaskRequest(task: "retention", merchantId: Sample.first.merchantID, actor: "a")
                _ = try await service.runTask(request, Self.context())
            }
            #expect(half == "invalid_request")
            let nobody = await reason {
                _ = try await service.runTask(RunTaskRequest(task: "retention", actor: ""), Self.context())
            }
            #expect(nobody == "invalid_request")
            let noRun = await reason { _ = try await service.getRun(GetRunRequest(runId: UUID()), Self.context()) }
            #expect(noRun == "unknown_run")
            let cursor = await reason {
                _ = try await service.listRuns(ListRunsRequest(cursor: "bogus"), Self.context())
            }
            #expect(cursor == "invalid_request")
        }
    }
}
