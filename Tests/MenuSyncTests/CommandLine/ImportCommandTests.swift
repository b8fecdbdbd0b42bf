import ArgumentParser
import Contracts
import Foundation
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
}
