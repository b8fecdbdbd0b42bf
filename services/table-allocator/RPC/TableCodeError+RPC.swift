import RPC

/// Why a code was not found, replaced or drawn.
enum TableCodeError: Error {
    /// No table has it, or none that the caller may see.
    case unknownCode
    /// The table that was named does not have it and never had.
    case notThatTables
    case unknownTable(Int)
    /// The location has no section of that name, or none at all.
    case unknownSection(String?)
    /// `QR_ADDRESS` is not set.
    case noAddress
}

extension TableCodeError: RPCErrorConvertible {
    var rpcError: RPCError {
        switch self {
        case .unknownCode:
            RPCError(
                .notFound,
                "No table has this QR code. It was replaced, or its table was removed: ask the staff, or scan the code that "
                    + "is on the table now.",
                reason: "unknown_table_code",
                nextAction: .fixRequest
            )
        case .notThatTables:
            RPCError(
                .notFound,
                "The location has no such table, or the table never had this QR code. ListSections shows the code it has.",
                reason: "unknown_table_code",
                nextAction: .fixRequest
            )
        case .unknownTable(let number):
            RPCError(
                .notFound,
                "The location has no table \(number). ListSections names those it has.",
                reason: "unknown_table",
                nextAction: .fixRequest
            )
        case .unknownSection(let name):
            RPCError(
                .notFound,
                name.map { "The location has no section \($0) with tables. ListSections names those it has." }
                    ?? "The location has no tables. Import them, or set them with PutSection.",
                reason: "unknown_section",
                nextAction: .fixRequest
            )
        case .noAddress:
            RPCError(
                .failedPrecondition,
                "Nobody has set which address QR codes say. Set QR_ADDRESS of table-allocator to the ordering page's, with "
                    + "{code} in it, and start it again.",
                reason: "qr_address_not_set",
                nextAction: .callSupport
            )
        }
    }
}
