import Foundation

/// The base address of a register, as a merchant typed it and as this deployment accepts it.
///
/// Checks the text alone. Which machine it leads to is judged when a socket is opened (``AddressPolicy``), so hosts
/// written as `2130706433` or `0x7f.1` pass here and are caught there.
package struct RegisterAddress: Sendable, Hashable, CustomStringConvertible {
    /// The address without trailing slashes: what a path is appended to.
    package let text: String
    /// The host as written, in lower case, an IPv6 address without its brackets.
    package let host: String
    package let port: Int?
    package let usesTLS: Bool

    package var description: String { text }

    /// Accepts `http://host[:port][/path]` and the same with https; `field` is named in the error.
    package init(validating input: String, field: String = "base_url") throws(RegisterAddressError) {
        func refuse(_ problem: String) -> RegisterAddressError { RegisterAddressError(field: field, problem: problem) }
        let trimmed = input.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !trimmed.isEmpty else { throw refuse("is empty") }
        guard trimmed.utf8.count <= 2000 else { throw refuse("is longer than 2000 characters") }
        guard trimmed.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\\") }) else {
            throw refuse("has a space, a backslash or a letter outside plain ASCII (write such a host as xn--…)")
        }
        guard let separator = trimmed.range(of: "://") else { throw refuse("does not begin with http:// or https://") }
        let scheme = trimmed[..<separator.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else {
            throw refuse("does not begin with http:// or https://")
        }
        let rest = trimmed[separator.upperBound...]
        guard !rest.contains("?"), !rest.contains("#") else { throw refuse("has a query (?) or a fragment (#)") }
        let authority = rest.prefix { $0 != "/" }
        guard !authority.contains("@") else {
            throw refuse("has a user name or a password; credentials have fields of their own")
        }
        guard let (host, port) = Self.hostAndPort(authority) else { throw refuse("has no valid host and port") }
        var path = rest[authority.endIndex...]
        while path.last == "/" {
            path.removeLast()
        }
        guard !path.split(separator: "/").contains(where: { $0 == ".." || $0 == "." }) else {
            throw refuse("has . or .. in its path")
        }
        self.text = "\(scheme)://\(authority.lowercased())\(path)"
        self.host = host
        self.port = port
        self.usesTLS = scheme == "https"
    }

    private static func hostAndPort(_ authority: Substring) -> (String, Int?)? {
        var host = authority
        var port: Substring?
        if authority.first == "[" {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<end]
            let after = authority[authority.index(after: end)...]
            guard host.contains(":"), IPAddress(String(host)) != nil else { return nil }
            guard after.isEmpty || after.first == ":" else { return nil }
            port = after.isEmpty ? nil : after.dropFirst()
        } else {
            let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count <= 2 else { return nil }
            host = parts[0]
            port = parts.count == 2 ? parts[1] : nil
            let allowed = host.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
            guard !host.isEmpty, host.count <= 253, allowed else { return nil }
        }
        guard let port else { return (host.lowercased(), nil) }
        guard port.allSatisfy(\.isNumber), let number = Int(port), (1...65535).contains(number) else { return nil }
        return (host.lowercased(), number)
    }
}

/// Why a text is no base address; it names the field and what is accepted, and never repeats the text.
package struct RegisterAddressError: Error, Sendable, Equatable, CustomStringConvertible {
    package let field: String
    package let problem: String

    package var description: String {
        "\(field) \(problem). Give the register's address as http://host:port or https://host:port, "
            + "with a path if it needs one."
    }
}
