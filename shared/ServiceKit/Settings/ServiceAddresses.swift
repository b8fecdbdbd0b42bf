import Foundation

/// Addresses of services by name, written as `name=http://host:port` pairs separated by commas.
package enum ServiceAddresses {
    /// The addresses, without slashes at their ends.
    ///
    /// `nil` where the text names no service, one twice, or one without an http or https address.
    package static func parse(_ text: String) -> [String: String]? {
        var addresses: [String: String] = [:]
        for pair in text.split(separator: ",") {
            let parts = pair.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            guard parts.count == 2, !parts[0].isEmpty,
                parts[1].hasPrefix("http://") || parts[1].hasPrefix("https://")
            else { return nil }
            let address = parts[1].hasSuffix("/") ? String(parts[1].dropLast()) : parts[1]
            guard addresses.updateValue(address, forKey: parts[0]) == nil else { return nil }
        }
        return addresses.isEmpty ? nil : addresses
    }
}

extension SettingsReader {
    /// Reads a setting that ``ServiceAddresses`` understands.
    package func addresses(_ key: String, default fallback: String, _ explanation: String) -> [String: String] {
        parsed(key, default: fallback, explanation) { text throws(Unacceptable) in
            guard let addresses = ServiceAddresses.parse(text) else {
                throw Unacceptable("name=address pairs such as kassanet=http://kassanet-gateway:8081, each name once")
            }
            return addresses
        } ?? [:]
    }
}
