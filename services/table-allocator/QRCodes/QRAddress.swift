import Foundation
import RPC
import ServiceKit
import TableAllocatorStorage

/// The address that the QR codes of tables say, with places for what differs from table to table.
///
/// `{code}` is the table's code and has to be there; `{merchant}`, `{location}` and `{table}` (its number) may be. What is put
/// in needs no escaping: identifiers and UUIDs hold no character that means something in an address.
struct QRAddress: Sendable, Hashable {
    /// Longer ones make codes too dense to be scanned from a sticker.
    static let mostBytes = 400
    static let accepted = """
        an http or https address of at most \(mostBytes) plain ASCII characters with {code} behind its host, such as \
        https://order.upvendo.example/t/{code}; it may also have {merchant}, {location} and {table}
        """

    let template: String

    /// The setting `QR_ADDRESS`.
    init(_ template: String) throws(Unacceptable) {
        guard template.utf8.count <= Self.mostBytes, template.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            template.contains("{code}")
        else { throw Unacceptable(Self.accepted) }
        var plain = template
        for place in ["{code}", "{merchant}", "{location}", "{table}"] { plain = plain.replacing(place, with: "x") }
        guard !plain.contains(where: { "{}\\\"<>^`|".contains($0) }), let url = URL(string: plain),
            ["http", "https"].contains(url.scheme?.lowercased()), let host = url.host(), !host.isEmpty,
            url.user() == nil
        else { throw Unacceptable(Self.accepted) }
        // Behind the host: nobody can have a place in it, since a scheme's slashes come before the first one.
        guard
            template.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: true).dropFirst().first
                .map({ !$0.prefix { !"?#".contains($0) }.contains("{") }) == true
        else { throw Unacceptable(Self.accepted) }
        self.template = template
    }

    /// What the code of a table says.
    func address(of table: CodedTable) -> String {
        template.replacing("{code}", with: table.code.uuidString.lowercased())
            .replacing("{merchant}", with: table.merchant.rawValue)
            .replacing("{location}", with: table.location.rawValue)
            .replacing("{table}", with: String(table.number))
    }
}
