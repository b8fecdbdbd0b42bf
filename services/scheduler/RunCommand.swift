import ArgumentParser
import AsyncHTTPClient
import Contracts
import Foundation
import Logging
import RPC
import RPCClient
import ServiceKit

/// `scheduler run TASK`: has a running scheduler run a task now, and follows the run to its end.
///
/// Ends with 0 when it did not fail, and so did none of its locations; else with 1.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Have a running scheduler run a task now, and follow the run.",
        discussion: """
            Without a location it runs for all. The token is CALLER_TOKEN, or the file that CALLER_TOKEN_FILE names; its \
            caller must be allowed \(SchedulerV1.service) and all merchants.
            """
    )

    @Argument(help: "The task, such as retention; a wrong name lists them.")
    var task: String

    @Option(help: "Only this location; needs --merchant.")
    var location: String?

    @Option(help: "The merchant of the location.")
    var merchant: String?

    @Option(help: "Who asks; it is kept with the run.")
    var actor: String

    @Option(help: "Where the scheduler listens.")
    var url: String = "http://127.0.0.1:\(ProcessInfo.processInfo.environment["HTTP_PORT"] ?? "8085")"

    @Option(help: "How many seconds to follow the run.")
    var patience: Int = 600

    func run() async throws {
        let calls = InternalCalls(
            token: try await SettingsReader.load { $0.secret("caller.token", "The token to show to the scheduler.") }
        )
        let client = calls.client(url.hasSuffix("/") ? String(url.dropLast()) : url)
        let result: Result<Bool, any Error>
        do {
            result = .success(try await follow(client))
        } catch let error as RPCError {
            let hint = error.reason == "service_unreachable" ? " Is it running at \(url)? --url says where." : ""
            result = .failure(StartError(error.message + hint))
        } catch {
            result = .failure(error)
        }
        try await calls.close()
        guard try result.get() else { throw ExitCode(1) }
    }

    private func follow(_ client: RPCClient) async throws -> Bool {
        let begun = try await client.call(
            SchedulerV1.runTask,
            RunTaskRequest(
                task: task,
                merchantId: try identifier(merchant, "--merchant"),
                locationId: try identifier(location, "--location"),
                actor: actor
            ),
            context: Self.context(.seconds(30))
        )
        if begun.joined { print("It was under way already.") }
        let end = ContinuousClock.now + .seconds(patience)
        var run = begun.run
        while run.state.knownValue != .done, ContinuousClock.now < end {
            run = try await client.call(
                SchedulerV1.getRun,
                GetRunRequest(runId: run.runId, waitUntilDone: true),
                context: Self.context(.seconds(10))
            ).run
        }
        show(run)
        var isGood = run.outcome.map { $0.knownValue != .failed } ?? false
        for part in try await parts(of: run, client, until: end) {
            show(part)
            if part.outcome == nil || part.outcome?.knownValue == .failed { isGood = false }
        }
        return isGood
    }

    /// The runs of locations that a run for all of them began, when they are through.
    private func parts(
        of run: TaskRun,
        _ client: RPCClient,
        until end: ContinuousClock.Instant
    ) async throws -> [TaskRun] {
        guard run.locationId == nil else { return [] }
        while true {
            var parts: [TaskRun] = []
            var cursor: String?
            repeat {
                let page = try await client.call(
                    SchedulerV1.listRuns,
                    ListRunsRequest(parentRunId: run.runId, pageSize: 200, cursor: cursor),
                    context: Self.context(.seconds(30))
                )
                parts += page.runs
                cursor = page.nextCursor
            } while cursor != nil
            let isDone = parts.allSatisfy { $0.state.knownValue == .done }
            guard !isDone, ContinuousClock.now < end else { return parts }
            try await Task.sleep(for: .seconds(1))
        }
    }

    private func identifier<ID: Identifier>(_ text: String?, _ option: String) throws -> ID? {
        try text.map { text in
            guard let id = ID(rawValue: text) else {
                throw ValidationError("\(option) takes 1 to 64 letters, digits and -_.:")
            }
            return id
        }
    }

    private func show(_ run: TaskRun) {
        let place = run.locationId.map { " \(run.merchantId?.rawValue ?? "")/\($0)" } ?? ""
        let outcome = run.outcome?.text ?? run.state.text
        let took = run.durationMs.map { " in \($0) ms" } ?? ""
        print("\(run.task)\(place): \(outcome)\(run.reason.map { " (\($0))" } ?? "")\(took)")
        if let explanation = run.explanation { print("  \(explanation)") }
        for item in run.items {
            let count = item.count.map { " \($0)" } ?? ""
            print("  \(item.name): \(item.outcome.text)\(count)\(item.explanation.map { ". \($0)" } ?? "")")
        }
    }

    private static func context(_ timeout: Duration) -> CallContext {
        .background(timeout: timeout, logger: Logger(label: "scheduler") { _ in SwiftLogNoOpLogHandler() })
    }
}
