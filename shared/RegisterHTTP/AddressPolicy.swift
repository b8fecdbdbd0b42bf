/// Which addresses a register may have: public ones, and those of networks the deployment names.
///
/// Base addresses come from merchants, so without this a request could be aimed at the deployment's own machines
/// (fault F29 of docs/invariants.md). It judges the address a socket is about to connect to, never a host name, so
/// neither a name that resolves anew nor a host written as a number gets past it.
package struct AddressPolicy: Sendable, Hashable {
    package let allowedNetworks: [IPNetwork]

    package init(allowedNetworks: [IPNetwork] = []) {
        self.allowedNetworks = allowedNetworks
    }

    /// Reads the allowed networks from a setting such as `127.0.0.0/8, 10.1.0.0/16, ::1/128`.
    package init(allowedNetworks text: String) throws(IPNetworkError) {
        self.init(allowedNetworks: try IPNetwork.list(text))
    }

    package func allows(_ address: IPAddress) -> Bool {
        allowedNetworks.contains { $0.contains(address) } || Self.isPublic(address)
    }

    /// Whether an address is reachable by everyone and stands for itself.
    ///
    /// IPv6 is public only inside 2000::/3, which leaves out loopback, IPv4-mapped and -compatible forms, NAT64
    /// (64:ff9b::/96, 64:ff9b:1::/48), discard (100::/64), SRv6 (5f00::/16), unique local (fc00::/7), link-local
    /// (fe80::/10), site-local and multicast.
    package static func isPublic(_ address: IPAddress) -> Bool {
        let bytes = address.bytes
        guard address.isIPv4 else {
            return bytes[0] & 0xe0 == 0x20 && !reservedIPv6.contains { bytes.starts(with: $0.bytes, bits: $0.bits) }
        }
        return !reservedIPv4.contains { bytes.starts(with: $0.bytes, bits: $0.bits) }
    }

    private struct Block {
        let bytes: [UInt8]
        let bits: Int
    }

    private static let reservedIPv4: [Block] = [
        Block(bytes: [0], bits: 8),  // this network
        Block(bytes: [10], bits: 8),  // private
        Block(bytes: [100, 64], bits: 10),  // carrier-grade NAT
        Block(bytes: [127], bits: 8),  // loopback
        Block(bytes: [169, 254], bits: 16),  // link-local, cloud metadata
        Block(bytes: [172, 16], bits: 12),  // private
        Block(bytes: [192, 0, 0], bits: 24),  // protocol assignments
        Block(bytes: [192, 0, 2], bits: 24),  // documentation
        Block(bytes: [192, 31, 196], bits: 24),  // AS112
        Block(bytes: [192, 52, 193], bits: 24),  // AMT
        Block(bytes: [192, 88, 99], bits: 24),  // 6to4 relays
        Block(bytes: [192, 168], bits: 16),  // private
        Block(bytes: [192, 175, 48], bits: 24),  // AS112
        Block(bytes: [198, 18], bits: 15),  // benchmarking
        Block(bytes: [198, 51, 100], bits: 24),  // documentation
        Block(bytes: [203, 0, 113], bits: 24),  // documentation
        Block(bytes: [224], bits: 4),  // multicast
        Block(bytes: [240], bits: 4),  // reserved, broadcast
    ]

    private static let reservedIPv6: [Block] = [
        Block(bytes: [0x20, 0x01, 0x00], bits: 23),  // protocol assignments: Teredo, benchmarking, ORCHID
        Block(bytes: [0x20, 0x01, 0x0d, 0xb8], bits: 32),  // documentation
        Block(bytes: [0x20, 0x02], bits: 16),  // 6to4
        Block(bytes: [0x26, 0x20, 0x00, 0x4f, 0x80, 0x00], bits: 48),  // AS112
        Block(bytes: [0x3f, 0xfe], bits: 16),  // 6bone
        Block(bytes: [0x3f, 0xff, 0x00], bits: 20),  // documentation
    ]
}

extension [UInt8] {
    /// Whether the first `bits` bits equal those of `prefix`.
    fileprivate func starts(with prefix: [UInt8], bits: Int) -> Bool {
        let whole = bits / 8
        guard self.prefix(whole).elementsEqual(prefix.prefix(whole)) else { return false }
        let rest = bits % 8
        guard rest > 0 else { return true }
        let mask = UInt8(truncatingIfNeeded: 0xff << (8 - rest))
        return self[whole] & mask == prefix[whole] & mask
    }
}
