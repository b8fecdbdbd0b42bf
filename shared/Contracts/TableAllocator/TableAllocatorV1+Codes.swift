package import Foundation
package import RPC

// QR codes on tables (rules K12, K22).

/// Asks by a code alone: whoever scans one knows nothing else.
///
/// Only tables of merchants that the caller's token names are found.
package struct ResolveTableRequest: Codable, Hashable, Sendable {
    package var qrCode: UUID
    /// Only this merchant's table, where the address said whose it is.
    package var merchantId: MerchantID?

    package init(qrCode: UUID, merchantId: MerchantID? = nil) {
        self.qrCode = qrCode
        self.merchantId = merchantId
    }
}

package struct ResolveTableResponse: Codable, Hashable, Sendable {
    package var merchantId: MerchantID
    package var locationId: LocationID
    package var tableNumber: Int
    /// What stands on the table: its own name, or `{section} {label} {index}`.
    package var name: String
    /// The name of its section.
    package var section: String

    package init(merchantId: MerchantID, locationId: LocationID, tableNumber: Int, name: String, section: String) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.tableNumber = tableNumber
        self.name = name
        self.section = section
    }
}

package struct RenewTableCodeRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    package var tableNumber: Int
    /// The code to replace.
    ///
    /// A call that is repeated names a code that is replaced already, and so never replaces the new one.
    package var qrCode: UUID
    /// Who asks; it is kept.
    package var actor: String

    package var merchantID: MerchantID { merchantId }

    package init(merchantId: MerchantID, locationId: LocationID, tableNumber: Int, qrCode: UUID, actor: String) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.tableNumber = tableNumber
        self.qrCode = qrCode
        self.actor = actor
    }
}

package struct RenewTableCodeResponse: Codable, Hashable, Sendable {
    /// False where the code was replaced already.
    package var changed: Bool
    /// The code the table has now: print it.
    package var qrCode: UUID

    package init(changed: Bool, qrCode: UUID) {
        self.changed = changed
        self.qrCode = qrCode
    }
}
