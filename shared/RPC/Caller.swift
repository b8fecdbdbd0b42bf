/// Who makes a call, and what the token lets them do.
package struct Caller: Sendable, Hashable {
    /// The name in logs and in `actor` fields.
    package let name: String
    package let services: Allowance<String>
    package let merchants: Allowance<MerchantID>

    package init(name: String, services: Allowance<String>, merchants: Allowance<MerchantID>) {
        self.name = name
        self.services = services
        self.merchants = merchants
    }

    /// Work that the service does on its own account.
    package static let ourselves = Caller(name: "self", services: .all, merchants: .all)

    /// Throws `permission_denied` unless this caller may call procedures of the service.
    package func requireAccess(toService service: String) throws(RPCError) {
        guard services.includes(service) else {
            throw RPCError(
                .permissionDenied,
                "The caller \(name) may not call \(service). Its token lists the services it may call.",
                reason: "service_not_allowed",
                nextAction: .callSupport
            )
        }
    }

    /// Throws `permission_denied` unless this caller may act for the merchant.
    package func requireAccess(to merchant: MerchantID) throws(RPCError) {
        guard merchants.includes(merchant) else {
            throw RPCError(
                .permissionDenied,
                "The caller \(name) may not act for this merchant. Its token lists the merchants it may act for.",
                reason: "merchant_not_allowed",
                nextAction: .callSupport
            )
        }
    }

    /// Throws `permission_denied` unless this caller may act for every merchant: for what reaches over all of them.
    package func requireAccessToAllMerchants() throws(RPCError) {
        guard merchants == .all else {
            throw RPCError(
                .permissionDenied,
                "The caller \(name) may act for some merchants only, and this reaches over all of them. Its entry needs \"*\" as merchants.",
                reason: "merchant_not_allowed",
                nextAction: .callSupport
            )
        }
    }
}

/// A list of what is allowed, or everything.
package enum Allowance<Element: Hashable & Sendable>: Sendable, Hashable {
    case all
    case only(Set<Element>)

    package func includes(_ element: Element) -> Bool {
        switch self {
        case .all: true
        case .only(let elements): elements.contains(element)
        }
    }
}
