import RPC

/// Why an import cannot go on.
///
/// The sentences are for the restaurant owner: the cause and the next action (rule P1).
enum ImportError: Error, Sendable, Equatable {
    /// The catalogue holds nothing that could be sold (rule K28).
    case noProducts(read: Int, placeholders: Int)
    /// The menu is another one than the plan was made for.
    case planOutdated
    /// Nothing is planned for this import: it is over, was discarded, or is not that far.
    case noPlan
    /// What was kept aside is gone: the database crashed, a newer attempt began, or the menu was deleted.
    case stagingLost
    /// The menu came from another provider's register.
    case otherProvider(String)
}

extension ImportError: CustomStringConvertible {
    var description: String {
        switch self {
        case .noProducts(let read, _) where read == 0:
            "The register gave no products at all, so the menu stays as it is. Check on the register that products are released for the webshop, then import again."
        case .noProducts(let read, let placeholders) where placeholders == read:
            "All \(read) products of the register are placeholders, so the menu stays as it is. Check the products on the register, then import again."
        case .noProducts(let read, _):
            "None of the register's \(read) products can be used, so the menu stays as it is. Check the products on the register, then import again."
        case .planOutdated:
            "The menu has changed since this plan was made. Import again for a new plan."
        case .noPlan:
            "This import has no plan that could be applied. Import again."
        case .stagingLost:
            "What was read of the register is gone: the database restarted, or another attempt took its place. Import again; the menu is as it was."
        case .otherProvider(let provider):
            "The location's menu came from \(provider). Delete that integration first, then import again."
        }
    }

    /// A stable token.
    var reason: String {
        switch self {
        case .noProducts: "no_products"
        case .planOutdated: "plan_outdated"
        case .noPlan: "no_plan_to_approve"
        case .stagingLost: "staging_lost"
        case .otherProvider: "other_provider"
        }
    }
}

extension ImportError: RPCErrorConvertible {
    var rpcError: RPCError {
        let code: RPCCode =
            switch self {
            case .planOutdated, .stagingLost: .aborted
            case .noProducts, .noPlan, .otherProvider: .failedPrecondition
            }
        return RPCError(code, description, reason: reason, nextAction: .fixRequest)
    }
}
