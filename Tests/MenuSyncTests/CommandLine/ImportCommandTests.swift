import ArgumentParser
import Contracts
import Foundation
import Postgres
import RPC
import Testing

@testable import MenuSync

/// Rule K28: what `menu-sync import` shows.
struct ImportCommandTests {
    private static func stage(_ change: (inout StageView) -> Void) -> StageView {
        var stage = StageView(
            stage: .products,
            state: .running,
            attempt: 1,
            done: 2100,
            total: 4200,
            ratePerSecond: 830
        )
        change(&stage)
        return stage
    }

    @Test("A stage is a bar with what is through, of how much, and how fast")
    func bar() {
        #expect(
            ImportScreen.bar(Self.stage { _ in }) == "products       [##########··········]  2100/4200  830/s"
        )
        #expect(
            ImportScreen.bar(
                Self.stage {
                    $0.total = nil
                    $0.attempt = 2
                    $0.problem = "The register is off."
                }
            ) == "products       [····················]  2100  830/s  attempt 2  The register is off."
        )
        #expect(ImportScreen.bar(Self.stage { $0.state = .known(.done) }).contains("[####################]"))
    }

    @Test("A bar never leaves its bounds")
    func bounds() {
        for (done, total) in [(0, 0), (5, 0), (10, 5)] {
            let bar = ImportScreen.bar(
                Self.stage {
                    $0.done = done
                    $0.total = total
                }
            )
            #expect(bar.count { $0 == "#" } + bar.count { $0 == "·" } == 20)
        }
    }

    @Test("Where nobody looks at a terminal, a line says what changed")
    func plain() {
        #expect(ImportScreen.plain(Self.stage { _ in }) == "products: running")
        #expect(
            ImportScreen.plain(
                Self.stage {
                    $0.state = .known(.waiting)
                    $0.attempt = 1
                    $0.problem = "The register is off."
                }
            ) == "products: waiting: The register is off."
        )
    }

    @Test("The command names what is wrong with its words")
    func arguments() throws {
        let words = ["antwerp", "--provider", "vanhoutte", "--merchant", "m-1"]
        #expect(try ImportCommand.parse(words).location == "antwerp")
        #expect(throws: (any Error).self) { try ImportCommand.parse(words + ["--plan", "--approve"]) }
        #expect(throws: (any Error).self) { try ImportCommand.parse(["an twerp"] + words.dropFirst()) }
        #expect(throws: (any Error).self) { try ImportCommand.parse(["antwerp", "--merchant", "m-1"]) }
    }

    /// A running menu-sync with a menu of 42 products, whose register has 10 of them left.
    private static func held(
        _ body: @escaping @Sendable (ImportBed, ImportFollower) async throws -> Void
    ) async throws {
        try await ImportBed.with { bed in
            try await bed.connect()
            let process = bed.process()
            let router = try FakeRegister.router()
            process.service.serve(on: router)
            try await process.run {
                _ = try await process.importMenu()
                bed.register.change { $0.catalog = FakeRegister.catalog(products: 10) }
                try await FakeRegister.serve(router) { client in
                    try await body(
                        bed,
                        ImportFollower(
                            client: client,
                            merchant: ImportBed.merchant,
                            location: ImportBed.location,
                            provider: "vanhoutte",
                            actor: "anna",
                            screen: ImportScreen(isTerminal: false)
                        )
                    )
                }
            }
        }
    }

    @Test(
        "Rule K28: A plan that waits for a person fails the command, and with --approve it is applied",
        .timeLimit(.minutes(5))
    )
    func approving() async throws {
        try await Self.held { bed, follower in
            let waits = try await follower.run(showsPlan: false, approves: false)
            #expect(!waits)
            #expect(try await bed.menu().count == 42)
            let approved = try await follower.run(showsPlan: false, approves: true)
            #expect(approved)
            #expect(try await bed.menu().count == 10)
            let version = try await bed.pool.queryOne("SELECT actor FROM versions ORDER BY version DESC LIMIT 1")
            #expect(try version?["actor", as: String.self] == "anna")
            // With nothing to approve it is an import like any other.
            let again = try await follower.run(showsPlan: false, approves: true)
            #expect(again)
        }
    }

    @Test("--plan shows what would change, and changes nothing", .timeLimit(.minutes(5)))
    func planning() async throws {
        try await Self.held { bed, follower in
            let shown = try await follower.run(showsPlan: true, approves: false)
            #expect(shown)
            #expect(try await bed.menu().count == 42)
        }
    }
}
