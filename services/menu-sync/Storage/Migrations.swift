import Notifications
import Postgres

/// The history of the schema `menu_sync`; a step is never changed once applied, a later one is added.
enum Migrations {
    static let schema = "menu_sync"

    static let all = [
        Migration(version: 1, name: "create_menus", sql: menus + stock + staging + syncs),
        NotificationsSchema.migration(version: 2),
    ]
}
