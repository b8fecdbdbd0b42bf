package import Foundation
package import RPC

// The tables of a location, in sections (rule K12).

package struct PutSectionRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    /// At most 25 characters, unique within the location whatever its case (rule K12).
    package var name: String
    /// All of them, in the order in which automatic names count them.
    package var tables: [SectionTable]
    /// The integration that keeps this section, such as `vanhoutte`; the name must begin with it.
    ///
    /// Absent: the section is edited by hand.
    package var provider: String?
    /// The middle of automatic names, at most 10 characters; absent: as it was, and `Table` for a new section.
    package var label: String?

    package var merchantID: MerchantID { merchantId }

    package init(
        merchantId: MerchantID,
        locationId: LocationID,
        name: String,
        tables: [SectionTable],
        provider: String? = nil,
        label: String? = nil
    ) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.name = name
        self.tables = tables
        self.provider = provider
        self.label = label
    }
}

package struct SectionTable: Codable, Hashable, Sendable {
    package var tableNumber: Int
    /// A name of its own, at most 20 characters; absent: `{section} {label} {index}`.
    package var name: String?

    package init(tableNumber: Int, name: String? = nil) {
        self.tableNumber = tableNumber
        self.name = name
    }
}

package struct PutSectionResponse: Codable, Hashable, Sendable {
    /// How many tables the section has now.
    package var tables: Int
    package init(tables: Int) { self.tables = tables }
}

/// Names one section of a location.
package struct SectionRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    package var name: String
    /// `GetSection`: the location's IANA time zone, which decides what "this month" means; absent: UTC.
    package var timeZone: String?
    /// `DeleteSection`: the integration that asks; only it may delete a section of its own.
    package var provider: String?

    package var merchantID: MerchantID { merchantId }

    package init(
        merchantId: MerchantID,
        locationId: LocationID,
        name: String,
        timeZone: String? = nil,
        provider: String? = nil
    ) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.name = name
        self.timeZone = timeZone
        self.provider = provider
    }
}

package struct ListSectionsRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    /// The location's IANA time zone, which decides what "this month" means; absent: UTC.
    package var timeZone: String?

    package var merchantID: MerchantID { merchantId }

    package init(merchantId: MerchantID, locationId: LocationID, timeZone: String? = nil) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.timeZone = timeZone
    }
}

package struct SectionResponse: Codable, Hashable, Sendable {
    package var section: SectionView
    package init(section: SectionView) { self.section = section }
}

package struct ListSectionsResponse: Codable, Hashable, Sendable {
    /// By name.
    package var sections: [SectionView]
    package init(sections: [SectionView]) { self.sections = sections }
}

package struct DeleteSectionResponse: Codable, Hashable, Sendable {
    /// False where there was no such section.
    package var changed: Bool
    package init(changed: Bool) { self.changed = changed }
}

package struct SectionView: Codable, Hashable, Sendable {
    package var name: String
    /// The integration that keeps it; absent for one made by hand.
    package var provider: String?
    package var label: String
    /// In the order of their automatic names.
    package var tables: [SectionTableView]

    package init(name: String, provider: String?, label: String, tables: [SectionTableView]) {
        self.name = name
        self.provider = provider
        self.label = label
        self.tables = tables
    }
}

package struct SectionTableView: Codable, Hashable, Sendable {
    package var tableNumber: Int
    package var name: String
    /// Whether somebody chose the name.
    package var isCustomName: Bool
    /// What the QR code on the table says; it stays as long as the table does.
    package var qrCode: UUID
    package var usesThisMonth: Int
    package var lastUsedAt: Date?

    package init(
        tableNumber: Int,
        name: String,
        isCustomName: Bool,
        qrCode: UUID,
        usesThisMonth: Int,
        lastUsedAt: Date?
    ) {
        self.tableNumber = tableNumber
        self.name = name
        self.isCustomName = isCustomName
        self.qrCode = qrCode
        self.usesThisMonth = usesThisMonth
        self.lastUsedAt = lastUsedAt
    }
}
