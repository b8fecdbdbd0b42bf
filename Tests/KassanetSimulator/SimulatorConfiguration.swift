package import Foundation

/// How a register is reached, what it insists on, and what it starts with.
package struct SimulatorConfiguration: Sendable {
    package var host = "127.0.0.1"
    /// The register's port; 0 takes any that is free, and keeps it.
    package var port = 0
    /// The control API's port, always on loopback; 0 takes any.
    package var controlPort = 0
    /// What stands before `/SEC1` and the endpoint, such as `/kassanet`; empty for nothing.
    package var basePath = ""
    /// The file that the ledger is appended to; nil keeps it in memory alone.
    package var ledgerPath: String?

    package var signatureKey = "demo-signature-key"
    package var signatureEncoding = SignatureEncoding.base64
    /// The Blowfish key, 4 to 56 bytes.
    package var encryptionToken = "demo-token-12"
    package var encryption = true
    package var padding = WirePadding.zero

    package var dateZone = DateZone.location
    /// The location's time zone.
    package var timeZone = "Europe/Brussels"
    /// How far the `Date` header may be from the register's clock, either way.
    package var dateWindowSeconds = 300.0
    /// The register's clock.
    package var now: @Sendable () -> Date = { Date() }

    package var settings = RegisterSettings()
    package var catalog = RegisterCatalog.brasserie

    package init() {}

    /// The zone that the `Date` header is read in.
    func headerZone() throws -> TimeZone {
        guard let zone = TimeZone(identifier: dateZone == .utc ? "UTC" : timeZone) else {
            throw ConfigurationError("\(timeZone) is no time zone")
        }
        return zone
    }

    var envelope: Envelope {
        Envelope(
            signatureKey: signatureKey,
            signatureEncoding: signatureEncoding,
            token: encryptionToken,
            padding: padding
        )
    }

    func check() throws {
        guard [port, controlPort].allSatisfy((0...65535).contains) else {
            throw ConfigurationError("a port is a number from 0 to 65535")
        }
        guard !encryption || (4...56).contains(encryptionToken.utf8.count) else {
            throw ConfigurationError("an encryption token has 4 to 56 bytes")
        }
        guard basePath.isEmpty || (basePath.hasPrefix("/") && !basePath.hasSuffix("/")) else {
            throw ConfigurationError("a base path begins with a slash and does not end with one")
        }
    }
}

/// A configuration that no register can run with.
package struct ConfigurationError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
