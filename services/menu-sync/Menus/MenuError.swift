import RPC

/// What keeps a menu from being read or changed.
enum MenuError: Error, Sendable, Equatable {
    case noMenu
    case unknownVersion
    /// A page would no longer fit those before it.
    case menuChanged
    case unknownItem
    case malformedCursor
    case unknownStock
}

extension MenuError: RPCErrorConvertible {
    var rpcError: RPCError {
        switch self {
        case .noMenu:
            RPCError(
                .notFound,
                "No menu was imported for this location yet. Start an import, or check locationId.",
                reason: "no_menu",
                nextAction: .fixRequest
            )
        case .unknownVersion:
            RPCError(
                .notFound,
                "The menu has no such version. ListVersions names those it has.",
                reason: "unknown_version",
                nextAction: .fixRequest
            )
        case .menuChanged:
            RPCError(
                .aborted,
                "The menu has changed since its first page. Read it again from the first page.",
                reason: "menu_changed",
                nextAction: .retry
            )
        case .unknownItem:
            RPCError(
                .notFound,
                "The menu has no such item. It may have been removed; read the menu again.",
                reason: "unknown_item",
                nextAction: .fixRequest
            )
        case .malformedCursor:
            .invalid([FieldProblem("cursor", "is not one of ours", accepted: "the nextCursor of the page before")])
        case .unknownStock:
            RPCError(
                .notFound,
                "Nothing is known of what is left of this article, so nothing can be added or taken away. Send quantity.",
                reason: "unknown_stock",
                nextAction: .fixRequest
            )
        }
    }
}
