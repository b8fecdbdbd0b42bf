package import RPC

/// What gateways check of what they are asked, and show in their documents.
package enum PosLimits {
    package static let pageSize = 1...500
}

extension LocationRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] { [:] }

    package static var schemaExample: (any Encodable & Sendable)? {
        LocationRequest(
            merchantId: MerchantID(unchecked: "demo-merchant"),
            locationId: LocationID(unchecked: "brasserie-du-port")
        )
    }
}

extension ListConnectionsRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "sinceVersion": .about("What the answer before ended with; 0 for everything."),
            "limit": .number(PosLimits.pageSize, "How many at most; a full page means there is more."),
        ]
    }

    package static var schemaExample: (any Encodable & Sendable)? {
        ListConnectionsRequest(sinceVersion: 0, limit: 100)
    }
}

extension RecordActivityRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        ["message": .about("For the restaurant owner; only its first 1000 characters are kept. No guest data.")]
    }

    package static var schemaExample: (any Encodable & Sendable)? {
        RecordActivityRequest(
            merchantId: MerchantID(unchecked: "demo-merchant"),
            locationId: LocationID(unchecked: "brasserie-du-port"),
            type: .info,
            message: "The card terminal was replaced."
        )
    }
}

extension ReadBillRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        ["comparedWith": .about("Asks what an order of ours has to do with the bill.")]
    }

    package static var schemaExample: (any Encodable & Sendable)? {
        ReadBillRequest(
            merchantId: MerchantID(unchecked: "demo-merchant"),
            locationId: LocationID(unchecked: "brasserie-du-port"),
            tableNumber: 12
        )
    }
}
