import Contracts
import Notifications
import Postgres
import RPC

/// What subscribers are told of menus and stock, as part of the transaction that changes them.
enum MenuNews {
    /// The location has another menu (rule K5).
    static func reload(
        _ key: MenuKey,
        version: Int,
        _ cause: MenuReloadCause,
        in transaction: PostgresTransaction
    ) async throws {
        try await Notifications.add(
            MenuReloadEvent(
                merchantId: key.merchantID,
                locationId: key.locationID,
                menuVersion: version,
                cause: cause
            ),
            merchant: key.merchantID,
            location: key.locationID,
            in: transaction
        )
    }

    /// The merchant's guided set-up is a step further (rule K26).
    static func setup(_ record: ImportRecord, in transaction: PostgresTransaction) async throws {
        try await Notifications.add(
            SetupProgressedEvent(
                merchantId: record.key.merchantID,
                locationId: record.key.locationID,
                provider: record.provider,
                step: "menu_imported",
                syncId: record.id
            ),
            merchant: record.key.merchantID,
            location: record.key.locationID,
            in: transaction
        )
    }

    /// Some articles have another stock (rule K27).
    static func stock(_ key: MenuKey, _ changes: [StockChange], in transaction: PostgresTransaction) async throws {
        let items = changes.map { change in
            Contracts.StockChange(
                plu: change.plu,
                quantity: change.new,
                outOfStock: change.new.map { $0 <= 0 } ?? false
            )
        }
        for event in StockChangedEvent.events(
            merchantId: key.merchantID,
            locationId: key.locationID,
            items: items
        ) {
            try await Notifications.add(event, merchant: key.merchantID, location: key.locationID, in: transaction)
        }
    }
}
