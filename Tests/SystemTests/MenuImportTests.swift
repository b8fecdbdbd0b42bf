import Contracts
import Foundation
import KassanetSimulator
import RPC
import RPCClient
import Secrets
import TestBed
import Testing

/// A menu from the register's wire to menu-sync, every process in between real.
@Suite(.serialized, .timeLimit(.minutes(5))) struct MenuImportTests {
    private static let quick: [Fleet.Member: [String: String]] = [
        .menuSync: ["IMPORT_PAUSE": "100ms"]
    ]

    /// Runs `menu-sync import` to its end.
    private static func importMenu(
        _ world: World,
        _ more: String...
    ) async throws -> (
        exit: ChildProcess.Exit, output: String
    ) {
        let process = try ChildProcess.start(
            TestBed.productsDirectory.appending(path: "menu-sync"),
            [
                "import", World.location.rawValue, "--merchant", World.merchant.rawValue,
                "--url", world.fleet.url(.menuSync),
            ] + more,
            environment: ProcessInfo.processInfo.environment.merging(
                ["MENU_SYNC_TOKEN": Fleet.platformToken.reveal()]
            ) { $1 }
        )
        let exit = await process.waitForExit()
        return (exit, process.lines().joined(separator: "\n"))
    }

    private static func menu(_ world: World) async throws -> GetMenuResponse {
        try await world.fleet.client(.menuSync).call(
            MenuSyncV1.getMenu,
            GetMenuRequest(merchantId: World.merchant, locationId: World.location),
            context: .byHand()
        )
    }

    // Rule K28.
    @Test("menu-sync import brings the register's menu, says so, and changes nothing the second time")
    func byHand() async throws {
        try await World.run(and: [.menuSync], settings: Self.quick) { world in
            let plan = try await Self.importMenu(world, "--provider", "vanhoutte", "--plan")
            #expect(plan.exit == .status(0), "\(plan.output)")
            #expect(plan.output.contains("+ item"))
            #expect(plan.output.contains("Crème brûlée"))

            let first = try await Self.importMenu(world, "--provider", "vanhoutte")
            #expect(first.exit == .status(0), "\(first.output)")
            #expect(first.output.contains("Successfully synced"))
            #expect(first.output.contains("display_groups: done"))
            let menu = try await Self.menu(world)
            let item = try #require(menu.items.first { $0.plu == "102" })
            #expect(item.name == "Crème brûlée")
            #expect(item.priceCents == 650)
            #expect(item.externalIds == ["vanhoutte": "102"])

            let second = try await Self.importMenu(world, "--provider", "vanhoutte")
            #expect(second.exit == .status(0), "\(second.output)")
            #expect(second.output.contains("nothing had changed"))
            #expect(try await Self.menu(world).etag == menu.etag)

            // Rules K10, K11: the owner sees it in the backoffice.
            var status = ""
            let end = ContinuousClock.now + .seconds(60)
            while !status.contains("items_imported"), ContinuousClock.now < end {
                status = try await world.status()
                try await Task.sleep(for: .milliseconds(50))
            }
            #expect(status.contains("items_imported"))

            let other = try await Self.importMenu(world, "--provider", "hendrickx")
            #expect(other.exit == .status(1))
            #expect(other.output.contains("vanhoutte's"))
        }
    }
}
