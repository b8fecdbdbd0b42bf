import ArgumentParser
import Foundation
import TestBed

/// Measures what the services promise beside what is possible on this machine (docs/performance.md).
@main
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure the services beside pgbench and bare servers, in interleaved pairs.",
        subcommands: [Run.self, NoOpServer.self],
        defaultSubcommand: Run.self
    )

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Start everything, measure, print a table (the default).",
            discussion: Measure.allCases.map { "\($0.rawValue): \($0.goals)" }.joined(separator: "\n")
        )

        @Argument(help: "What to measure; everything without it.") var measures: [Measure] = []
        @Option(help: "How many pairs of ours and the reference.") var pairs = 5
        @Option(help: "How many seconds each half of a pair runs.") var seconds = 4

        func validate() throws {
            guard pairs > 0, seconds > 0 else { throw ValidationError("--pairs and --seconds are at least 1.") }
        }

        func run() async throws {
            #if DEBUG
            print("This is a debug build: figures say nothing. Use make bench.")
            #endif
            let rig = try await Rig.start()
            do {
                try await rig.settle()
                try await measure(rig)
            } catch {
                await rig.stop()
                throw error
            }
            await rig.stop()
        }

        private func measure(_ rig: Rig) async throws {
            var table = Finding.header
            for measure in measures.isEmpty ? Measure.allCases : measures {
                let findings = try await measure.run(on: rig, pairs: pairs, seconds: seconds)
                for finding in findings { print(finding.row) }
                table += findings.map { "\n" + $0.row }.joined()
            }
            print("\n\(table)")
        }
    }
}

extension Measure: ExpressibleByArgument {}
