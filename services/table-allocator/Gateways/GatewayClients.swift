import AsyncHTTPClient
import RPCClient
import Secrets
import ServiceLifecycle

/// The connections to all gateways; as a service it closes them at the end.
struct GatewayClients: Service {
    let registers: [String: any Register]
    private let http: HTTPClient

    /// - Parameters:
    ///   - addresses: Base URLs by the gateways' names.
    ///   - token: What this service shows to them.
    init(_ addresses: GatewayAddresses, token: Secret) {
        let http = HTTPClient.forInternalCalls()
        self.http = http
        registers = addresses.byName.mapValues { address in
            GatewayRegister(client: RPCClient(baseURL: address, token: token, http: http))
        }
    }

    func run() async throws {
        try? await gracefulShutdown()
        try await http.shutdown()
    }
}

/// The setting `GATEWAYS`: `name=http://host:port`, separated by commas.
struct GatewayAddresses: Sendable, Hashable {
    static let local = "kassanet=http://127.0.0.1:8081,mplus=http://127.0.0.1:8082"

    let byName: [String: String]

    /// Reads the setting; `nil` where it names no gateway, one twice, or one without an http or https address.
    init?(_ setting: String) {
        var byName: [String: String] = [:]
        for entry in setting.split(separator: ",") {
            let parts = entry.split(separator: "=", maxSplits: 1).map { $0.trimmingPrefix(while: \.isWhitespace) }
            guard parts.count == 2, !parts[0].isEmpty else { return nil }
            let address = parts[1].hasSuffix("/") ? parts[1].dropLast() : parts[1]
            guard address.hasPrefix("http://") || address.hasPrefix("https://") else { return nil }
            guard byName.updateValue(String(address), forKey: String(parts[0])) == nil else { return nil }
        }
        guard !byName.isEmpty else { return nil }
        self.byName = byName
    }
}
