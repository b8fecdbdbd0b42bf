package import Foundation
package import RPC

package struct RecordSyncRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    package var status: Open<SyncStatus>
    /// For the restaurant owner.
    package var message: String
    /// What was imported, by name, such as `display_groups_imported` and `menu_id`; at most 50 entries.
    package var details: [SyncDetail]?
    /// When the last import that succeeded ended.
    package var lastSyncAt: Date?

    package var merchantID: MerchantID { merchantId }

    package init(
        merchantId: MerchantID,
        locationId: LocationID,
        status: SyncStatus,
        message: String,
        details: [SyncDetail]? = nil,
        lastSyncAt: Date? = nil
    ) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.status = Open(status)
        self.message = message
        self.details = details
        self.lastSyncAt = lastSyncAt
    }
}

/// One thing about an import, by name.
package struct SyncDetail: Codable, Hashable, Sendable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// How an import stands (rule K10).
package enum SyncStatus: String, CaseIterable, Sendable, Codable {
    /// Asked for, and not begun.
    case pending
    case inProgress = "in_progress"
    case success
    case error
}

package struct RecordSyncResponse: Codable, Hashable, Sendable {
    package init() {}
}
