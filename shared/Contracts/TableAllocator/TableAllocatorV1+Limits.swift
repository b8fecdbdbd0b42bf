import Foundation
package import RPC

/// What the allocator checks of what it is asked, and shows in its document.
package enum TableLimits {
    package static let tableNumber = 1...Int.max
    /// How many rows of each kind one `SweepLeases` may clear away.
    package static let sweep = 1...5_000
    /// In characters.
    package static let longestActor = 100
}

extension AllocateRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "mode": .about("Only known values are taken."),
            "tableNumber": .about("The guest's table, from 1. Required in mode `named`, ignored otherwise."),
            "gateway": .about("Which gateway serves the location.", example: "kassanet"),
            "timeZone": .about("The location's IANA time zone: Area/City or UTC.", example: "Europe/Brussels"),
        ]
    }

    package static var schemaExample: (any Encodable & Sendable)? {
        AllocateRequest(
            merchantId: MerchantID(unchecked: "demo-merchant"),
            locationId: LocationID(unchecked: "brasserie-du-port"),
            orderId: UUID(uuid: (1, 0x93, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 1)),
            mode: .named,
            tableNumber: 12,
            gateway: "kassanet",
            timeZone: "Europe/Brussels"
        )
    }
}

extension LeaseRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "fencingToken": .about("As `Allocate` answered it."),
            "timeZone": .about("The location's IANA time zone: Area/City or UTC.", example: "Europe/Brussels"),
        ]
    }

    package static var schemaExample: (any Encodable & Sendable)? {
        LeaseRequest(
            merchantId: MerchantID(unchecked: "demo-merchant"),
            locationId: LocationID(unchecked: "brasserie-du-port"),
            orderId: UUID(uuid: (1, 0x93, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 1)),
            fencingToken: 1,
            timeZone: "Europe/Brussels"
        )
    }
}

extension PutSectionRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "name": .about("1 to 25 characters, unique within the location (rule K12)."),
            "tables": .about("Each number once. Tables that are not listed are taken out of use."),
        ]
    }

    package static var schemaExample: (any Encodable & Sendable)? {
        PutSectionRequest(
            merchantId: MerchantID(unchecked: "demo-merchant"),
            locationId: LocationID(unchecked: "brasserie-du-port"),
            name: "Terrace",
            tables: [SectionTable(tableNumber: 40, name: "By the wall")]
        )
    }
}

extension SectionTable: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "tableNumber": .number(TableLimits.tableNumber),
            "name": .about("1 to 20 characters (rule K12)."),
        ]
    }
}

extension RenewTableCodeRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "tableNumber": .number(TableLimits.tableNumber),
            "qrCode": .about("The code to replace, as `ListSections` shows it."),
            "actor": .about("Who asks, 1 to \(TableLimits.longestActor) characters; it is kept."),
        ]
    }
}

extension SweepLeasesRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        ["limit": .number(TableLimits.sweep, "How many rows of each kind at most; absent: 500.")]
    }
}
