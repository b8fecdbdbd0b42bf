import Foundation

/// An IPv4 or IPv6 address in its plainest form: an IPv4 address written inside IPv6 is that IPv4 address.
package struct IPAddress: Sendable, Hashable {
    /// 4 or 16 bytes in network order.
    package let bytes: [UInt8]

    /// Takes the bytes of a socket address; nil unless there are 4 or 16.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        let mappedPrefix: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
        self.bytes = bytes.starts(with: mappedPrefix) && bytes.count == 16 ? Array(bytes[12...]) : bytes
    }

    /// Reads dotted decimal or colon notation, without brackets, zone or prefix length.
    package init?(_ text: String) {
        var v4 = in_addr()
        var v6 = in6_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            self.init(bytes: withUnsafeBytes(of: &v4) { Array($0) })
        } else if inet_pton(AF_INET6, text, &v6) == 1 {
            self.init(bytes: withUnsafeBytes(of: &v6) { Array($0) })
        } else {
            return nil
        }
    }

    package var isIPv4: Bool { bytes.count == 4 }
}

/// A block of addresses such as `10.1.0.0/16`.
package struct IPNetwork: Sendable, Hashable {
    package let address: IPAddress
    package let prefixLength: Int

    /// Reads `address/prefix`, or an address alone for that one address.
    ///
    /// A prefix that does not cover all the bits that are set is refused, because the author meant something else.
    package init(_ text: String) throws(IPNetworkError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard let first = parts.first, let address = IPAddress(first), parts.count <= 2 else {
            throw IPNetworkError(text: text, problem: "is no IP address or network")
        }
        let bits = address.bytes.count * 8
        var prefix = bits
        if parts.count == 2 {
            // An IPv4 network written inside IPv6 counts its 96 leading bits.
            let written = Int(parts[1]).map { first.contains(":") && address.isIPv4 ? $0 - 96 : $0 }
            guard let written, (0...bits).contains(written), parts[1].allSatisfy(\.isNumber) else {
                throw IPNetworkError(text: text, problem: "has a prefix length outside 0 to \(bits)")
            }
            prefix = written
        }
        guard Self.masked(address.bytes, to: prefix) == address.bytes else {
            throw IPNetworkError(text: text, problem: "has bits set beyond its prefix length")
        }
        self.address = address
        self.prefixLength = prefix
    }

    /// Reads a list separated by commas; white space around entries is ignored and an empty text is no network.
    package static func list(_ text: String) throws(IPNetworkError) -> [IPNetwork] {
        var networks: [IPNetwork] = []
        for entry in text.split(separator: ",") {
            let trimmed = entry.trimmingCharacters(in: .whitespacesAndNewlines)
            if !trimmed.isEmpty {
                networks.append(try IPNetwork(trimmed))
            }
        }
        return networks
    }

    package func contains(_ candidate: IPAddress) -> Bool {
        candidate.bytes.count == address.bytes.count
            && Self.masked(candidate.bytes, to: prefixLength) == address.bytes
    }

    private static func masked(_ bytes: [UInt8], to prefix: Int) -> [UInt8] {
        bytes.enumerated().map { index, byte in
            let kept = min(8, max(0, prefix - index * 8))
            return kept == 0 ? 0 : byte & (0xff << (8 - UInt8(kept)))
        }
    }
}

/// A text that should have been an address or a network and is not.
package struct IPNetworkError: Error, Sendable, Equatable, CustomStringConvertible {
    package let text: String
    package let problem: String

    package var description: String {
        "\"\(text)\" \(problem). Write networks as 10.1.0.0/16 or fd00:1::/64, separated by commas."
    }
}
