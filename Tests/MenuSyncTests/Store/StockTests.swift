import Contracts
import Foundation
import Postgres
import RPC
import Testing

@testable import MenuSync

@Suite struct StockTests {
    @Test("Countdown articles update the inventory; only what changed is written and told (rule K27)")
    func countdownArticlesUpdateTheInventory() async throws {
        try await MenuBed.with { bed in
            try await bed.take(.of([.of("1", "Coffee"), .of("2", "Tea")]))
            let first = try await bed.stock.replaceFromRegister(
                .first,
                [
                    StockLevel(plu: "1", name: "COF", quantity: 5), StockLevel(plu: "2", quantity: 0),
                    StockLevel(plu: "77", name: "Soup", quantity: -1), StockLevel(plu: "1", quantity: 99),
                ]
            )
            #expect(first.levels == 3)
            #expect(first.outOfStock == 2)
            #expect(first.changed.map(\.plu) == ["1", "2", "77"])
            #expect(first.changed.allSatisfy { $0.old == nil })
            let listed = try await bed.stock.list(.first, limit: 10)
            #expect(listed.levels.map(\.quantity) == [5, 0, -1])
            #expect(listed.levels.map(\.isOutOfStock) == [false, true, true])
            #expect(listed.levels.map(\.name) == ["Coffee", "Tea", "Soup"])
            #expect(listed.levels.map { $0.itemId != nil } == [true, true, false])
            let item = try #require(try await bed.read().item("1")).itemId
            #expect(listed.levels.first?.itemId == item)
            #expect(listed.readAt != nil)
            #expect(
                try await bed.stock.list(.first, outOfStockOnly: true, after: "2", limit: 10).levels.map(\.plu) == [
                    "77"
                ]
            )
            #expect(try await bed.stock.list(.elsewhere, limit: 10).levels.isEmpty)

            let rows = try await stockRows(bed)
            let same = try await bed.stock.replaceFromRegister(
                .first,
                [
                    StockLevel(plu: "2", quantity: 0), StockLevel(plu: "1", name: "COF", quantity: 5),
                    StockLevel(plu: "77", name: "Soup", quantity: -1),
                ]
            )
            #expect(same.changed.isEmpty)
            #expect(try await stockRows(bed) == rows)

            let next = try await bed.stock.replaceFromRegister(.first, [StockLevel(plu: "1", name: "COF", quantity: 4)])
            #expect(
                next.changed == [
                    StockChange(plu: "1", old: 5, new: 4), StockChange(plu: "2", old: 0, new: nil),
                    StockChange(plu: "77", old: -1, new: nil),
                ]
            )
            #expect(try await bed.stock.list(.first, limit: 10).levels.map(\.plu) == ["1"])
        }
    }

    @Test(
        "A person's level stays until the register counts the article; nothing is known is no number to add to (rule K27)"
    )
    func aPersonsLevelStays() async throws {
        try await MenuBed.with { bed in
            await #expect(throws: MenuError.unknownStock) {
                _ = try await bed.stock.adjust(.first, plu: "1", .by(1), actor: "Ann")
            }
            let set = try await bed.stock.adjust(.first, plu: "1", .to(3), actor: "Ann")
            #expect(set.quantity == 3)
            #expect(set.source == .init(.person))
            #expect(set.actor == "Ann")
            _ = try await bed.stock.replaceFromRegister(.first, [StockLevel(plu: "2", quantity: 1)])
            #expect(try await bed.stock.list(.first, limit: 10).levels.map(\.plu) == ["1", "2"])
            let taken = try await bed.stock.adjust(.first, plu: "1", .by(-3), actor: "Bea")
            #expect(taken.isOutOfStock)
            let read = try await bed.stock.replaceFromRegister(.first, [StockLevel(plu: "1", quantity: 9)])
            #expect(
                read.changed == [StockChange(plu: "1", old: 0, new: 9), StockChange(plu: "2", old: 1, new: nil)]
            )
            let levels = try await bed.stock.list(.first, limit: 10).levels
            #expect(levels.map(\.quantity) == [9])
            #expect(levels.map(\.actor) == [nil])
        }
    }

    @Test(
        "A location counts while its register has listed an article, also when all are above the threshold (rule K27)"
    )
    func locationsThatCount() async throws {
        try await MenuBed.with { bed in
            let other = MenuKey("merchant-1", "location-2")
            _ = try await bed.stock.replaceFromRegister(.first, [StockLevel(plu: "1", quantity: 3)])
            _ = try await bed.stock.replaceFromRegister(.elsewhere, [StockLevel(plu: "1", quantity: 3)])
            _ = try await bed.stock.replaceFromRegister(other, [])
            #expect(
                try await bed.stock.countingLocations(limit: 10).map(\.merchantId.rawValue) == [
                    "merchant-1", "merchant-2",
                ]
            )
            #expect(
                try await bed.stock.countingLocations(after: .first, limit: 10).map(\.merchantId.rawValue) == [
                    "merchant-2"
                ]
            )
            #expect(
                try await bed.stock.countingLocations(of: [MenuKey.first.merchantID], limit: 10).map(
                    \.locationId.rawValue
                )
                    == ["location-1"]
            )
            _ = try await bed.stock.replaceFromRegister(.first, [], threshold: 2)
            #expect(try await bed.stock.countingLocations(limit: 10).count == 2)
            #expect(try await bed.stock.countingLocations(limit: 10).first?.levels == 0)
            _ = try await bed.stock.replaceFromRegister(.first, [])
            #expect(try await bed.stock.countingLocations(limit: 10).map(\.merchantId.rawValue) == ["merchant-2"])
        }
    }

    private func stockRows(_ bed: MenuBed) async throws -> [String] {
        try await bed.pool.query("SELECT concat_ws(' ', xmin, to_jsonb(l)) AS row FROM stock_levels AS l ORDER BY 1")
            .map { try $0["row"] }
    }
}
