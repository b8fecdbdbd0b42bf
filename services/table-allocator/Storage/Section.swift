package import Contracts
package import RPC

/// A section of a location and its tables, with names and numbers as rule K12 wants them.
package struct Section: Sendable, Hashable {
    package let merchant: MerchantID
    package let location: LocationID
    package let name: String
    /// The integration that writes it; `nil` for a person.
    package let provider: String?
    /// The middle of automatic names; `nil` leaves it as it is.
    package let label: String?
    package let tables: [SectionTable]

    package init(
        merchant: MerchantID,
        location: LocationID,
        name: String,
        provider: String?,
        label: String?,
        tables: [SectionTable]
    ) {
        self.merchant = merchant
        self.location = location
        self.name = name
        self.provider = provider
        self.label = label
        self.tables = tables
    }
}

/// What came of writing or deleting a section.
package enum SectionChange: Sendable, Hashable {
    case done
    /// There was none of that name.
    case absent
    /// Another section has the name, in whatever case.
    case nameTaken(by: String)
    /// An integration keeps it, and the caller is not that integration.
    case ofIntegration
    case tableOfIntegration(Int, section: String)
}
