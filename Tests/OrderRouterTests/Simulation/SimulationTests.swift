import Contracts
import TestBed
import Testing

@testable import OrderRouter

/// The journey under every fault of the fault table that a state machine can meet, a few thousand times.
///
/// A failing seed prints itself with the end of its trace; `Simulation(seed:)` replays it exactly.
@Suite(.timeLimit(.minutes(5))) struct SimulationTests {
    /// Invariants I1, I2, I4, I10 and I13 of `docs/invariants.md`.
    @Test(arguments: 0..<8)
    func noSeedBreaksAnInvariant(share: UInt64) async {
        let runs = await computing { Self.runs((share * 1000)..<((share + 1) * 1000)) }
        if let violation = runs.violation {
            Issue.record("\(violation)")
            return
        }
        let (outcomes, decisions) = (runs.outcomes, runs.decisions)
        // A run that delivers next to nothing would prove next to nothing.
        let all = outcomes.values.reduce(0, +)
        #expect((outcomes[.delivered] ?? 0) * 2 > all, "\(outcomes)")
        #expect((outcomes[.refused] ?? 0) > 0)
        #expect((outcomes[.placedUnsettled] ?? 0) > 0)
        #expect((outcomes[.cancelled] ?? 0) > 0)
        // People do all that they may do.
        for decision in OrderDecision.allCases {
            #expect((decisions["decide_\(decision.rawValue)"] ?? 0) > 0, "\(decisions)")
        }
        #expect((decisions["ask_to_cancel"] ?? 0) > 0, "\(decisions)")
        #expect((decisions["retry_order"] ?? 0) > 0, "\(decisions)")
    }

    /// Planted bugs (section 10.3): without this the test above could be one that nothing fails.
    @Test(arguments: PlantedBug.allCases)
    func aPlantedBugIsCaught(bug: PlantedBug) async {
        #expect(await computing { Self.runs(0..<2_000, with: bug).violation } != nil, "No seed catches \(bug).")
    }

    @Test func theSameSeedGivesTheSameRun() {
        let first = Simulation(seed: 42)
        let second = Simulation(seed: 42)
        first.run()
        second.run()
        #expect(first.trace == second.trace)
    }

    // MARK: -

    /// What came of simulations: the first violation with the end of its trace, or how they ended.
    private struct Runs {
        var violation: String?
        var outcomes: [OrderState: Int] = [:]
        var decisions: [String: Int] = [:]
    }

    private static func runs(_ seeds: Range<UInt64>, with bug: PlantedBug? = nil) -> Runs {
        var runs = Runs()
        for seed in seeds {
            let simulation = Simulation(seed: seed, bug: bug)
            simulation.run()
            guard simulation.violations.isEmpty else {
                let trace = simulation.trace.suffix(80).joined(separator: "\n")
                runs.violation = "\(simulation.violations.joined(separator: "\n"))\n\(trace)"
                return runs
            }
            for outcome in simulation.outcomes { runs.outcomes[outcome, default: 0] += 1 }
            runs.decisions.merge(simulation.decisions) { $0 + $1 }
        }
        return runs
    }
}
