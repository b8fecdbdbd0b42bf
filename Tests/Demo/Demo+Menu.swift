import Contracts
import Foundation
import RPC
import RPCClient
import TestBed

extension Demo {
    /// Asks for an import as the backoffice does, follows it, and shows the menu that came of it.
    ///
    /// - Returns: Whether there is a menu with something on it.
    func showMenu() async throws -> Bool {
        guard let fleet else { return false }
        say("Importing the register's menu")
        let asked = try await fleet.request(
            "POST",
            "\(fleet.url(.kassanetGateway))/api/backoffice/kassanet/vanhoutte/\(Self.location)/sync-menu",
            headers: ["x-merchant-id": Self.merchant.rawValue]
        )
        guard asked.status == 200 else { throw TestBedError("The import was not begun: \(asked.body)") }
        let menus = fleet.client(.menuSync)
        let sync = try await ended(menus)
        say(sync.message)
        guard sync.state.knownValue == .succeeded else { return false }
        let answer = try await menus.call(
            MenuSyncV1.getMenu,
            GetMenuRequest(merchantId: Self.merchant, locationId: Self.location),
            context: .byHand()
        )
        guard let menu = answer.menu, !answer.items.isEmpty else { return false }
        MenuCard(menu: menu, items: answer.items).show()
        return true
    }

    /// The import, when it is through or waits for a person.
    private func ended(_ menus: RPCClient) async throws -> SyncView {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            let list = try await menus.call(
                MenuSyncV1.listSyncs,
                ListSyncsRequest(merchantId: Self.merchant, locationId: Self.location, pageSize: 1),
                context: .byHand()
            )
            if let sync = list.syncs.first, ![.pending, .inProgress].contains(sync.state.knownValue) { return sync }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw TestBedError("The import did not end within a minute.")
    }
}

/// A menu, as a guest would read it.
private struct MenuCard {
    let menu: MenuView
    let items: [MenuItem]

    func show() {
        print("\nThe menu (version \(menu.version)):")
        show(below: nil, indent: 2)
        for group in menu.displayGroups { print("  Shown together: \(group.name), \(group.itemIds.count) items") }
    }

    private func show(below parent: UUID?, indent: Int) {
        let space = String(repeating: " ", count: indent)
        for category in menu.categories where category.parentId == parent {
            print("\(space)\(category.name)")
            for item in items where item.categoryId == category.categoryId {
                print("\(space)  \(pad(item.name, 30 - indent))\(item.priceCents.euros)")
                for group in menu.modifierGroups where item.modifierGroupIds.contains(group.modifierGroupId) {
                    let choices = group.modifiers.map { "\($0.name) +\($0.priceCents.euros)" }
                    print("\(space)    \(group.name): \(choices.joined(separator: ", "))")
                }
            }
            show(below: category.categoryId, indent: indent + 2)
        }
    }
}
